#include "cli/common_options.h"

#include <errno.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/random_bytes.h"
#include "kernels/kernel_table.h"
#include "store/model_name.h"

namespace candor {
namespace {

constexpr const char* kComputation = "Computation";
constexpr const char* kSampling = "Sampling";
constexpr uint32_t kMaxThreads = 1024;
constexpr uint32_t kShortestContext = 2;  // a token of the prompt and one of the answer
constexpr uint32_t kLongestContext = 1u << 24;
constexpr uint32_t kLargestChunk = 8192;

const std::map<std::string, TensorType>& QuantizedNames() {
  static const std::map<std::string, TensorType> names{
      {"q4_k", TensorType::kQ4_K}, {"q6_k", TensorType::kQ6_K}, {"q8_0", TensorType::kQ8_0}};
  return names;
}

const std::map<std::string, KvType>& KvNames() {
  static const std::map<std::string, KvType> names{
      {"f16", KvType::kF16}, {"f32", KvType::kF32}, {"q8_0", KvType::kQ8_0}};
  return names;
}

std::string FlagName(const SamplingField& field) {
  std::string name = field.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string Short(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

bool IsCount(const SamplingField& field) { return std::holds_alternative<uint32_t SamplingParams::*>(field.member); }

std::string RangeOf(const SamplingField& field) {
  return std::string(IsCount(field) ? "a whole number from " : "a number from ") + Short(field.min) + " to " +
         Short(field.max);
}

// All of `text` as a value of `field`.
std::optional<double> ParseValue(const SamplingField& field, const std::string& text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  if (!(value >= field.min && value <= field.max) || (IsCount(field) && value != std::floor(value))) {
    return std::nullopt;
  }
  return value;
}

// "1234:-5" or "1234:+2.5".
bool ParseBias(const std::string& text, LogitBias& bias) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  const char* const end = text.data() + text.size();
  const char* number = text.data() + colon + 1;
  if (number != end && *number == '+') ++number;
  const auto token = std::from_chars(text.data(), text.data() + colon, bias.token);
  const auto value = std::from_chars(number, end, bias.bias);
  return token.ec == std::errc() && token.ptr == text.data() + colon && value.ec == std::errc() && value.ptr == end &&
         bias.token >= 0 && bias.bias >= -100 && bias.bias <= 100;
}

// `limit`: the largest number in words, where `max` is only what nothing goes beyond.
void AddCount(CLI::App& command, const char* flag, uint32_t& value, uint32_t min, uint32_t max, const char* help,
              const char* group, const std::string& limit = "") {
  const std::string end = limit.empty() ? std::to_string(max) : limit;
  command
      .add_option_function<std::string>(
          flag,
          [&value, min, max, end, flag](const std::string& text) {
            uint32_t number = 0;
            const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
            if (result.ec != std::errc() || result.ptr != text.data() + text.size() || number < min || number > max) {
              throw CLI::ValidationError(
                  flag, "\"" + text + "\" is not a whole number from " + std::to_string(min) + " to " + end);
            }
            value = number;
          },
          help)
      ->type_name("N")
      ->group(group);
}

}  // namespace

void AddComputeOptions(CLI::App& command, ComputeOptions& options, bool with_context) {
  AddCount(command, "--threads", options.threads, 1, kMaxThreads,
           "Threads to compute with; default: one for each processor. The answer does not depend on it", kComputation);
  std::string names;
  for (const KernelTable* const* table = AvailableKernels(); *table != nullptr; ++table) {
    names += (names.empty() ? "" : ",") + std::string((*table)->name);
  }
  command
      .add_option_function<std::string>(
          "--isa",
          [&options, names](const std::string& name) {
            if (FindKernels(name.c_str()) == nullptr) {
              throw CLI::ValidationError("--isa",
                                         "\"" + name + "\" is not one of " + names + ", which this machine can run");
            }
            options.isa = name;
          },
          "Instruction set, one of {" + names + "}; default: the first. The answer does not depend on it")
      ->type_name("NAME")
      ->group(kComputation);
  if (with_context) {
    AddCount(command, "--ctx", options.context, kShortestContext, kLongestContext,
             "Tokens of prompt and answer that are kept, 2 or more; default and most: what the model was made for",
             kComputation, "what the model was made for");
  }
  AddCount(command, "--chunk", options.chunk, 1, kLargestChunk,
           "Prompt tokens computed at a time; default: 512, of a server 128. The answer does not depend on it",
           kComputation);
  command
      .add_option_function<std::string>(
          "--kv",
          [&options](const std::string& name) {
            const auto found = KvNames().find(name);
            if (found == KvNames().end()) {
              throw CLI::ValidationError("--kv", "\"" + name + "\" is not one of f16, f32, q8_0");
            }
            options.kv = found->second;
          },
          "How keys and values are kept, one of {f16,f32,q8_0}; default: f16")
      ->type_name("TYPE")
      ->group(kComputation);
  command.add_flag("--exact", options.exact, "Compute quantised weights with float32 inputs: slower, the least error")
      ->group(kComputation);
  command
      .add_option_function<std::string>(
          "--quantize",
          [&options](const std::string& name) {
            const auto found = QuantizedNames().find(name);
            if (found == QuantizedNames().end()) {
              throw CLI::ValidationError("--quantize", "\"" + name + "\" is not one of q4_k, q6_k, q8_0");
            }
            options.quantize = found->second;
          },
          "Quantise weights in F32, F16, BF16 or FP8 while they are loaded, to one of {q4_k,q6_k,q8_0}; default: as "
          "they "
          "are")
      ->type_name("TYPE")
      ->group(kComputation);
}

EngineOptions EngineOptionsOf(const ComputeOptions& options, uint32_t chunk) {
  EngineOptions engine;
  engine.context = options.context;
  engine.chunk = options.chunk > 0 ? options.chunk : chunk;
  engine.kv = options.kv;
  engine.exact = options.exact;
  return engine;
}

const char* KvTypeName(KvType type) {
  for (const auto& [name, value] : KvNames()) {
    if (value == type) return name.c_str();
  }
  return "";
}

static std::string QuantizeName(TensorType type) {
  for (const auto& [name, value] : QuantizedNames()) {
    if (value == type) return name;
  }
  return "";
}

boost::json::object NumericsJson(const ComputeOptions& options) {
  boost::json::object numerics{{"quantize", nullptr}, {"kv", KvTypeName(options.kv)}, {"exact", options.exact}};
  if (options.quantize) numerics["quantize"] = QuantizeName(*options.quantize);
  return numerics;
}

std::string NumericsText(const ComputeOptions& options) {
  std::string text = options.quantize ? "weights quantised to " + QuantizeName(*options.quantize) : "weights as stored";
  text += std::string(", keys and values in ") + KvTypeName(options.kv);
  return text + (options.exact ? ", products in float32" : "");
}

void AddSamplingOptions(CLI::App& command, SamplingOptions& options) {
  command
      .add_option_function<std::string>(
          "--seed",
          [&options](const std::string& text) {
            uint64_t seed = 0;
            const auto result = std::from_chars(text.data(), text.data() + text.size(), seed);
            if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
              throw CLI::ValidationError("--seed", "\"" + text + "\" is not a whole number from 0 to 2^64 - 1");
            }
            options.seed = seed;
          },
          "Where the random choices begin; default: a new one each time, which is printed")
      ->type_name("N")
      ->group(kSampling);
  AddCount(command, "--choice", options.choice, 0, UINT32_MAX,
           "Which of the answers that one seed gives; /regenerate in a chat takes the next. Default: 0", kSampling);
  const auto fields = SamplingFields();
  options.values.assign(fields.size(), std::nullopt);
  for (size_t i = 0; i < fields.size(); ++i) {
    const SamplingField& field = fields[i];
    const std::string flag = "--" + FlagName(field);
    std::string help = field.help;
    if (!help.empty()) help[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(help[0])));
    command
        .add_option_function<std::string>(
            flag,
            [&options, &field, i, flag](const std::string& text) {
              options.values[i] = ParseValue(field, text);
              if (!options.values[i]) throw CLI::ValidationError(flag, "\"" + text + "\" is not " + RangeOf(field));
            },
            help + ". " + Short(field.min) + " to " + Short(field.max))
        ->type_name(IsCount(field) ? "N" : "X")
        ->group(kSampling);
  }
  command
      .add_option_function<std::vector<std::string>>(
          "--logit-bias",
          [&options](const std::vector<std::string>& texts) {
            options.logit_bias.clear();
            for (const std::string& text : texts) {
              LogitBias bias;
              if (!ParseBias(text, bias)) {
                throw CLI::ValidationError("--logit-bias",
                                           "\"" + text + "\" is not TOKEN:BIAS with a bias from -100 to 100");
              }
              options.logit_bias.push_back(bias);
            }
          },
          "Add a number from -100 to 100 to the logit of a token, given by its id; may be repeated")
      ->type_name("TOKEN:BIAS")
      ->allow_extra_args(false)
      ->group(kSampling);
}

uint64_t SeedOf(const SamplingOptions& options) {
  if (options.seed) return *options.seed;
  return RandomNumber<uint32_t>();
}

void SetSamplingField(SamplingParams& params, const std::string& name, const std::string& value) {
  std::string wanted = name;
  std::replace(wanted.begin(), wanted.end(), '_', '-');
  for (const SamplingField& field : SamplingFields()) {
    if (FlagName(field) != wanted) continue;
    const std::optional<double> number = ParseValue(field, value);
    if (!number) throw UsageError(wanted + ": \"" + value + "\" is not " + RangeOf(field));
    SetSamplingValue(params, field, *number);
    return;
  }
  const std::string nearest = NearestName(wanted, SamplingFlagNames());
  throw UsageError("no setting " + name + (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

std::vector<std::string> SamplingFlagNames() {
  std::vector<std::string> names;
  for (const SamplingField& field : SamplingFields()) names.push_back(FlagName(field));
  return names;
}

std::string SamplingValue(const SamplingParams& params, const SamplingField& field) {
  return std::visit([&](auto member) { return Short(static_cast<double>(params.*member)); }, field.member);
}

std::string InFlagNames(const std::string& message) {
  std::map<std::string, std::string> flags{{"context", "--ctx"}, {"chunk", "--chunk"}, {"logit_bias", "--logit-bias"}};
  for (const SamplingField& field : SamplingFields()) flags[field.name] = "--" + FlagName(field);
  const size_t colon = message.find(": ");
  const auto flag = flags.find(message.substr(0, colon));
  // A file may have such a name too.
  const bool of_a_value =
      message.find(" is outside ", colon) != std::string::npos || message.ends_with(" is there twice");
  if (flag == flags.end() || !of_a_value) return message;
  return flag->second + message.substr(colon);
}

}  // namespace candor
