#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace candor {

std::unique_ptr<Tokenizer> TokenizerOf(const Checkpoint& checkpoint) {
  if (checkpoint.format == CheckpointFormat::kGguf) return TokenizerFromGguf(checkpoint.metadata);
  const std::string folder = checkpoint.source + "/";
  const std::string_view json = checkpoint.TextOf("tokenizer.json");
  const std::string_view config = checkpoint.TextOf("tokenizer_config.json");
  if (!json.empty()) return TokenizerFromJson(json, config, folder + "tokenizer.json");
  const std::string_view model = checkpoint.TextOf("tokenizer.model");
  if (!model.empty()) return TokenizerFromSentencePiece(model, config, folder + "tokenizer.model");
  throw FormatError(checkpoint.source + ": the folder has no tokenizer.json and no tokenizer.model");
}

}  // namespace candor
