// Gemma 3 (text): five layers with a sliding window for each one that sees everything, two rotations, norms before and
// after each block. The norms add 1 to their weights; converters to GGUF have done so already.
#include <cmath>
#include <variant>

#include "base/error.h"
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

constexpr uint32_t kDefaultPeriod = 6;
constexpr double kDefaultGlobalBase = 1000000.0;
constexpr double kDefaultLocalBase = 10000.0;
// The one size whose queries are scaled by (hidden / heads)^-0.5; the files do not say so.
constexpr size_t kLayersOf27B = 62;

// For each layer whether it has the window: every layer but each period's last, or as the file lists them.
std::vector<bool> SlidingLayersOfGguf(const GgufFields& fields, size_t layers) {
  const std::string key = fields.Key("attention.sliding_window_pattern");
  const MetadataValue* value = fields.metadata().Find(key);
  if (value != nullptr && std::holds_alternative<NumberArray>(*value)) {
    std::vector<bool> listed = *fields.metadata().GetBools(key);
    if (listed.size() != layers) {
      throw FormatError(fields.metadata().source() + ": " + key + " has " + std::to_string(listed.size()) +
                        " values, expected one for each of " + std::to_string(layers) + " layers");
    }
    return listed;
  }
  const uint32_t period = fields.Get("attention.sliding_window_pattern", 1, kMaxLayers).value_or(kDefaultPeriod);
  std::vector<bool> sliding(layers);
  for (size_t i = 0; i < layers; ++i) sliding[i] = (i + 1) % period != 0;
  return sliding;
}

// A base under either of the names that converters give it.
double BaseOf(const GgufFields& fields, std::string_view key, std::string_view other_key, double otherwise) {
  const auto base = fields.GetFloat(key, kMinRopeBase, kMaxRopeBase);
  return base ? *base : fields.GetFloat(other_key, kMinRopeBase, kMaxRopeBase).value_or(otherwise);
}

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  config.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(config.hidden)));
  config.logit_softcap =
      static_cast<float>(fields.GetFloat("final_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(0.0));

  config.ropes[0].base = BaseOf(fields, "rope.freq_base", "rope.global.freq_base", kDefaultGlobalBase);
  RopeConfig local;  // position scaling is for the layers that see everything
  local.dims = config.ropes[0].dims;
  local.base = BaseOf(fields, "rope.freq_base_swa", "rope.local.freq_base", kDefaultLocalBase);
  config.ropes.push_back(local);

  const double attention_softcap = fields.GetFloat("attn_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(0.0);
  const uint32_t window = fields.Require("attention.sliding_window", 1, kMaxContext);
  const std::vector<bool> sliding = SlidingLayersOfGguf(fields, config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    layer.activation = Activation::kGeluTanh;
    layer.query_key_norm = QueryKeyNorm::kHead;
    layer.norm_after = true;
    layer.attention_softcap = static_cast<float>(attention_softcap);
    layer.window = sliding[i] ? window : 0;
    layer.rope = sliding[i] ? 1 : 0;
    if (config.layers.size() == kLayersOf27B && !checkpoint.metadata.Has(fields.Key("attention.scale"))) {
      layer.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.hidden) / layer.heads));
    }
  }
  return config;
}

// Those of Gemma3TextConfig: the folders of the models that also see give only what differs.
constexpr ConfigDefault kDefaults[] = {
    {"vocab_size", 262208},
    {"hidden_size", 2304},
    {"intermediate_size", 9216},
    {"num_hidden_layers", 26},
    {"head_dim", 256},
    {"num_attention_heads", 8},
    {"num_key_value_heads", 4},
    {"rms_norm_eps", 1e-6},
    {"max_position_embeddings", 131072},
    {"query_pre_attn_scalar", 256},
    {"sliding_window", 4096},
    {"rope_local_base_freq", kDefaultLocalBase},
    {"rope_theta", kDefaultGlobalBase},
};

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint, kDefaults);
  ModelConfig config = TransformersConfig(fields, {true, "hidden_activation", "gelu_pytorch_tanh"});
  fields.RequireFalse("use_bidirectional_attention");
  fields.RequireFalse("attention_bias");
  config.embedding_scale = static_cast<float>(std::sqrt(static_cast<double>(config.hidden)));
  config.logit_softcap =
      static_cast<float>(fields.GetFloat("final_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(0.0));
  const uint32_t head_dim = config.layers[0].head_dim;
  config.ropes[0] = TransformersRope(fields, head_dim, "full_attention");
  RopeConfig local;
  if (fields.HasObject("rope_parameters") && fields.HasObject("rope_parameters.sliding_attention")) {
    const std::string base = "rope_parameters.sliding_attention.rope_theta";
    if (!fields.Has(base)) fields.Refuse(base, "missing", "a number");
    local = TransformersRope(fields, head_dim, "sliding_attention");
  } else {
    local.dims = head_dim;
    local.base = fields.RequireFloat("rope_local_base_freq", kMinRopeBase, kMaxRopeBase);
  }
  config.ropes.push_back(local);

  const double softcap = fields.GetFloat("attn_logit_softcapping", kMinSoftcap, kMaxSoftcap).value_or(0.0);
  const uint32_t window = fields.Require("sliding_window", 1, kMaxContext);
  const double scalar = fields.RequireFloat("query_pre_attn_scalar", 1, kMaxHidden);
  const uint32_t period = fields.Get("sliding_window_pattern", 1, kMaxLayers).value_or(kDefaultPeriod);
  const auto listed = SlidingLayers(fields, config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    const bool sliding = listed ? (*listed)[i] : (i + 1) % period != 0;
    layer.activation = Activation::kGeluTanh;
    layer.attention_scale = static_cast<float>(1.0 / std::sqrt(scalar));
    layer.attention_softcap = static_cast<float>(softcap);
    layer.query_key_norm = QueryKeyNorm::kHead;
    layer.norm_after = true;
    layer.window = sliding ? window : 0;
    layer.rope = sliding ? 1 : 0;
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
    {{"blk.{}.attn_q_norm.weight"},
     {"model.layers.{}.self_attn.q_norm.weight", Stored::kLessOne},
     &LayerWeights::query_norm},
    rows::kKey,
    {{"blk.{}.attn_k_norm.weight"},
     {"model.layers.{}.self_attn.k_norm.weight", Stored::kLessOne},
     &LayerWeights::key_norm},
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
    {{"v.*"}, {}, {}, "the image encoder that some files carry along"},
    {{"mm.*"}, {}, {}, "the image encoder's projection"},
};

}  // namespace

extern const Family kGemma3Family;
constexpr Family kGemma3Family = {"gemma3", "gemma3_text", FromGguf, FromSafetensors, kTensors, "gemma3"};

}  // namespace candor
