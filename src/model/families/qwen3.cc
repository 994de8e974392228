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

constexpr ConfigDefault kDefaults[] = {{"head_dim", 128}, {"sliding_window", 4096}, {"max_window_layers", 28}};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields);
  for (LayerConfig& layer : config.layers) layer.query_key_norm = QueryKeyNorm::kHead;
  const uint32_t full_layers = fields.Get("max_window_layers", 0, UINT32_MAX).value_or(0);
  SetSwitchedWindows(
      fields, [full_layers](size_t layer) { return layer >= full_layers; }, config);
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
