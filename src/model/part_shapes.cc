// What every part of a model is, from the configuration alone.
#include "base/check.h"
#include "model/tensor_table.h"

namespace candor {
namespace {

PartShape If(bool present, uint64_t outputs, uint64_t inputs) {
  return present ? PartShape{1, outputs, inputs} : PartShape{};
}

uint64_t QueryWidth(const LayerConfig& layer) {
  return uint64_t{layer.heads} *
         (layer.latent.rank != 0 ? layer.latent.nope_dim + layer.latent.rope_dim : layer.head_dim);
}

PartShape LatentMatrixShape(PackedMatrix LayerWeights::*part, uint64_t hidden, const LayerConfig& layer) {
  const LatentConfig& latent = layer.latent;
  const bool compressed = latent.query_rank != 0;
  if (part == &LayerWeights::query) return If(!compressed, QueryWidth(layer), hidden);
  if (part == &LayerWeights::query_down) return If(compressed, latent.query_rank, hidden);
  if (part == &LayerWeights::query_up) return If(compressed, QueryWidth(layer), latent.query_rank);
  if (part == &LayerWeights::latent_down) return {1, uint64_t{latent.rank} + latent.rope_dim, hidden};
  if (part == &LayerWeights::attention_output) return {1, hidden, uint64_t{layer.heads} * latent.value_dim};
  return {};
}

PartShape AttentionMatrixShape(PackedMatrix LayerWeights::*part, uint64_t hidden, const LayerConfig& layer) {
  if (part == &LayerWeights::query) return {1, QueryWidth(layer), hidden};
  if (part == &LayerWeights::key) return {1, uint64_t{layer.kv_heads} * layer.head_dim, hidden};
  if (part == &LayerWeights::value) return {1, uint64_t{layer.kv_heads} * layer.value_dim, hidden};
  if (part == &LayerWeights::attention_output) return {1, hidden, uint64_t{layer.heads} * layer.value_dim};
  return {};
}

PartShape FfnMatrixShape(PackedMatrix LayerWeights::*part, uint64_t hidden, const LayerConfig& layer) {
  const bool dense = layer.experts.count == 0;
  const bool shared = layer.experts.shared_ffn_dim != 0;
  if (part == &LayerWeights::ffn_gate) return If(dense && layer.gated, layer.ffn_dim, hidden);
  if (part == &LayerWeights::ffn_up) return If(dense, layer.ffn_dim, hidden);
  if (part == &LayerWeights::ffn_down) return If(dense, hidden, layer.ffn_dim);
  if (part == &LayerWeights::router) return If(!dense, layer.experts.count, hidden);
  if (part == &LayerWeights::shared_gate || part == &LayerWeights::shared_up) {
    return If(shared, layer.experts.shared_ffn_dim, hidden);
  }
  CHECK(part == &LayerWeights::shared_down);
  return If(shared, hidden, layer.experts.shared_ffn_dim);
}

bool IsOfAttention(PackedMatrix LayerWeights::*part) {
  for (PackedMatrix LayerWeights::*own :
       {&LayerWeights::query, &LayerWeights::key, &LayerWeights::value, &LayerWeights::attention_output,
        &LayerWeights::query_down, &LayerWeights::query_up, &LayerWeights::latent_down}) {
    if (part == own) return true;
  }
  return false;
}

PartShape MatricesShape(std::vector<PackedMatrix> LayerWeights::*part, uint64_t hidden, const LayerConfig& layer) {
  const ExpertsConfig& experts = layer.experts;
  const LatentConfig& latent = layer.latent;
  const auto some = [](uint32_t count, uint64_t outputs, uint64_t inputs) {
    return count == 0 ? PartShape{} : PartShape{count, outputs, inputs};
  };
  const uint32_t heads = latent.rank == 0 ? 0 : layer.heads;
  if (part == &LayerWeights::latent_keys) return some(heads, latent.rank, latent.nope_dim);
  if (part == &LayerWeights::latent_values) return some(heads, latent.value_dim, latent.rank);
  if (part == &LayerWeights::expert_down) return some(experts.count, hidden, experts.ffn_dim);
  CHECK(part == &LayerWeights::expert_gate || part == &LayerWeights::expert_up);
  return some(experts.count, experts.ffn_dim, hidden);
}

PartShape VectorShape(std::vector<float> LayerWeights::*part, uint64_t hidden, bool layer_norm,
                      const LayerConfig& layer) {
  using W = LayerWeights;
  const ExpertsConfig& experts = layer.experts;
  const bool dense = experts.count == 0;
  const bool whole = layer.query_key_norm == QueryKeyNorm::kWhole;
  const bool normed = layer.query_key_norm != QueryKeyNorm::kNone;
  if (part == &W::attention_norm || part == &W::ffn_norm) return If(layer.norm_before, hidden, 0);
  if (part == &W::attention_norm_bias || part == &W::ffn_norm_bias) {
    return If(layer.norm_before && layer_norm, hidden, 0);
  }
  if (part == &W::post_attention_norm || part == &W::post_ffn_norm) return If(layer.norm_after, hidden, 0);
  if (part == &W::query_norm) return If(normed, uint64_t{whole ? layer.heads : 1} * layer.head_dim, 0);
  if (part == &W::key_norm) return If(normed, uint64_t{whole ? layer.kv_heads : 1} * layer.head_dim, 0);
  if (part == &W::query_bias) return If(layer.query_bias, QueryWidth(layer), 0);
  if (part == &W::key_bias) return If(layer.query_bias, uint64_t{layer.kv_heads} * layer.head_dim, 0);
  if (part == &W::value_bias) return If(layer.query_bias, uint64_t{layer.kv_heads} * layer.value_dim, 0);
  if (part == &W::attention_output_bias) return If(layer.output_bias, hidden, 0);
  if (part == &W::sinks) return If(layer.sinks, layer.heads, 0);
  if (part == &W::query_down_norm) return If(layer.latent.query_rank != 0, layer.latent.query_rank, 0);
  if (part == &W::latent_norm) return If(layer.latent.rank != 0, layer.latent.rank, 0);
  if (part == &W::ffn_gate_bias) return If(layer.ffn_bias && dense && layer.gated, layer.ffn_dim, 0);
  if (part == &W::ffn_up_bias) return If(layer.ffn_bias && dense, layer.ffn_dim, 0);
  if (part == &W::ffn_down_bias) return If(layer.ffn_bias && dense, hidden, 0);
  if (part == &W::router_bias) return If(experts.router_bias, experts.count, 0);
  if (part == &W::router_correction) return If(experts.correction, experts.count, 0);
  CHECK(part == &W::expert_gate_bias || part == &W::expert_up_bias || part == &W::expert_down_bias);
  if (dense || !layer.ffn_bias) return {};
  return {experts.count, part == &W::expert_down_bias ? hidden : experts.ffn_dim, 0};
}

PartShape ModelVectorShape(std::vector<float> ModelWeights::*part, const ModelConfig& config) {
  if (part == &ModelWeights::output_bias) return If(config.output_bias, config.vocabulary, 0);
  if (part == &ModelWeights::output_norm_bias) return If(config.norm == NormKind::kLayer, config.hidden, 0);
  return {1, config.hidden, 0};
}

PartShape ModelMatrixShape(PackedMatrix ModelWeights::*part, const ModelConfig& config) {
  if (part == &ModelWeights::position_embedding) {
    return If(config.learned_positions != 0, config.learned_positions, config.hidden);
  }
  return If(part != &ModelWeights::output || !config.tied_output, config.vocabulary, config.hidden);
}

}  // namespace

PartShape ShapeOf(const Part& part, const ModelConfig& config, size_t layer) {
  const uint64_t hidden = config.hidden;
  if (const auto* matrix = std::get_if<PackedMatrix ModelWeights::*>(&part)) return ModelMatrixShape(*matrix, config);
  if (const auto* vector = std::get_if<std::vector<float> ModelWeights::*>(&part)) {
    return ModelVectorShape(*vector, config);
  }
  if (const auto* factors = std::get_if<RopeFactorsPart>(&part)) {
    CHECK(factors->rope < config.ropes.size());
    return {1, config.ropes[factors->rope].dims / 2, 0};
  }
  const bool predicts = layer >= config.layers.size();
  if (const auto* matrix = std::get_if<PackedMatrix PredictionWeights::*>(&part)) {
    if (*matrix == &PredictionWeights::projection) return If(predicts, hidden, 2 * hidden);
    return If(predicts, config.vocabulary, hidden);
  }
  if (std::holds_alternative<std::vector<float> PredictionWeights::*>(part)) return If(predicts, hidden, 0);
  const LayerConfig& own = config.Layer(layer);
  if (const auto* matrix = std::get_if<PackedMatrix LayerWeights::*>(&part)) {
    if (!IsOfAttention(*matrix)) return FfnMatrixShape(*matrix, hidden, own);
    return own.latent.rank != 0 ? LatentMatrixShape(*matrix, hidden, own) : AttentionMatrixShape(*matrix, hidden, own);
  }
  if (const auto* vector = std::get_if<std::vector<float> LayerWeights::*>(&part)) {
    return VectorShape(*vector, hidden, config.norm == NormKind::kLayer, own);
  }
  const auto* matrices = std::get_if<std::vector<PackedMatrix> LayerWeights::*>(&part);
  CHECK(matrices != nullptr);
  return MatricesShape(*matrices, hidden, own);
}

}  // namespace candor
