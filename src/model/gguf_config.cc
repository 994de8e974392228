#include "model/gguf_config.h"

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr double kDefaultRopeBase = 10000.0;
constexpr double kMaxLinearScaling = 10000.0;
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

// The number that every frequency is divided by; nullopt without scaling.
std::optional<double> LinearScaling(const GgufFields& fields) {
  auto factor = fields.GetFloat("rope.scaling.factor", kMinRopeFactor, kMaxLinearScaling);
  // The key's name in files from before October 2023.
  if (!factor) factor = fields.GetFloat("rope.scale_linear", kMinRopeFactor, kMaxLinearScaling);
  // A factor without a type means linear: that is how older converters wrote it.
  const std::string key = fields.Key("rope.scaling.type");
  const std::string type = fields.metadata().GetString(key).value_or(factor ? "linear" : "none");
  if (type == "none") return std::nullopt;
  if (type != "linear") {
    throw UnsupportedError(fields.metadata().source() + ": " + key + " is \"" + Printable(type) +
                           "\", which this version does not compute; it knows none and linear");
  }
  if (!factor) {
    throw FormatError(fields.metadata().source() + ": " + fields.Key("rope.scaling.factor") +
                      " is missing; linear scaling needs it");
  }
  return factor;
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

RopeConfig RopeOf(const GgufFields& fields, uint32_t head_dim) {
  RopeConfig rope;
  rope.dims = GetEven(fields, "rope.dimension_count", 2, head_dim).value_or(head_dim);
  rope.base = fields.GetFloat("rope.freq_base", kMinRopeBase, kMaxRopeBase).value_or(kDefaultRopeBase);
  if (const auto factor = LinearScaling(fields)) {
    rope.frequency_factors.assign(rope.dims / 2, static_cast<float>(*factor));
  }
  return rope;
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

void GgufFields::Refuse(std::string_view key, uint64_t found, const std::string& expected) const {
  throw FormatError(metadata_.source() + ": " + Key(key) + " is " + std::to_string(found) + ", expected " + expected);
}

ModelConfig StandardConfig(const Checkpoint& checkpoint) {
  const Metadata& metadata = checkpoint.metadata;
  const GgufFields fields(metadata);
  ModelConfig config;
  config.architecture = fields.architecture();
  config.name = metadata.GetString("general.name").value_or(metadata.source());
  config.vocabulary = VocabularyOf(checkpoint, fields);
  config.hidden = fields.Require("embedding_length", kMinWidth, kMaxHidden);
  config.context_length = fields.Require("context_length", kMinContext, kMaxContext);
  config.norm_epsilon = static_cast<float>(
      metadata.RequireFloat(fields.Key("attention.layer_norm_rms_epsilon"), kMinNormEpsilon, kMaxNormEpsilon));

  LayerConfig layer;
  ReadHeads(fields, config.hidden, layer);
  layer.attention_scale = static_cast<float>(fields.GetFloat("attention.scale", kMinAttentionScale, kMaxAttentionScale)
                                                 .value_or(1.0 / std::sqrt(static_cast<double>(layer.head_dim))));
  layer.ffn_dim = fields.Require("feed_forward_length", kMinWidth, kMaxFfnDim);
  config.ropes.push_back(RopeOf(fields, layer.head_dim));
  config.layers.assign(fields.Require("block_count", 1, kMaxLayers), layer);
  return config;
}

}  // namespace candor
