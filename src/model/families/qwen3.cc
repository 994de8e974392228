// Qwen 3 (dense): each head's query and key are normalised before rotation; no biases.
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  for (LayerConfig& layer : config.layers) layer.query_key_norm = QueryKeyNorm::kHead;
  return config;
}

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint);
  ModelConfig config = TransformersConfig(fields);
  const bool has_window = fields.GetBool("use_sliding_window", false);
  const uint32_t window = has_window ? fields.Get("sliding_window", 0, kMaxContext).value_or(0) : 0;
  const auto sliding = SlidingLayers(fields, config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    config.layers[i].query_key_norm = QueryKeyNorm::kHead;
    if (sliding && (*sliding)[i]) config.layers[i].window = window;
  }
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,  rows::kOutputNorm,
    rows::kOutput,          rows::kAttentionNorm,
    rows::kQuery,           rows::kQueryBias,
    rows::kQueryNorm,       rows::kKey,
    rows::kKeyBias,         rows::kKeyNorm,
    rows::kValue,           rows::kValueBias,
    rows::kAttentionOutput, rows::kAttentionOutputBias,
    rows::kFfnNorm,         rows::kFfnGate,
    rows::kFfnUp,           rows::kFfnDown,
};

}  // namespace

extern const Family kQwen3Family;
constexpr Family kQwen3Family = {"qwen3", "qwen3", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
