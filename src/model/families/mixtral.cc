// Mixtral: Mistral with experts in every layer (Jiang et al. 2024). Its GGUF files say "llama".
#include <algorithm>

#include "model/family.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint);
  ModelConfig config = TransformersConfig(fields);
  for (LayerConfig& layer : config.layers) {
    layer.window = fields.Get("sliding_window", 0, kMaxContext).value_or(0);
    layer.experts.count = fields.Require("num_local_experts", 1, kMaxExperts);
    layer.experts.used = fields.Require("num_experts_per_tok", 1, std::min(layer.experts.count, kMaxExpertsUsed));
    layer.experts.ffn_dim = layer.ffn_dim;
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
