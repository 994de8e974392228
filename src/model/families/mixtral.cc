// Mixtral: Mistral with experts in every layer (Jiang et al. 2024). Its GGUF files say "llama".
#include <algorithm>

#include "model/family.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr ConfigDefault kDefaults[] = {{"num_key_value_heads", 8}, {"rope_theta", 1e6}};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields);
  const uint32_t window = fields.Get("sliding_window", 0, kMaxContext).value_or(0);
  for (LayerConfig& layer : config.layers) {
    layer.window = window;
    layer.experts = TransformersExperts(fields, "num_local_experts", layer.ffn_dim);
  }
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    rows::kOutputNorm,
    rows::kOutput,
    rows::kAttentionNorm,
    rows::kQuery,
    rows::kKey,
    rows::kValue,
    rows::kAttentionOutput,
    rows::kFfnNorm,
    {{}, {"model.layers.{}.block_sparse_moe.gate.weight"}, &LayerWeights::router},
    {{}, {"model.layers.{}.block_sparse_moe.experts.{e}.w1.weight"}, &LayerWeights::expert_gate},
    {{}, {"model.layers.{}.block_sparse_moe.experts.{e}.w3.weight"}, &LayerWeights::expert_up},
    {{}, {"model.layers.{}.block_sparse_moe.experts.{e}.w2.weight"}, &LayerWeights::expert_down},
};

}  // namespace

extern const Family kMixtralFamily;
constexpr Family kMixtralFamily = {"", "mixtral", nullptr, FromSafetensors, kTensors};

}  // namespace candor
