// Gemma 3 (text): five layers with a sliding window for each one that sees everything, two rotations, norms before and
// after each block. The converter has already added the 1 that the original norms add to their weights.
#include <cmath>
#include <variant>

#include "base/error.h"
#include "model/family.h"
#include "model/gguf_config.h"

namespace candor {
namespace {

constexpr uint32_t kDefaultPeriod = 6;
constexpr double kDefaultGlobalBase = 1000000.0;
constexpr double kDefaultLocalBase = 10000.0;
// The one size whose queries are scaled by (hidden / heads)^-0.5; the files do not say so.
constexpr size_t kLayersOf27B = 62;

// For each layer whether it has the window: every layer but each period's last, or as the file lists them.
std::vector<bool> SlidingLayers(const GgufFields& fields, size_t layers) {
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

ModelConfig Configure(const Checkpoint& checkpoint) {
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
  const std::vector<bool> sliding = SlidingLayers(fields, config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    layer.activation = Activation::kGeluTanh;
    layer.attention_softcap = static_cast<float>(attention_softcap);
    layer.window = sliding[i] ? window : 0;
    layer.rope = sliding[i] ? 1 : 0;
    if (config.layers.size() == kLayersOf27B && !checkpoint.metadata.Has(fields.Key("attention.scale"))) {
      layer.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.hidden) / layer.heads));
    }
  }
  return config;
}

constexpr TensorRow kTensors[] = {
    {"token_embd.weight", Need::kRequired, &ModelWeights::token_embedding, ""},
    {"output_norm.weight", Need::kRequired, &ModelWeights::output_norm, ""},
    {"output.weight", Need::kOptional, &ModelWeights::output, ""},  // the embedding's rows otherwise
    {"blk.{}.attn_norm.weight", Need::kRequired, &LayerWeights::attention_norm, ""},
    {"blk.{}.attn_q.weight", Need::kRequired, &LayerWeights::query, ""},
    {"blk.{}.attn_q_norm.weight", Need::kRequired, &LayerWeights::query_norm, ""},
    {"blk.{}.attn_k.weight", Need::kRequired, &LayerWeights::key, ""},
    {"blk.{}.attn_k_norm.weight", Need::kRequired, &LayerWeights::key_norm, ""},
    {"blk.{}.attn_v.weight", Need::kRequired, &LayerWeights::value, ""},
    {"blk.{}.attn_output.weight", Need::kRequired, &LayerWeights::attention_output, ""},
    {"blk.{}.post_attention_norm.weight", Need::kRequired, &LayerWeights::post_attention_norm, ""},
    {"blk.{}.ffn_norm.weight", Need::kRequired, &LayerWeights::ffn_norm, ""},
    {"blk.{}.ffn_gate.weight", Need::kRequired, &LayerWeights::ffn_gate, ""},
    {"blk.{}.ffn_up.weight", Need::kRequired, &LayerWeights::ffn_up, ""},
    {"blk.{}.ffn_down.weight", Need::kRequired, &LayerWeights::ffn_down, ""},
    {"blk.{}.post_ffw_norm.weight", Need::kRequired, &LayerWeights::post_ffn_norm, ""},
    {"v.*", Need::kIgnored, {}, "the image encoder that some files carry along"},
    {"mm.*", Need::kIgnored, {}, "the image encoder's projection"},
};

}  // namespace

extern const Family kGemma3Family;
constexpr Family kGemma3Family = {"gemma3", Configure, kTensors};

}  // namespace candor
