// Qwen 2 and 2.5, and the DeepSeek R1 distillations made from them: biases on queries, keys and values.
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  for (LayerConfig& layer : config.layers) layer.query_bias = true;
  return config;
}

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint);
  ModelConfig config = TransformersConfig(fields);
  const bool has_window = fields.GetBool("use_sliding_window", false);
  const uint32_t window = has_window ? fields.Get("sliding_window", 0, kMaxContext).value_or(0) : 0;
  const auto sliding = SlidingLayers(fields, config.layers.size());
  const uint32_t full_layers = fields.Get("max_window_layers", 0, UINT32_MAX).value_or(0);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    layer.query_bias = true;
    layer.output_bias = false;
    if (sliding ? (*sliding)[i] : i >= full_layers) layer.window = window;
  }
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,  rows::kOutputNorm, rows::kOutput,  rows::kAttentionNorm, rows::kQuery,
    rows::kQueryBias,       rows::kKey,        rows::kKeyBias, rows::kValue,         rows::kValueBias,
    rows::kAttentionOutput, rows::kFfnNorm,    rows::kFfnGate, rows::kFfnUp,         rows::kFfnDown,
};

}  // namespace

extern const Family kQwen2Family;
constexpr Family kQwen2Family = {"qwen2", "qwen2", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
