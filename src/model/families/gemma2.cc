// Gemma 2: every other layer has a sliding window, attention scores and logits are capped, norms before and after each
// block. The norms add 1 to their weights; converters to GGUF have done so already.
#include <cmath>

#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr double kDefaultAttentionCap = 50.0;
constexpr double kDefaultLogitCap = 30.0;
constexpr uint32_t kDefaultWindow = 4096;
// The one size whose queries are scaled by (hidden / heads)^-0.5; GGUF files do not say so.
constexpr size_t kLayersOf27B = 46;

void MakeLayer(size_t index, uint32_t window, double softcap, LayerConfig& layer) {
  layer.activation = Activation::kGeluTanh;
  layer.norm_after = true;
  layer.attention_softcap = static_cast<float>(softcap);
  layer.window = index % 2 == 0 ? window : 0;
}

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  config.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(config.hidden)));
  config.logit_softcap = static_cast<float>(
      fields.GetFloat("final_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(kDefaultLogitCap));
  const double softcap =
      fields.GetFloat("attn_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(kDefaultAttentionCap);
  const uint32_t window = fields.Get("attention.sliding_window", 1, kMaxContext).value_or(kDefaultWindow);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    MakeLayer(i, window, softcap, layer);
    if (config.layers.size() == kLayersOf27B && !checkpoint.metadata.Has(fields.Key("attention.scale"))) {
      layer.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.hidden) / layer.heads));
    }
  }
  return config;
}

constexpr ConfigDefault kDefaults[] = {
    {"head_dim", 256},
    {"num_key_value_heads", 4},
    {"query_pre_attn_scalar", 256},
    {"sliding_window", kDefaultWindow},
    {"attn_logit_softcapping", kDefaultAttentionCap},
    {"final_logit_softcapping", kDefaultLogitCap},
};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields, {true, "hidden_activation", "gelu_pytorch_tanh"});
  fields.RequireFalse("use_bidirectional_attention");
  fields.RequireFalse("attention_bias");
  config.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(config.hidden)));
  config.logit_softcap =
      static_cast<float>(fields.GetFloat("final_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(0.0));
  const double softcap = fields.GetFloat("attn_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(0.0);
  const uint32_t window = fields.Require("sliding_window", 1, kMaxContext);
  const double scalar = fields.RequireFloat("query_pre_attn_scalar", 1, kMaxHidden);
  const auto listed = SlidingLayers(fields, config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    MakeLayer(i, window, softcap, layer);
    if (listed) layer.window = (*listed)[i] ? window : 0;
    layer.attention_scale = static_cast<float>(1.0 / std::sqrt(scalar));
  }
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    {{"output_norm.weight"}, {"model.norm.weight", Stored::kLessOne}, &ModelWeights::output_norm},
    rows::kOutput,
    {{"blk.{}.attn_norm.weight"},
     {"model.layers.{}.input_layernorm.weight", Stored::kLessOne},
     &LayerWeights::attention_norm},
    rows::kQuery,
    rows::kKey,
    rows::kValue,
    rows::kAttentionOutput,
    {{"blk.{}.post_attention_norm.weight"},
     {"model.layers.{}.post_attention_layernorm.weight", Stored::kLessOne},
     &LayerWeights::post_attention_norm},
    {{"blk.{}.ffn_norm.weight"},
     {"model.layers.{}.pre_feedforward_layernorm.weight", Stored::kLessOne},
     &LayerWeights::ffn_norm},
    rows::kFfnGate,
    rows::kFfnUp,
    rows::kFfnDown,
    {{"blk.{}.post_ffw_norm.weight"},
     {"model.layers.{}.post_feedforward_layernorm.weight", Stored::kLessOne},
     &LayerWeights::post_ffn_norm},
};

}  // namespace

extern const Family kGemma2Family;
constexpr Family kGemma2Family = {"gemma2", "gemma2", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
