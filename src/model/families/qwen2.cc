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

constexpr ConfigDefault kDefaults[] = {{"sliding_window", 4096}, {"max_window_layers", 28}};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields);
  for (LayerConfig& layer : config.layers) {
    layer.query_bias = true;
    layer.output_bias = false;
  }
  const uint32_t full_layers = fields.Get("max_window_layers", 0, UINT32_MAX).value_or(0);
  SetSwitchedWindows(
      fields, [full_layers](size_t layer) { return layer >= full_layers; }, config);
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
