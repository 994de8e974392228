#include "model/gguf_config.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "model/rope_scaling.h"

namespace candor {
namespace {

constexpr double kDefaultRopeBase = 10000.0;
constexpr std::string_view kEmbedding = "token_embd.weight";

uint32_t VocabularyOf(const Checkpoint& checkpoint, const GgufFields& fields) {
  const std::string& source = checkpoint.metadata.source();
  const TensorInfo* embedding = checkpoint.FindTensor(kEmbedding);
  if (embedding == nullptr) {
    throw FormatError(source + ": tensor \"" + std::string(kEmbedding) + "\" is missing; every model has one");
  }
  const uint64_t rows = embedding->rows();
  if (rows > kMaxVocabulary) {
    throw FormatError(source + ": tensor \"" + std::string(kEmbedding) + "\" has " + std::to_string(rows) +
                      " rows, expected at most " + std::to_string(kMaxVocabulary));
  }
  const auto check = [&](const std::string& what, uint64_t found) {
    if (found == rows) return;
    throw FormatError(source + ": " + what + " " + std::to_string(found) + ", expected " + std::to_string(rows) +
                      ", the rows of tensor \"" + std::string(kEmbedding) + "\"");
  };
  if (const auto size = fields.Get("vocab_size", 1, kMaxVocabulary)) check(fields.Key("vocab_size") + " is", *size);
  if (const StringTable* tokens = checkpoint.metadata.GetStrings("tokenizer.ggml.tokens")) {
    check("the length of tokenizer.ggml.tokens is", tokens->size());
  }
  return static_cast<uint32_t>(rows);
}

constexpr std::string_view kHeads = "attention.head_count", kKeyValueHeads = "attention.head_count_kv";
constexpr std::string_view kKeyLength = "attention.key_length", kValueLength = "attention.value_length";

std::optional<uint32_t> GetEven(const GgufFields& fields, std::string_view key, uint32_t min, uint32_t max) {
  const auto value = fields.Get(key, min, max);
  if (value && *value % 2 != 0) fields.Refuse(key, *value, "an even number");
  return value;
}

// The width of a head where the file does not say it.
uint32_t DerivedHeadDim(const GgufFields& fields, uint32_t hidden, uint32_t heads) {
  const std::string width = fields.Key("embedding_length") + ", " + std::to_string(hidden);
  if (hidden % heads != 0) fields.Refuse(kHeads, heads, "a divisor of " + width);
  const uint32_t head_dim = hidden / heads;
  if (head_dim < kMinHeadDim || head_dim > kMaxHeadDim || head_dim % 2 != 0) {
    fields.Refuse(kHeads, heads,
                  "to divide " + width + ", into heads of an even width from " + std::to_string(kMinHeadDim) + " to " +
                      std::to_string(kMaxHeadDim) + ", there being no " + fields.Key(kKeyLength));
  }
  return head_dim;
}

void ReadHeads(const GgufFields& fields, uint32_t hidden, LayerConfig& layer) {
  layer.heads = fields.Require(kHeads, 1, kMaxHeads);
  layer.kv_heads = fields.Get(kKeyValueHeads, 1, layer.heads).value_or(layer.heads);
  if (layer.heads % layer.kv_heads != 0) {
    fields.Refuse(kKeyValueHeads, layer.kv_heads,
                  "a divisor of " + fields.Key(kHeads) + ", " + std::to_string(layer.heads));
  }
  const auto key_length = GetEven(fields, kKeyLength, kMinHeadDim, kMaxHeadDim);
  layer.head_dim = key_length ? *key_length : DerivedHeadDim(fields, hidden, layer.heads);
  layer.value_dim = GetEven(fields, kValueLength, kMinHeadDim, kMaxHeadDim).value_or(layer.head_dim);
  for (const auto& [key, dim] : {std::pair(kKeyLength, layer.head_dim), std::pair(kValueLength, layer.value_dim)}) {
    if (uint64_t{layer.heads} * dim <= kMaxProjection) continue;
    fields.Refuse(kHeads, layer.heads,
                  "at most " + std::to_string(kMaxProjection / dim) + " with heads of " + std::to_string(dim) + " (" +
                      fields.Key(key) + ")");
  }
}

// How the frequencies are to be scaled; "none" or "linear" where the file does not say.
std::string ScalingOf(const GgufFields& fields, bool has_factor) {
  const std::string key = fields.Key("rope.scaling.type");
  // A factor without a type means linear: that is how older converters wrote it.
  const std::string type = fields.metadata().GetString(key).value_or(has_factor ? "linear" : "none");
  for (const std::string_view known : {"none", "linear", "yarn", "longrope"}) {
    if (type == known) return type;
  }
  throw UnsupportedError(fields.metadata().source() + ": " + key + " is \"" + Printable(type) +
                         "\", which this version does not compute; it knows none, linear, yarn and longrope");
}

}  // namespace

GgufFields::GgufFields(const Metadata& metadata)
    : metadata_(metadata), architecture_(metadata.RequireString("general.architecture")) {}

uint32_t GgufFields::Require(std::string_view key, uint32_t min, uint32_t max) const {
  return static_cast<uint32_t>(metadata_.RequireUint(Key(key), min, max));
}

std::optional<uint32_t> GgufFields::Get(std::string_view key, uint32_t min, uint32_t max) const {
  const auto value = metadata_.GetUint(Key(key), min, max);
  if (!value) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

std::optional<double> GgufFields::GetFloat(std::string_view key, double min, double max) const {
  return metadata_.GetFloat(Key(key), min, max);
}

bool GgufFields::GetBool(std::string_view key, bool otherwise) const {
  return metadata_.GetBool(Key(key)).value_or(otherwise);
}

void GgufFields::Refuse(std::string_view key, uint64_t found, const std::string& expected) const {
  throw FormatError(metadata_.source() + ": " + Key(key) + " is " + std::to_string(found) + ", expected " + expected);
}

RopeConfig StandardRope(const GgufFields& fields, uint32_t dims, bool truncate) {
  RopeConfig rope;
  rope.dims = GetEven(fields, "rope.dimension_count", 2, dims).value_or(dims);
  rope.base = fields.GetFloat("rope.freq_base", kMinRopeBase, kMaxRopeBase).value_or(kDefaultRopeBase);
  auto factor = fields.GetFloat("rope.scaling.factor", kMinRopeFactor, kMaxContextFactor);
  // The key's name in files from before October 2023.
  if (!factor) factor = fields.GetFloat("rope.scale_linear", kMinRopeFactor, kMaxContextFactor);
  const std::string type = ScalingOf(fields, factor.has_value());
  if (type == "none" || type == "longrope") return rope;  // the latter's factors are tensors
  if (!factor) {
    throw FormatError(fields.metadata().source() + ": " + fields.Key("rope.scaling.factor") + " is missing; " + type +
                      " scaling needs it");
  }
  if (type == "linear") {
    rope.frequency_factors = LinearFactors(rope.dims, *factor);
    return rope;
  }
  YarnScaling yarn{.factor = *factor, .truncate = truncate};
  yarn.first_context = fields.Require("rope.scaling.original_context_length", kMinContext, kMaxContext);
  yarn.beta_fast = fields.GetFloat("rope.scaling.yarn_beta_fast", kMinYarnBeta, kMaxYarnBeta).value_or(yarn.beta_fast);
  yarn.beta_slow = fields.GetFloat("rope.scaling.yarn_beta_slow", kMinYarnBeta, kMaxYarnBeta).value_or(yarn.beta_slow);
  rope.frequency_factors = YarnFactors(rope.dims, rope.base, yarn);
  rope.magnitude = YarnMagnitude(*factor) *
                   fields.GetFloat("rope.scaling.attn_factor", kMinRopeMagnitude, kMaxRopeMagnitude).value_or(1.0);
  return rope;
}

ExpertsConfig StandardExperts(const GgufFields& fields, uint32_t ffn_dim) {
  ExpertsConfig experts;
  experts.count = fields.Get("expert_count", 0, kMaxExperts).value_or(0);
  if (experts.count == 0) return {};
  experts.used = fields.Require("expert_used_count", 1, std::min(experts.count, kMaxExpertsUsed));
  experts.ffn_dim = fields.Get("expert_feed_forward_length", kMinWidth, kMaxFfnDim).value_or(ffn_dim);
  return experts;
}

ModelConfig StandardConfig(const Checkpoint& checkpoint, NormKind norm) {
  const Metadata& metadata = checkpoint.metadata;
  const GgufFields fields(metadata);
  ModelConfig config;
  config.architecture = fields.architecture();
  config.name = metadata.GetString("general.name").value_or(metadata.source());
  config.vocabulary = VocabularyOf(checkpoint, fields);
  config.hidden = fields.Require("embedding_length", kMinWidth, kMaxHidden);
  config.context_length = fields.Require("context_length", kMinContext, kMaxContext);
  config.norm = norm;
  const char* epsilon = norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  config.norm_epsilon =
      static_cast<float>(metadata.RequireFloat(fields.Key(epsilon), kMinNormEpsilon, kMaxNormEpsilon));

  LayerConfig layer;
  ReadHeads(fields, config.hidden, layer);
  layer.attention_scale = static_cast<float>(fields.GetFloat("attention.scale", kMinAttentionScale, kMaxAttentionScale)
                                                 .value_or(1.0 / std::sqrt(static_cast<double>(layer.head_dim))));
  layer.ffn_dim = fields.Require("feed_forward_length", kMinWidth, kMaxFfnDim);
  config.ropes.push_back(StandardRope(fields, layer.head_dim));
  const auto has = [&](std::string_view tensor) { return checkpoint.FindTensor(tensor) != nullptr; };
  config.tied_output = !has("output.weight");
  layer.query_bias = has("blk.0.attn_q.bias");
  layer.output_bias = has("blk.0.attn_output.bias");
  layer.ffn_bias = has("blk.0.ffn_up.bias");
  if (has("blk.0.attn_q_norm.weight")) layer.query_key_norm = QueryKeyNorm::kHead;
  config.layers.assign(fields.Require("block_count", 1, kMaxLayers), layer);
  return config;
}

}  // namespace candor
