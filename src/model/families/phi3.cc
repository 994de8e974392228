// Phi 3 and Phi 4 mini: queries, keys and values in one matrix, gate and up in another, and for the long-context models
// two sets of rotation factors (LongRoPE).
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

using Set = RopeFactorsPart::Set;

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  if (checkpoint.FindTensor("rope_factors_long.weight") != nullptr) {
    config.ropes[0].first_context = fields.Require("rope.scaling.original_context_length", kMinContext, kMaxContext);
    config.ropes[0].magnitude =
        fields.GetFloat("rope.scaling.attn_factor", kMinRopeMagnitude, kMaxRopeMagnitude).value_or(1.0);
  }
  const uint32_t window = fields.Get("attention.sliding_window", 0, kMaxContext).value_or(0);
  for (LayerConfig& layer : config.layers) layer.window = window;
  return config;
}

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint);
  ModelConfig config = TransformersConfig(fields);
  const uint32_t window = fields.Get("sliding_window", 0, kMaxContext).value_or(0);
  for (LayerConfig& layer : config.layers) layer.window = window;
  return config;
}

constexpr Source kGgufQkv = {"blk.{}.attn_qkv.weight"};
constexpr Source kQkv = {"model.layers.{}.self_attn.qkv_proj.weight"};
constexpr Source kGgufGateUp = {"blk.{}.ffn_up.weight"};
constexpr Source kGateUp = {"model.layers.{}.mlp.gate_up_proj.weight"};

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    rows::kOutputNorm,
    rows::kOutput,
    {{"rope_factors_short.weight"}, {}, RopeFactorsPart{0, Set::kShort}, "", true},
    {{"rope_factors_long.weight"}, {}, RopeFactorsPart{0, Set::kLong}, "", true},
    rows::kAttentionNorm,
    {kGgufQkv, kQkv, &LayerWeights::query},
    {kGgufQkv, kQkv, &LayerWeights::key},
    {kGgufQkv, kQkv, &LayerWeights::value},
    rows::kAttentionOutput,
    rows::kFfnNorm,
    {kGgufGateUp, kGateUp, &LayerWeights::ffn_gate},
    {kGgufGateUp, kGateUp, &LayerWeights::ffn_up},
    rows::kFfnDown,
};

}  // namespace

extern const Family kPhi3Family;
constexpr Family kPhi3Family = {"phi3", "phi3", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
