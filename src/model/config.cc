#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/error.h"

namespace candor {
namespace {

std::string Text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// Names what is checked: "layers[3]." for a layer's fields, nothing for the model's.
class Fields {
 public:
  Fields(const std::string& source, std::string prefix) : source_(source), prefix_(std::move(prefix)) {}

  [[noreturn]] void Refuse(std::string_view field, const std::string& found, const std::string& expected) const {
    throw FormatError(source_ + ": " + prefix_ + std::string(field) + " is " + found + ", expected " + expected);
  }

  void Count(std::string_view field, uint64_t value, uint64_t min, uint64_t max) const {
    if (value < min || value > max) {
      Refuse(field, std::to_string(value), std::to_string(min) + " to " + std::to_string(max));
    }
  }

  // A value that is not a number fails every comparison, so the condition asks for what is good.
  void Number(std::string_view field, double value, double min, double max) const {
    if (!(value >= min && value <= max)) Refuse(field, Text(value), Text(min) + " to " + Text(max));
  }

  // What a file says is compared in double; its bounds must still be good when both are rounded.
  void Number(std::string_view field, float value, double min, double max) const {
    if (!(value >= static_cast<float>(min) && value <= static_cast<float>(max))) {
      Refuse(field, Text(value), Text(min) + " to " + Text(max));
    }
  }

  void Cap(std::string_view field, float value) const {
    if (value != 0.0f && !(value >= kMinSoftcap && value <= kMaxSoftcap)) {
      Refuse(field, Text(value), "0 (none) or " + Text(kMinSoftcap) + " to " + Text(kMaxSoftcap));
    }
  }

 private:
  const std::string& source_;
  std::string prefix_;
};

void ValidateRope(const RopeConfig& rope, const Fields& fields) {
  fields.Count("dims", rope.dims, 2, kMaxHeadDim);
  if (rope.dims % 2 != 0) fields.Refuse("dims", std::to_string(rope.dims), "an even number");
  fields.Number("base", rope.base, kMinRopeBase, kMaxRopeBase);
  fields.Number("magnitude", rope.magnitude, kMinRopeMagnitude, kMaxRopeMagnitude);
  for (const auto& [name, factors] : {std::pair("frequency_factors", &rope.frequency_factors),
                                      std::pair("long_frequency_factors", &rope.long_frequency_factors)}) {
    if (!factors->empty() && factors->size() != rope.dims / 2) {
      fields.Refuse(name, std::to_string(factors->size()) + " values", std::to_string(rope.dims / 2) + " or none");
    }
    for (size_t i = 0; i < factors->size(); ++i) {
      fields.Number(std::string(name) + "[" + std::to_string(i) + "]", (*factors)[i], kMinRopeFactor, kMaxRopeFactor);
    }
  }
}

void ValidateLatent(const LayerConfig& layer, const Fields& fields) {
  const LatentConfig& latent = layer.latent;
  fields.Count("latent.rank", latent.rank, kMinHeadDim, kMaxHeadDim);
  fields.Count("latent.query_rank", latent.query_rank, 0, kMaxProjection);
  for (const auto& [name, dim] :
       {std::pair("latent.nope_dim", latent.nope_dim), std::pair("latent.rope_dim", latent.rope_dim),
        std::pair("latent.value_dim", latent.value_dim)}) {
    fields.Count(name, dim, 2, kMaxHeadDim);
  }
  fields.Count("heads * (latent.nope_dim + latent.rope_dim)",
               uint64_t{layer.heads} * (latent.nope_dim + latent.rope_dim), 1, kMaxProjection);
  fields.Count("heads * latent.value_dim", uint64_t{layer.heads} * latent.value_dim, 1, kMaxProjection);
  // Heads' outputs stand side by side, in whole panels.
  for (const auto& [name, dim] :
       {std::pair("latent.rank", latent.rank), std::pair("latent.value_dim", latent.value_dim)}) {
    if (dim % 16 != 0) fields.Refuse(name, std::to_string(dim), "a multiple of 16");
  }
  fields.Count("kv_heads", layer.kv_heads, 1, 1);
  fields.Count("head_dim", layer.head_dim, latent.rank + latent.rope_dim, latent.rank + latent.rope_dim);
  fields.Count("value_dim", layer.value_dim, latent.rank, latent.rank);
}

void ValidateExperts(const ExpertsConfig& experts, const Fields& fields) {
  fields.Count("experts.count", experts.count, 1, kMaxExperts);
  fields.Count("experts.used", experts.used, 1, std::min(experts.count, kMaxExpertsUsed));
  fields.Count("experts.ffn_dim", experts.ffn_dim, kMinWidth, kMaxFfnDim);
  if (experts.shared_ffn_dim != 0)
    fields.Count("experts.shared_ffn_dim", experts.shared_ffn_dim, kMinWidth, kMaxFfnDim);
  fields.Number("experts.weight_scale", experts.weight_scale, kMinExpertScale, kMaxExpertScale);
  fields.Count("experts.groups", experts.groups, 1, experts.count);
  fields.Count("experts.groups_used", experts.groups_used, 1, experts.groups);
  if (experts.count % experts.groups != 0) {
    fields.Refuse("experts.groups", std::to_string(experts.groups),
                  "a divisor of experts.count, " + std::to_string(experts.count));
  }
  const uint32_t choice = experts.count / experts.groups * experts.groups_used;
  if (choice < experts.used) {
    fields.Refuse("experts.used", std::to_string(experts.used),
                  "at most " + std::to_string(choice) + ", the experts of experts.groups_used groups");
  }
}

void ValidateLayer(const LayerConfig& layer, const ModelConfig& config, const Fields& fields) {
  fields.Count("heads", layer.heads, 1, kMaxHeads);
  fields.Count("kv_heads", layer.kv_heads, 1, layer.heads);
  if (layer.heads % layer.kv_heads != 0) {
    fields.Refuse("kv_heads", std::to_string(layer.kv_heads), "a divisor of heads, " + std::to_string(layer.heads));
  }
  for (const auto& [name, dim] : {std::pair("head_dim", layer.head_dim), std::pair("value_dim", layer.value_dim)}) {
    fields.Count(name, dim, kMinHeadDim, kMaxHeadDim);
    if (dim % 2 != 0) fields.Refuse(name, std::to_string(dim), "an even number");
  }
  fields.Count("heads * head_dim", uint64_t{layer.heads} * layer.head_dim, 1, kMaxProjection);
  fields.Count("heads * value_dim", uint64_t{layer.heads} * layer.value_dim, 1, kMaxProjection);
  fields.Number("attention_scale", layer.attention_scale, kMinAttentionScale, kMaxAttentionScale);
  fields.Cap("attention_softcap", layer.attention_softcap);
  fields.Count("window", layer.window, 0, kMaxContext);
  if (layer.latent.rank != 0) ValidateLatent(layer, fields);
  if (layer.experts.count != 0) {
    ValidateExperts(layer.experts, fields);
  } else {
    fields.Count("ffn_dim", layer.ffn_dim, kMinWidth, kMaxFfnDim);
  }
  const bool gelu = layer.activation == Activation::kGeluTanh;
  const bool clamped = layer.activation == Activation::kClampedSilu;
  if (!(layer.activation == Activation::kSilu || gelu || clamped) || !(layer.gated || gelu)) {
    fields.Refuse("activation", std::to_string(static_cast<int>(layer.activation)),
                  layer.gated ? "a known one" : "one of those that need no gate");
  }
  if (clamped) {
    fields.Number("activation_alpha", layer.activation_alpha, kMinActivationLimit, kMaxActivationLimit);
    fields.Number("activation_limit", layer.activation_limit, kMinActivationLimit, kMaxActivationLimit);
  }
  if (layer.rope < -1 || layer.rope >= static_cast<int64_t>(config.ropes.size())) {
    fields.Refuse("rope", std::to_string(layer.rope),
                  "-1 (none) or one of " + std::to_string(config.ropes.size()) + " rotations");
  }
  if (layer.rope >= 0) {
    const uint32_t dims = config.ropes[layer.rope].dims;
    if (dims > layer.head_dim) {
      fields.Refuse("head_dim", std::to_string(layer.head_dim), "at least the rotated dims, " + std::to_string(dims));
    }
  }
}

}  // namespace

void ValidateConfig(const ModelConfig& config, const std::string& source) {
  const Fields model(source, "");
  model.Count("vocabulary", config.vocabulary, 1, kMaxVocabulary);
  model.Count("hidden", config.hidden, kMinWidth, kMaxHidden);
  model.Count("context_length", config.context_length, kMinContext, kMaxContext);
  model.Number("embedding_scale", config.embedding_scale, kMinEmbeddingScale, kMaxEmbeddingScale);
  model.Number("norm_epsilon", config.norm_epsilon, kMinNormEpsilon, kMaxNormEpsilon);
  model.Cap("logit_softcap", config.logit_softcap);
  model.Count("learned_positions", config.learned_positions, 0, kMaxContext);
  if (config.learned_positions != 0 && config.learned_positions < config.context_length) {
    model.Refuse("learned_positions", std::to_string(config.learned_positions),
                 "at least context_length, " + std::to_string(config.context_length));
  }
  model.Count("number of ropes", config.ropes.size(), 0, kMaxRopes);
  model.Count("number of layers", config.layers.size(), 1, kMaxLayers);
  model.Count("number of prediction layers", config.prediction_layers.size(), 0, kMaxLayers);
  for (size_t i = 0; i < config.ropes.size(); ++i) {
    ValidateRope(config.ropes[i], Fields(source, "ropes[" + std::to_string(i) + "]."));
  }
  for (size_t i = 0; i < config.all_layers(); ++i) {
    ValidateLayer(config.Layer(i), config, Fields(source, "layers[" + std::to_string(i) + "]."));
  }
}

void LimitContext(uint32_t limit, ModelConfig& config) {
  const uint32_t longest = limit == 0 ? config.context_length : limit;
  for (RopeConfig& rope : config.ropes) {
    if (rope.first_context == 0 || longest <= rope.first_context) continue;
    rope.uses_long_factors = true;
    if (!rope.long_frequency_factors.empty()) rope.frequency_factors = rope.long_frequency_factors;
  }
}

}  // namespace candor
