// DeepSeek V3, R1 and V3.1 (DeepSeek-AI 2024; their GGUF files say "deepseek2"): latent attention, experts chosen by a
// corrected sigmoid within groups, a shared expert, some dense layers first, and a layer that predicts one token more.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/rope_scaling.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr uint64_t kSoftmaxGating = 1;
constexpr uint64_t kSigmoidGating = 2;

// What attention sees of a latent: one key-value head of its width and the rotated part's.
void SetLatent(const LatentConfig& latent, double score_magnitude, LayerConfig& layer) {
  layer.latent = latent;
  layer.kv_heads = 1;
  layer.head_dim = latent.rank + latent.rope_dim;
  layer.value_dim = latent.rank;
  layer.attention_scale = static_cast<float>(score_magnitude * score_magnitude /
                                             std::sqrt(static_cast<double>(latent.nope_dim + latent.rope_dim)));
}

void SetExperts(const ExpertsConfig& experts, uint32_t dense_layers, ModelConfig& config) {
  for (size_t i = dense_layers; i < config.layers.size(); ++i) config.layers[i].experts = experts;
  for (LayerConfig& layer : config.prediction_layers) layer.experts = experts;
}

void CheckGroups(const ExpertsConfig& experts, const std::string& source) {
  if (experts.score == RouterScore::kSigmoid || experts.groups == 1) return;
  throw UnsupportedError(source + ": experts are chosen by softmax within groups (DeepSeek V2), which is not computed");
}

LatentConfig LatentOfGguf(const GgufFields& fields, uint32_t rope_dim) {
  LatentConfig latent;
  latent.rank = fields.Require("attention.kv_lora_rank", kMinHeadDim, kMaxHeadDim);
  latent.query_rank = fields.Get("attention.q_lora_rank", 0, kMaxHidden).value_or(0);
  latent.rope_dim = rope_dim;
  // Files from before mid-2025 give a head's widths, later ones those of the cache and a head's under keys of their
  // own.
  const auto mla_key = fields.Get("attention.key_length_mla", rope_dim + 2, kMaxHeadDim);
  latent.nope_dim = (mla_key ? *mla_key : fields.Require("attention.key_length", rope_dim + 2, kMaxHeadDim)) - rope_dim;
  const auto mla_value = fields.Get("attention.value_length_mla", 2, kMaxHeadDim);
  latent.value_dim = mla_value ? *mla_value : fields.Require("attention.value_length", 2, kMaxHeadDim);
  return latent;
}

ExpertsConfig ExpertsOfGguf(const GgufFields& fields, uint32_t ffn_dim) {
  ExpertsConfig experts = StandardExperts(fields, ffn_dim);
  if (experts.count == 0) return experts;
  const uint32_t shared = fields.Get("expert_shared_count", 0, kMaxExperts).value_or(0);
  experts.shared_ffn_dim =
      static_cast<uint32_t>(std::min<uint64_t>(uint64_t{shared} * experts.ffn_dim, kMaxFfnDim + 1));
  const uint64_t gating = fields.Get("expert_gating_func", 0, UINT32_MAX).value_or(kSoftmaxGating);
  if (gating != kSoftmaxGating && gating != kSigmoidGating) fields.Refuse("expert_gating_func", gating, "1 or 2");
  experts.score = gating == kSigmoidGating ? RouterScore::kSigmoid : RouterScore::kSoftmax;
  experts.normalize = fields.GetBool("expert_weights_norm", false);
  experts.weight_scale =
      static_cast<float>(fields.GetFloat("expert_weights_scale", kMinExpertScale, kMaxExpertScale).value_or(1.0));
  experts.groups = fields.Get("expert_group_count", 1, experts.count).value_or(1);
  experts.groups_used = fields.Get("expert_group_used_count", 1, experts.groups).value_or(experts.groups);
  experts.correction = experts.score == RouterScore::kSigmoid;
  return experts;
}

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  RopeConfig& rope = config.ropes[0];
  rope.interleaved = true;
  // The scores are stretched instead of cosines and sines.
  double magnitude = 1.0;
  if (const auto multiplier = fields.GetFloat("rope.scaling.yarn_log_multiplier", 0, 1)) {
    magnitude = YarnMagnitude(fields.GetFloat("rope.scaling.factor", kMinRopeFactor, kMaxContextFactor).value_or(1.0),
                              *multiplier * 10);
  }
  rope.magnitude = 1.0;
  const LatentConfig latent = LatentOfGguf(fields, rope.dims);
  const uint32_t predictions = fields.Get("nextn_predict_layers", 0, kMaxLayers).value_or(0);
  if (predictions >= config.layers.size()) {
    fields.Refuse("nextn_predict_layers", predictions,
                  "fewer than the layers, " + std::to_string(config.layers.size()));
  }
  for (LayerConfig& layer : config.layers) SetLatent(latent, magnitude, layer);
  config.prediction_layers.assign(predictions, config.layers[0]);
  config.layers.resize(config.layers.size() - predictions);
  const ExpertsConfig experts = ExpertsOfGguf(fields, config.layers[0].ffn_dim);
  CheckGroups(experts, checkpoint.metadata.source());
  SetExperts(experts, fields.Get("leading_dense_block_count", 0, kMaxLayers).value_or(0), config);
  return config;
}

ExpertsConfig ExpertsOfSafetensors(const ConfigFields& fields) {
  fields.RequireString("scoring_func", "sigmoid");
  fields.RequireString("topk_method", "noaux_tc");
  if (fields.Get("moe_layer_freq", 1, UINT32_MAX).value_or(1) != 1) {
    fields.Refuse("moe_layer_freq", "not 1", "1: experts in every layer behind the dense ones");
  }
  ExpertsConfig experts =
      TransformersExperts(fields, "n_routed_experts", fields.Require("moe_intermediate_size", kMinWidth, kMaxFfnDim));
  const uint32_t shared = fields.Get("n_shared_experts", 0, kMaxExperts).value_or(0);
  experts.shared_ffn_dim =
      static_cast<uint32_t>(std::min<uint64_t>(uint64_t{shared} * experts.ffn_dim, kMaxFfnDim + 1));
  experts.score = RouterScore::kSigmoid;
  experts.correction = true;
  experts.normalize = fields.GetBool("norm_topk_prob", true);
  experts.weight_scale =
      static_cast<float>(fields.RequireFloat("routed_scaling_factor", kMinExpertScale, kMaxExpertScale));
  experts.groups = fields.Get("n_group", 1, experts.count).value_or(1);
  experts.groups_used = fields.Get("topk_group", 1, experts.groups).value_or(experts.groups);
  return experts;
}

constexpr ConfigDefault kDefaults[] = {
    {"n_shared_experts", 1},
    {"n_group", 8},
    {"topk_group", 4},
    {"q_lora_rank", 1536},
    {"first_k_dense_replace", 3},
    {"routed_scaling_factor", 2.5},
};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields);
  fields.RequireFalse("attention_bias");
  LatentConfig latent;
  latent.rank = fields.Require("kv_lora_rank", kMinHeadDim, kMaxHeadDim);
  latent.query_rank = fields.Get("q_lora_rank", 0, kMaxHidden).value_or(0);
  latent.nope_dim = fields.Require("qk_nope_head_dim", 2, kMaxHeadDim);
  latent.rope_dim = fields.Require("qk_rope_head_dim", 2, kMaxHeadDim);
  latent.value_dim = fields.Require("v_head_dim", 2, kMaxHeadDim);
  config.ropes[0] = TransformersRope(fields, latent.rope_dim);
  config.ropes[0].interleaved = fields.GetBool("rope_interleave", true);
  double magnitude = 1.0;
  for (const std::string place : {"rope_scaling.", "rope_parameters."}) {
    const double weight = fields.GetFloat(place + "mscale_all_dim", 0, kMaxRopeMagnitude).value_or(0.0);
    if (weight == 0.0) continue;
    magnitude = YarnMagnitude(fields.RequireFloat(place + "factor", kMinRopeFactor, kMaxContextFactor), weight);
  }
  for (LayerConfig& layer : config.layers) SetLatent(latent, magnitude, layer);
  // The prediction layers are not in every copy of the weights; without any tensors the configuration's word counts.
  const uint32_t predictions = fields.Get("num_nextn_predict_layers", 0, kMaxLayers).value_or(0);
  const std::string first = "model.layers." + std::to_string(config.layers.size()) + ".eh_proj.weight";
  if (checkpoint.tensors.empty() || checkpoint.FindTensor(first) != nullptr) {
    config.prediction_layers.assign(predictions, config.layers[0]);
  }
  SetExperts(ExpertsOfSafetensors(fields), fields.Get("first_k_dense_replace", 0, kMaxLayers).value_or(0), config);
  return config;
}

using L = LayerWeights;
using P = PredictionWeights;
constexpr Source kGgufKvUp = {"blk.{}.attn_kv_b.weight"};
constexpr Source kKvUp = {"model.layers.{}.self_attn.kv_b_proj.weight"};

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    rows::kOutputNorm,
    rows::kOutput,
    rows::kOldFrequencies,
    rows::kAttentionNorm,
    rows::kQuery,
    {{"blk.{}.attn_q_a.weight"}, {"model.layers.{}.self_attn.q_a_proj.weight"}, &L::query_down},
    {{"blk.{}.attn_q_a_norm.weight"}, {"model.layers.{}.self_attn.q_a_layernorm.weight"}, &L::query_down_norm},
    {{"blk.{}.attn_q_b.weight"}, {"model.layers.{}.self_attn.q_b_proj.weight"}, &L::query_up},
    {{"blk.{}.attn_kv_a_mqa.weight"}, {"model.layers.{}.self_attn.kv_a_proj_with_mqa.weight"}, &L::latent_down},
    {{"blk.{}.attn_kv_a_norm.weight"}, {"model.layers.{}.self_attn.kv_a_layernorm.weight"}, &L::latent_norm},
    // One matrix of keys and values by heads; newer GGUF files have the two apart, the keys transposed.
    {{kGgufKvUp.name, Stored::kTransposed}, {kKvUp.name, Stored::kTransposed}, &L::latent_keys},
    {kGgufKvUp, kKvUp, &L::latent_values},
    {{"blk.{}.attn_k_b.weight"}, {}, &L::latent_keys},
    {{"blk.{}.attn_v_b.weight"}, {}, &L::latent_values},
    rows::kAttentionOutput,
    rows::kFfnNorm,
    rows::kFfnGate,
    rows::kFfnUp,
    rows::kFfnDown,
    rows::kRouter,
    {{"blk.{}.exp_probs_b.bias"}, {"model.layers.{}.mlp.gate.e_score_correction_bias"}, &L::router_correction},
    rows::kExpertGate,
    rows::kExpertUp,
    rows::kExpertDown,
    {{"blk.{}.ffn_gate_shexp.weight"}, {"model.layers.{}.mlp.shared_experts.gate_proj.weight"}, &L::shared_gate},
    {{"blk.{}.ffn_up_shexp.weight"}, {"model.layers.{}.mlp.shared_experts.up_proj.weight"}, &L::shared_up},
    {{"blk.{}.ffn_down_shexp.weight"}, {"model.layers.{}.mlp.shared_experts.down_proj.weight"}, &L::shared_down},
    {{"blk.{}.nextn.enorm.weight"}, {"model.layers.{}.enorm.weight"}, &P::embedding_norm},
    {{"blk.{}.nextn.hnorm.weight"}, {"model.layers.{}.hnorm.weight"}, &P::hidden_norm},
    {{"blk.{}.nextn.eh_proj.weight"}, {"model.layers.{}.eh_proj.weight"}, &P::projection},
    {{"blk.{}.nextn.shared_head_norm.weight"}, {"model.layers.{}.shared_head.norm.weight"}, &P::output_norm},
    {{"blk.{}.nextn.embed_tokens.weight"}, {"model.layers.{}.embed_tokens.weight"}, &P::token_embedding, "", true},
    {{"blk.{}.nextn.shared_head_head.weight"}, {"model.layers.{}.shared_head.head.weight"}, &P::output, "", true},
};

}  // namespace

extern const Family kDeepSeekV3Family;
constexpr Family kDeepSeekV3Family = {"deepseek2", "deepseek_v3", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
