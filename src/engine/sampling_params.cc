#include "engine/sampling_params.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "base/error.h"

namespace candor {
namespace {

constexpr double kMaxCount = 1u << 20;  // more than any vocabulary or window

constexpr SamplingField kFields[] = {
    {"repetition_penalty", &SamplingParams::repetition_penalty, 0.1, 10,
     "divide (or multiply, below zero) the logits of recent tokens; 1 is off"},
    {"repetition_window", &SamplingParams::repetition_window, 0, kMaxCount,
     "how many tokens of prompt and answer count as recent; 0 is all"},
    {"frequency_penalty", &SamplingParams::frequency_penalty, -2, 2,
     "subtract this from a token's logit for each time the answer has it; 0 is off"},
    {"presence_penalty", &SamplingParams::presence_penalty, -2, 2,
     "subtract this from the logit of every token that the answer has; 0 is off"},
    {"temperature", &SamplingParams::temperature, 0, 10,
     "divide logits by this: higher is more varied, 0 always takes the most likely token"},
    {"top_k", &SamplingParams::top_k, 0, kMaxCount, "keep the k most likely tokens; 0 is off"},
    {"top_p", &SamplingParams::top_p, 0, 1, "keep the most likely tokens that make up this probability; 1 is off"},
    {"min_p", &SamplingParams::min_p, 0, 1, "drop tokens less likely than this share of the most likely one; 0 is off"},
    {"typical_p", &SamplingParams::typical_p, 0, 1,
     "keep the tokens of most typical surprise that make up this probability; 1 is off"},
};

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

double Get(const SamplingParams& params, const SamplingField& field) {
  return std::visit([&](auto member) { return static_cast<double>(params.*member); }, field.member);
}

void CheckInRange(const SamplingField& field, double value) {
  // Written so that NaN fails.
  if (value >= field.min && value <= field.max) return;
  throw UsageError(std::string(field.name) + ": " + Short(value) + " is outside " + Short(field.min) + " to " +
                   Short(field.max));
}

// A count that files write as a signed number; every negative one is -1.
std::optional<int64_t> GetCount(const Metadata& metadata, const char* key) {
  const MetadataValue* value = metadata.Find(key);
  if (value == nullptr) return std::nullopt;
  const int64_t* number = std::get_if<int64_t>(value);
  if (number != nullptr && *number < 0) return -1;
  return static_cast<int64_t>(*metadata.GetUint(key, 0, static_cast<uint64_t>(kMaxCount)));
}

}  // namespace

std::span<const SamplingField> SamplingFields() { return kFields; }

void SetSamplingValue(SamplingParams& params, const SamplingField& field, double value) {
  std::visit([&](auto member) { params.*member = static_cast<std::decay_t<decltype(params.*member)>>(value); },
             field.member);
}

SamplingParams Resolve(const SamplingOverrides& overrides, SamplingParams defaults) {
  for (size_t i = 0; i < std::min(overrides.values.size(), std::size(kFields)); ++i) {
    if (!overrides.values[i]) continue;
    CheckInRange(kFields[i], *overrides.values[i]);
    SetSamplingValue(defaults, kFields[i], *overrides.values[i]);
  }
  if (!overrides.logit_bias.empty()) defaults.logit_bias = overrides.logit_bias;
  return defaults;
}

void ValidateSampling(const SamplingParams& params, size_t vocabulary) {
  for (const SamplingField& field : kFields) CheckInRange(field, Get(params, field));
  std::vector<TokenId> tokens;
  for (const LogitBias& bias : params.logit_bias) {
    const std::string where = "logit_bias: token " + std::to_string(bias.token);
    if (bias.token < 0 || static_cast<size_t>(bias.token) >= vocabulary) {
      throw UsageError(where + " is outside 0 to " + std::to_string(vocabulary - 1));
    }
    if (!(bias.bias >= -100 && bias.bias <= 100)) {
      throw UsageError(where + ": " + Short(bias.bias) + " is outside -100 to 100");
    }
    tokens.push_back(bias.token);
  }
  std::sort(tokens.begin(), tokens.end());
  const auto twice = std::adjacent_find(tokens.begin(), tokens.end());
  if (twice != tokens.end()) throw UsageError("logit_bias: token " + std::to_string(*twice) + " is there twice");
}

SamplingParams DefaultSampling(const Metadata& metadata) {
  SamplingParams params;
  const auto read = [&](const char* key, double SamplingParams::*member, double min, double max) {
    if (const auto value = metadata.GetFloat(key, min, max)) params.*member = *value;
  };
  read("general.sampling.temp", &SamplingParams::temperature, 0, 10);
  read("general.sampling.top_p", &SamplingParams::top_p, 0, 1);
  read("general.sampling.min_p", &SamplingParams::min_p, 0, 1);
  read("general.sampling.penalty_repeat", &SamplingParams::repetition_penalty, 0.1, 10);
  if (const auto k = GetCount(metadata, "general.sampling.top_k")) params.top_k = *k < 0 ? 0 : *k;
  if (const auto window = GetCount(metadata, "general.sampling.penalty_last_n")) {
    // There -1 is every token and 0 turns the penalty off.
    params.repetition_window = *window < 0 ? 0 : *window;
    if (*window == 0) params.repetition_penalty = 1;
  }
  return params;
}

SamplingParams SamplingOfGenerationConfig(const Metadata& config) {
  SamplingParams params;
  const auto read = [&](const char* key, double SamplingParams::*member, double min, double max) {
    const auto value = config.GetNumber(key, min, max);
    if (value) params.*member = *value;
    return value.has_value();
  };
  read("temperature", &SamplingParams::temperature, 0, 10);
  read("top_p", &SamplingParams::top_p, 0, 1);
  read("min_p", &SamplingParams::min_p, 0, 1);
  read("typical_p", &SamplingParams::typical_p, 0, 1);
  if (read("repetition_penalty", &SamplingParams::repetition_penalty, 0.1, 10)) params.repetition_window = 0;
  if (const auto k = GetCount(config, "top_k")) params.top_k = *k < 0 ? 0 : *k;
  if (!config.GetBool("do_sample").value_or(true)) params.temperature = 0;
  return params;
}

}  // namespace candor
