// Mistral: Llama with a sliding window in every layer. Its GGUF files say "llama".
#include "model/family.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr ConfigDefault kDefaults[] = {{"num_key_value_heads", 8}, {"sliding_window", 4096}};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields);
  const uint32_t window = fields.Get("sliding_window", 0, kMaxContext).value_or(0);
  for (LayerConfig& layer : config.layers) layer.window = window;
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding, rows::kOutputNorm, rows::kOutput,  rows::kOldFrequencies,  rows::kAttentionNorm,
    rows::kQuery,          rows::kKey,        rows::kValue,   rows::kAttentionOutput, rows::kFfnNorm,
    rows::kFfnGate,        rows::kFfnUp,      rows::kFfnDown,
};

}  // namespace

extern const Family kMistralFamily;
constexpr Family kMistralFamily = {"", "mistral", nullptr, FromSafetensors, kTensors, "mistral3"};

}  // namespace candor
