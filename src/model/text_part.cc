#include "model/text_part.h"

namespace candor {

TextPart TextPartOf(const Checkpoint& checkpoint) {
  if (checkpoint.format != CheckpointFormat::kSafetensors) return {};
  const auto type = checkpoint.metadata.GetString("model_type");
  if (!type || (*type != "gemma3" && *type != "mistral3")) return {};
  return {"text_config.", "language_model."};
}

}  // namespace candor
