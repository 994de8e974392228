// OLMo 2: norms of what each block adds instead of before it, and queries and keys normalised over all heads together.
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

ModelConfig WithItsNorms(ModelConfig config) {
  for (LayerConfig& layer : config.layers) {
    layer.norm_before = false;
    layer.norm_after = true;
    layer.query_key_norm = QueryKeyNorm::kWhole;
  }
  return config;
}

ModelConfig FromGguf(const Checkpoint& checkpoint) { return WithItsNorms(StandardConfig(checkpoint)); }

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  return WithItsNorms(TransformersConfig(ConfigFields(checkpoint)));
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    rows::kOutputNorm,
    rows::kOutput,
    rows::kQuery,
    rows::kQueryNorm,
    rows::kKey,
    rows::kKeyNorm,
    rows::kValue,
    rows::kAttentionOutput,
    {{"blk.{}.post_attention_norm.weight"},
     {"model.layers.{}.post_attention_layernorm.weight"},
     &LayerWeights::post_attention_norm},
    rows::kFfnGate,
    rows::kFfnUp,
    rows::kFfnDown,
    {{"blk.{}.post_ffw_norm.weight"},
     {"model.layers.{}.post_feedforward_layernorm.weight"},
     &LayerWeights::post_ffn_norm},
};

}  // namespace

extern const Family kOlmo2Family;
constexpr Family kOlmo2Family = {"olmo2", "olmo2", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
