#include "model/safetensors_config.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/utf8.h"
#include "model/rope_scaling.h"
#include "model/tensor_table.h"
#include "model/text_part.h"

namespace candor {
namespace {

std::optional<double> AsDouble(const MetadataValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<uint64_t>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<int64_t>(&value)) return static_cast<double>(*number);
  return std::nullopt;
}

std::string Text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

uint32_t EvenHeadDim(const ConfigFields& fields, std::string_view key, uint32_t dim) {
  if (dim % 2 == 0) return dim;
  fields.Refuse(key, std::to_string(dim), "an even number");
}

void ReadHeads(const ConfigFields& fields, uint32_t hidden, LayerConfig& layer) {
  layer.heads = fields.Require("num_attention_heads", 1, kMaxHeads);
  layer.kv_heads = fields.Get("num_key_value_heads", 1, layer.heads).value_or(layer.heads);
  if (layer.heads % layer.kv_heads != 0) {
    fields.Refuse("num_key_value_heads", std::to_string(layer.kv_heads),
                  "a divisor of " + fields.Key("num_attention_heads") + ", " + std::to_string(layer.heads));
  }
  const auto head_dim = fields.Get("head_dim", kMinHeadDim, kMaxHeadDim);
  if (!head_dim &&
      (hidden % layer.heads != 0 || hidden / layer.heads < kMinHeadDim || hidden / layer.heads > kMaxHeadDim)) {
    fields.Refuse("num_attention_heads", std::to_string(layer.heads),
                  "to divide " + fields.Key("hidden_size") + ", " + std::to_string(hidden) + ", into heads of " +
                      std::to_string(kMinHeadDim) + " to " + std::to_string(kMaxHeadDim) + ", there being no " +
                      fields.Key("head_dim"));
  }
  layer.head_dim =
      EvenHeadDim(fields, head_dim ? "head_dim" : "num_attention_heads", head_dim ? *head_dim : hidden / layer.heads);
  layer.value_dim = layer.head_dim;
}

// Where the members of a rotation are, which two spellings and groups of layers make four places.
class RopeFields {
 public:
  RopeFields(const ConfigFields& fields, std::string_view group) : fields_(fields) {
    const bool parameters = fields.HasObject("rope_parameters");
    if (fields.HasObject("rope_scaling") && parameters) {
      fields.Refuse("rope_scaling", "given beside " + fields.Key("rope_parameters"), "one of the two");
    }
    if (!parameters) {
      scaling_ = "rope_scaling.";
      return;
    }
    const std::string grouped = "rope_parameters." + std::string(group);
    base_ = scaling_ = !group.empty() && fields.HasObject(grouped) ? grouped + "." : "rope_parameters.";
  }

  std::string Base(std::string_view key) const { return base_ + std::string(key); }
  std::string Scaling(std::string_view key) const { return scaling_ + std::string(key); }

  std::string Type() const {
    for (const char* key : {"rope_type", "type"}) {
      if (const auto type = fields_.GetString(Scaling(key))) return *type;
    }
    if (fields_.Has(Scaling("factor"))) fields_.Refuse(Scaling("rope_type"), "missing", "the kind of scaling");
    return "default";
  }
  double Float(std::string_view key, double min, double max, double otherwise) const {
    return fields_.GetFloat(Scaling(key), min, max).value_or(otherwise);
  }
  double RequireFloat(std::string_view key, double min, double max) const {
    return fields_.RequireFloat(Scaling(key), min, max);
  }
  // What the model was first trained with; without the field its longest context, where `otherwise_longest`.
  uint32_t FirstContext(bool otherwise_longest) const {
    if (const auto inside = Context(Scaling(kFirstContext))) return *inside;
    if (const auto outside = Context(std::string(kFirstContext))) return *outside;
    if (otherwise_longest) return fields_.Require("max_position_embeddings", kMinContext, kMaxContext);
    fields_.Refuse(Scaling(kFirstContext), "missing", "a number of tokens");
  }

 private:
  static constexpr std::string_view kFirstContext = "original_max_position_embeddings";

  std::optional<uint32_t> Context(const std::string& key) const { return fields_.Get(key, kMinContext, kMaxContext); }

  const ConfigFields& fields_;
  std::string base_, scaling_;
};

void ScaleByYarn(const ConfigFields& fields, const RopeFields& names, RopeConfig& rope) {
  YarnScaling yarn;
  yarn.factor = names.RequireFloat("factor", kMinRopeFactor, kMaxContextFactor);
  yarn.first_context = names.FirstContext(true);
  yarn.beta_fast = names.Float("beta_fast", kMinYarnBeta, kMaxYarnBeta, yarn.beta_fast);
  yarn.beta_slow = names.Float("beta_slow", kMinYarnBeta, kMaxYarnBeta, yarn.beta_slow);
  yarn.truncate = fields.GetBool(names.Scaling("truncate"), true);
  rope.frequency_factors = YarnFactors(rope.dims, rope.base, yarn);
  const double weight = names.Float("mscale", 0, kMaxRopeMagnitude, 0);
  const double all_dim = names.Float("mscale_all_dim", 0, kMaxRopeMagnitude, 0);
  const double own = weight != 0 && all_dim != 0
                         ? YarnMagnitude(yarn.factor, weight) / YarnMagnitude(yarn.factor, all_dim)
                         : YarnMagnitude(yarn.factor);
  rope.magnitude = names.Float("attention_factor", kMinRopeMagnitude, kMaxRopeMagnitude, own);
}

void ScaleByLongRope(const ConfigFields& fields, const RopeFields& names, RopeConfig& rope) {
  rope.first_context = names.FirstContext(true);
  const size_t pairs = rope.dims / 2;
  for (const auto& [key, factors] :
       {std::pair("short_factor", &rope.frequency_factors), std::pair("long_factor", &rope.long_frequency_factors)}) {
    const auto values = fields.GetFloats(names.Scaling(key), pairs);
    if (!values)
      fields.Refuse(names.Scaling(key), "missing", "a factor for each of " + std::to_string(pairs) + " pairs");
    for (const double value : *values) {
      if (value >= kMinRopeFactor && value <= kMaxRopeFactor) continue;
      fields.Refuse(names.Scaling(key), "a list with " + Text(value), "factors from " + Text(kMinRopeFactor));
    }
    *factors = *values;
  }
  const double longest = fields.Require("max_position_embeddings", kMinContext, kMaxContext);
  const double factor = names.Float("factor", kMinRopeFactor, kMaxContextFactor, longest / rope.first_context);
  rope.magnitude = names.Float("attention_factor", kMinRopeMagnitude, kMaxRopeMagnitude,
                               LongRopeMagnitude(factor, rope.first_context));
}

}  // namespace

ConfigFields::ConfigFields(const Checkpoint& checkpoint, std::span<const ConfigDefault> defaults)
    : checkpoint_(checkpoint),
      metadata_(checkpoint.metadata),
      prefix_(TextPartOf(checkpoint).config),
      defaults_(defaults) {}

std::optional<double> ConfigFields::Default(std::string_view key) const {
  const auto found = std::ranges::find(defaults_, key, &ConfigDefault::key);
  return found == defaults_.end() || metadata_.IsNull(Key(key)) ? std::nullopt : std::optional(found->value);
}

uint32_t ConfigFields::Require(std::string_view key, uint32_t min, uint32_t max) const {
  const auto value = Get(key, min, max);
  return value ? *value : static_cast<uint32_t>(metadata_.RequireUint(Key(key), min, max));
}

std::optional<uint32_t> ConfigFields::Get(std::string_view key, uint32_t min, uint32_t max) const {
  if (const auto value = metadata_.GetUint(Key(key), min, max)) return static_cast<uint32_t>(*value);
  const auto otherwise = Default(key);
  return otherwise ? std::optional(static_cast<uint32_t>(*otherwise)) : std::nullopt;
}

std::optional<double> ConfigFields::GetFloat(std::string_view key, double min, double max) const {
  const MetadataValue* value = metadata_.Find(Key(key));
  if (value == nullptr) return Default(key);
  const auto number = AsDouble(*value);
  if (!number || !(*number >= min && *number <= max)) {
    Refuse(key, Describe(*value), "a number from " + Text(min) + " to " + Text(max));
  }
  return number;
}

double ConfigFields::RequireFloat(std::string_view key, double min, double max) const {
  const auto value = GetFloat(key, min, max);
  if (!value) throw FormatError(metadata_.source() + ": " + Key(key) + " is missing");
  return *value;
}

bool ConfigFields::GetBool(std::string_view key, bool otherwise) const {
  return metadata_.GetBool(Key(key)).value_or(otherwise);
}

std::optional<std::string> ConfigFields::GetString(std::string_view key) const { return metadata_.GetString(Key(key)); }

std::optional<std::vector<double>> ConfigFields::GetFloats(std::string_view key, size_t count) const {
  const MetadataValue* value = metadata_.Find(Key(key));
  if (value == nullptr) return std::nullopt;
  const auto* array = std::get_if<NumberArray>(value);
  if (array == nullptr || array->type() == NumberType::kBool || array->size() != count) {
    Refuse(key, Describe(*value), std::to_string(count) + " numbers");
  }
  std::vector<double> numbers;
  for (size_t i = 0; i < count; ++i) {
    const Number number = (*array)[i];
    if (const auto* real = std::get_if<double>(&number)) {
      numbers.push_back(*real);
    } else if (const auto* natural = std::get_if<uint64_t>(&number)) {
      numbers.push_back(static_cast<double>(*natural));
    } else {
      numbers.push_back(static_cast<double>(std::get<int64_t>(number)));
    }
  }
  return numbers;
}

std::optional<std::vector<std::string>> ConfigFields::GetStrings(std::string_view key, size_t count) const {
  const MetadataValue* value = metadata_.Find(Key(key));
  if (value == nullptr) return std::nullopt;
  const auto* table = std::get_if<StringTable>(value);
  if (table == nullptr || table->size() != count) Refuse(key, Describe(*value), std::to_string(count) + " strings");
  std::vector<std::string> strings;
  for (size_t i = 0; i < count; ++i) strings.emplace_back((*table)[i]);
  return strings;
}

void ConfigFields::Refuse(std::string_view key, const std::string& found, const std::string& expected) const {
  throw FormatError(metadata_.source() + ": " + Key(key) + " is " + found + ", expected " + expected);
}

void ConfigFields::RequireFalse(std::string_view key) const {
  if (!GetBool(key, false)) return;
  throw UnsupportedError(metadata_.source() + ": " + Key(key) +
                         " is true, which this version does not compute for this architecture");
}

void ConfigFields::RequireString(std::string_view key, std::string_view known) const {
  const auto found = GetString(key);
  if (!found || *found == known) return;
  throw UnsupportedError(metadata_.source() + ": " + Key(key) + " is \"" + Printable(*found) +
                         "\", which this version does not compute for this architecture; it knows " +
                         std::string(known));
}

RopeConfig TransformersRope(const ConfigFields& fields, uint32_t dims, std::string_view group) {
  const RopeFields names(fields, group);
  RopeConfig rope;
  // Some models rotate a part of each head.
  const double part = fields.GetFloat(names.Base("partial_rotary_factor"), 0.01, 1.0)
                          .value_or(fields.GetFloat("partial_rotary_factor", 0.01, 1.0).value_or(1.0));
  rope.dims = static_cast<uint32_t>(dims * part) / 2 * 2;
  if (rope.dims == 0) fields.Refuse("partial_rotary_factor", Text(part), "at least two values of a head");
  const auto base = fields.GetFloat(names.Base("rope_theta"), kMinRopeBase, kMaxRopeBase);
  rope.base = base ? *base : fields.GetFloat("rope_theta", kMinRopeBase, kMaxRopeBase).value_or(rope.base);
  const std::string type = names.Type();
  if (type == "linear") {
    rope.frequency_factors = LinearFactors(rope.dims, names.RequireFloat("factor", kMinRopeFactor, kMaxContextFactor));
  } else if (type == "llama3") {
    WavelengthScaling ramp;
    ramp.factor = names.RequireFloat("factor", kMinRopeFactor, kMaxContextFactor);
    ramp.first_context = names.FirstContext(false);
    ramp.low_factor = names.RequireFloat("low_freq_factor", kMinYarnBeta, kMaxYarnBeta);
    ramp.high_factor = names.RequireFloat("high_freq_factor", kMinYarnBeta, kMaxYarnBeta);
    if (ramp.high_factor <= ramp.low_factor) {
      fields.Refuse(names.Scaling("high_freq_factor"), Text(ramp.high_factor),
                    "more than low_freq_factor, " + Text(ramp.low_factor));
    }
    rope.frequency_factors = WavelengthFactors(rope.dims, rope.base, ramp);
  } else if (type == "yarn") {
    ScaleByYarn(fields, names, rope);
  } else if (type == "longrope" || type == "su") {
    ScaleByLongRope(fields, names, rope);
  } else if (type != "default") {
    throw UnsupportedError(fields.metadata().source() + ": " + fields.Key(names.Scaling("rope_type")) + " is \"" +
                           Printable(type) + "\", which this version does not compute" +
                           (type == "dynamic" ? " (its answers would depend on how long a text has become)" : "") +
                           "; it knows default, linear, llama3, yarn and longrope");
  }
  return rope;
}

std::optional<std::vector<bool>> SlidingLayers(const ConfigFields& fields, size_t layers) {
  const auto types = fields.GetStrings("layer_types", layers);
  if (!types) return std::nullopt;
  std::vector<bool> sliding;
  for (const std::string& type : *types) {
    if (type != "sliding_attention" && type != "full_attention") {
      throw UnsupportedError(fields.metadata().source() + ": " + fields.Key("layer_types") + " has \"" +
                             Printable(type) +
                             "\", which this version does not compute; it knows full_attention and sliding_attention");
    }
    sliding.push_back(type == "sliding_attention");
  }
  return sliding;
}

void SetSwitchedWindows(const ConfigFields& fields, const std::function<bool(size_t)>& by_default,
                        ModelConfig& config) {
  const auto listed = SlidingLayers(fields, config.layers.size());
  if (!fields.GetBool("use_sliding_window", false)) return;
  const uint32_t window = fields.Get("sliding_window", 0, kMaxContext).value_or(0);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    if (listed ? (*listed)[i] : by_default(i)) config.layers[i].window = window;
  }
}

ExpertsConfig TransformersExperts(const ConfigFields& fields, std::string_view count_key, uint32_t ffn_dim) {
  ExpertsConfig experts;
  experts.count = fields.Require(count_key, 1, kMaxExperts);
  experts.used = fields.Require("num_experts_per_tok", 1, std::min(experts.count, kMaxExpertsUsed));
  experts.ffn_dim = ffn_dim;
  return experts;
}

ModelConfig TransformersConfig(const ConfigFields& fields, const TransformersOptions& options) {
  fields.RequireString(options.activation_key, options.activation);
  ModelConfig config;
  config.architecture = fields.metadata().RequireString(fields.Key("model_type"));
  config.tensor_prefix = TextPartOf(fields.checkpoint()).tensors;
  config.is_part = !config.tensor_prefix.empty();
  config.name = fields.metadata().GetString("_name_or_path").value_or(fields.metadata().source());
  config.vocabulary = fields.Require("vocab_size", 1, kMaxVocabulary);
  config.hidden = fields.Require("hidden_size", kMinWidth, kMaxHidden);
  config.context_length = fields.Require("max_position_embeddings", kMinContext, kMaxContext);
  config.norm_epsilon = static_cast<float>(fields.RequireFloat("rms_norm_eps", kMinNormEpsilon, kMaxNormEpsilon));
  config.tied_output = fields.GetBool("tie_word_embeddings", options.tied_output);

  LayerConfig layer;
  ReadHeads(fields, config.hidden, layer);
  layer.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(layer.head_dim)));
  if (options.dense_layers) layer.ffn_dim = fields.Require("intermediate_size", kMinWidth, kMaxFfnDim);
  layer.query_bias = layer.output_bias = fields.GetBool("attention_bias", false);
  layer.ffn_bias = fields.GetBool("mlp_bias", false);
  config.ropes.push_back(TransformersRope(fields, layer.head_dim));
  config.layers.assign(fields.Require("num_hidden_layers", 1, kMaxLayers), layer);
  return config;
}

}  // namespace candor
