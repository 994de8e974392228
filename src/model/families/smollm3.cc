// SmolLM 3: Llama without rotation in every fourth layer.
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr size_t kDefaultInterval = 4;

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  // As with Llama, the converter has permuted rows for pairs of neighbours.
  config.ropes[0].interleaved = true;
  for (size_t i = kDefaultInterval - 1; i < config.layers.size(); i += kDefaultInterval) config.layers[i].rope = -1;
  return config;
}

constexpr ConfigDefault kDefaults[] = {{"rope_theta", 2e6}};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields, {.tied_output = true});
  const auto rotated = fields.GetFloats("no_rope_layers", config.layers.size());  // 1: the layer has a rotation
  const uint32_t interval = fields.Get("no_rope_layer_interval", 1, kMaxLayers).value_or(kDefaultInterval);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    if (rotated ? (*rotated)[i] == 0.0 : (i + 1) % interval == 0) config.layers[i].rope = -1;
  }
  SetSwitchedWindows(
      fields, [&config](size_t layer) { return config.layers[layer].rope < 0; }, config);
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    rows::kOutputNorm,
    rows::kOutput,
    rows::kAttentionNorm,
    rows::kQuery,
    rows::kQueryBias,
    rows::kKey,
    rows::kKeyBias,
    rows::kValue,
    rows::kValueBias,
    rows::kAttentionOutput,
    rows::kAttentionOutputBias,
    rows::kFfnNorm,
    rows::kFfnGate,
    rows::kFfnGateBias,
    rows::kFfnUp,
    rows::kFfnUpBias,
    rows::kFfnDown,
    rows::kFfnDownBias,
};

}  // namespace

extern const Family kSmolLm3Family;
constexpr Family kSmolLm3Family = {"smollm3", "smollm3", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
