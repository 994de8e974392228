#include "engine/plan.h"

#include <algorithm>
#include <utility>

#include "engine/engine_options.h"
#include "engine/kv_cache.h"
#include "model/model.h"

namespace candor {
namespace {

constexpr uint32_t kPrompts[] = {512, 4096, 32768};
// The program, its tokenizer, a file's header and the reader's window.
constexpr uint64_t kProgramBytes = 40 << 20;

std::vector<uint32_t> Prompts(const PlanOptions& options, const ModelConfig& config) {
  std::vector<uint32_t> prompts;
  for (const uint32_t tokens : kPrompts) {
    if (tokens < config.context_length) prompts.push_back(tokens);
  }
  // The last token of a context is an answer's.
  if (options.context != 0) prompts.push_back(options.context - 1);
  if (prompts.empty()) prompts.push_back(config.context_length - 1);
  std::sort(prompts.begin(), prompts.end());
  prompts.erase(std::unique(prompts.begin(), prompts.end()), prompts.end());
  return prompts;
}

}  // namespace

uint64_t WorkingBytes(const ModelConfig& config, uint32_t rows) {
  uint64_t most = 0;
  for (const LayerConfig& layer : config.layers) {
    const LatentConfig& latent = layer.latent;
    const ExpertsConfig& experts = layer.experts;
    const uint64_t heads = layer.heads;
    const uint64_t attention = heads * (layer.head_dim + layer.value_dim) +
                               uint64_t{layer.kv_heads} * (layer.head_dim + layer.value_dim) + 2 * latent.query_rank +
                               heads * (latent.nope_dim + latent.rope_dim + latent.value_dim);
    // Gate, up and the inputs of down; of experts also gathered inputs and what they add.
    const uint64_t network = experts.count == 0 ? uint64_t{3} * layer.ffn_dim
                                                : uint64_t{experts.used} * (3 * experts.ffn_dim + 2 * config.hidden) +
                                                      uint64_t{3} * experts.shared_ffn_dim + config.hidden;
    most = std::max(most, attention + network);
  }
  // Residual stream, norms, the inputs of products and what a block adds.
  return kProgramBytes + sizeof(float) * (rows * (most + uint64_t{4} * config.hidden) + config.vocabulary);
}

PlannedModel ReadPlannedModel(const Checkpoint& checkpoint, const PlanOptions& options) {
  PlannedModel model;
  model.config = ConfigOf(checkpoint, options.context);
  const uint32_t longest = model.config.context_length;
  model.context = options.context != 0 ? options.context : std::min(kPlannedContext, longest);
  CheckRange("context", model.context, kMinContext, longest);
  const KvLayout layout(model.config, options.kv);  // refuses a type that does not fit
  model.inventory = InventoryOf(checkpoint, model.config);
  return model;
}

Plan MakePlan(PlannedModel model, const PlanOptions& options) {
  Plan plan;
  static_cast<PlannedModel&>(plan) = std::move(model);
  const KvLayout layout(plan.config, options.kv);
  plan.kv_bytes_per_1000 = uint64_t{1000} * layout.BytesPerToken();
  plan.kv_bytes = KvCache(layout.groups(), 0).BytesFor(plan.context, options.chunk);
  plan.working_bytes = WorkingBytes(plan.config, std::min(options.chunk, plan.context));

  const std::vector<uint32_t> prompts = Prompts(options, plan.config);
  const auto estimate = [&](std::optional<TensorType> quantize) {
    return SpeedEstimate(plan.config, plan.inventory, options.kv, quantize, options.machine, options.exact);
  };
  const auto keep_as = [&](std::optional<TensorType> quantize) {
    PlannedWeights weights;
    weights.quantize = quantize;
    weights.bytes = KeptBytes(plan.inventory, quantize);
    weights.bytes_per_token = WeightBytesPerToken(plan.inventory, quantize);
    weights.memory_bytes = weights.bytes + plan.kv_bytes + plan.working_bytes;
    weights.fits = weights.memory_bytes <= options.memory_bytes;
    weights.decode = estimate(quantize).Decode(prompts[0]);
    return weights;
  };
  plan.weights.push_back(keep_as(std::nullopt));
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ6_K, TensorType::kQ4_K}) {
    const PlannedWeights weights = keep_as(type);
    if (weights.bytes != plan.weights[0].bytes) plan.weights.push_back(weights);
  }
  plan.chosen = keep_as(options.quantize);

  const SpeedEstimate speed = estimate(options.quantize);
  const bool latent = plan.config.layers.back().latent.rank != 0;
  for (const uint32_t tokens : prompts) {
    PlannedSpeed row{.tokens = tokens, .prefill = speed.Prefill(tokens, options.chunk), .decode = speed.Decode(tokens)};
    if (latent) row.unfolded_prefill = speed.UnfoldedPrefill(tokens, options.chunk);
    plan.speeds.push_back(row);
  }
  return plan;
}

}  // namespace candor
