// gpt-oss: experts in every layer with a clamped gated activation, sinks in the softmax of attention, every other layer
// with a sliding window, biases everywhere. The experts are published in MXFP4, gate and up in turns.
#include <algorithm>

#include "model/family.h"
#include "model/gguf_config.h"
#include "model/rope_scaling.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr double kDefaultAlpha = 1.702;
constexpr double kDefaultLimit = 7.0;

void MakeLayer(const ExpertsConfig& experts, uint32_t window, LayerConfig& layer) {
  layer.sinks = true;
  layer.query_bias = layer.output_bias = layer.ffn_bias = true;
  layer.activation = Activation::kClampedSilu;
  layer.activation_alpha = static_cast<float>(kDefaultAlpha);
  layer.activation_limit = static_cast<float>(kDefaultLimit);
  layer.window = window;
  layer.experts = experts;
  layer.experts.router_bias = true;
}

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  config.ropes[0] = StandardRope(fields, config.layers[0].head_dim, false);
  const uint32_t window = fields.Require("attention.sliding_window", 1, kMaxContext);
  const ExpertsConfig experts = StandardExperts(fields, config.layers[0].ffn_dim);
  for (size_t i = 0; i < config.layers.size(); ++i) MakeLayer(experts, i % 2 == 0 ? window : 0, config.layers[i]);
  return config;
}

constexpr ConfigDefault kDefaults[] = {
    {"head_dim", 64},
    {"num_key_value_heads", 8},
    {"rope_theta", 150000},
    {"swiglu_alpha", kDefaultAlpha},
    {"swiglu_limit", kDefaultLimit},
};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields);
  // The class would scale positions in a way of its own.
  if (!fields.HasObject("rope_scaling") && !fields.HasObject("rope_parameters")) {
    fields.Refuse("rope_scaling", "missing", "an object");
  }
  if (!fields.GetBool("attention_bias", true)) fields.Refuse("attention_bias", "false", "true");
  const ExpertsConfig experts = TransformersExperts(fields, "num_local_experts", config.layers[0].ffn_dim);
  const uint32_t window = fields.Require("sliding_window", 1, kMaxContext);
  const auto sliding = SlidingLayers(fields, config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    MakeLayer(experts, (sliding ? (*sliding)[i] : i % 2 == 0) ? window : 0, layer);
    layer.activation_alpha =
        static_cast<float>(fields.RequireFloat("swiglu_alpha", kMinActivationLimit, kMaxActivationLimit));
    layer.activation_limit =
        static_cast<float>(fields.RequireFloat("swiglu_limit", kMinActivationLimit, kMaxActivationLimit));
  }
  return config;
}

using L = LayerWeights;
constexpr Source kGateUp = {"model.layers.{}.mlp.experts.gate_up_proj", Stored::kInterleavedInputs};
constexpr Source kGateUpBias = {"model.layers.{}.mlp.experts.gate_up_proj_bias", Stored::kInterleaved};

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
    {{"blk.{}.attn_sinks.weight"}, {"model.layers.{}.self_attn.sinks"}, &L::sinks},
    rows::kAttentionOutput,
    rows::kAttentionOutputBias,
    {{"blk.{}.post_attention_norm.weight"}, {"model.layers.{}.post_attention_layernorm.weight"}, &L::ffn_norm},
    {{"blk.{}.ffn_gate_inp.weight"}, {"model.layers.{}.mlp.router.weight"}, &L::router},
    {{"blk.{}.ffn_gate_inp.bias"}, {"model.layers.{}.mlp.router.bias"}, &L::router_bias},
    {{"blk.{}.ffn_gate_exps.weight"}, kGateUp, &L::expert_gate},
    {{"blk.{}.ffn_up_exps.weight"}, kGateUp, &L::expert_up},
    {{"blk.{}.ffn_gate_exps.bias"}, kGateUpBias, &L::expert_gate_bias},
    {{"blk.{}.ffn_up_exps.bias"}, kGateUpBias, &L::expert_up_bias},
    {{"blk.{}.ffn_down_exps.weight"}, {"model.layers.{}.mlp.experts.down_proj", Stored::kInputs}, &L::expert_down},
    {{"blk.{}.ffn_down_exps.bias"}, {"model.layers.{}.mlp.experts.down_proj_bias"}, &L::expert_down_bias},
};

}  // namespace

extern const Family kGptOssFamily;
constexpr Family kGptOssFamily = {"gpt-oss", "gpt_oss", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
