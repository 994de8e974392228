#include "model/text_part.h"

namespace candor {

TextPart TextPartOf(const Checkpoint& checkpoint) {
  if (checkpoint.format != CheckpointFormat::kSafetensors || !checkpoint.metadata.Has("text_config")) return {};
  return {"text_config.", "language_model."};
}

}  // namespace candor
