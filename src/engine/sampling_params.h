// How the next token is chosen, as a plain value, and the one table of its fields: names, ranges and help.
//
// What each field does, and in which order, is docs/numerics-sampling.md.
#ifndef CANDOR_ENGINE_SAMPLING_PARAMS_H_
#define CANDOR_ENGINE_SAMPLING_PARAMS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "format/metadata.h"
#include "tokenizer/tokenizer.h"

namespace candor {

struct LogitBias {
  TokenId token = 0;
  double bias = 0;  // added to the token's logit, -100 to 100
};

struct SamplingParams {
  double temperature = 0.7;         // 0 = the most likely token
  uint32_t top_k = 0;               // 0 = off
  double top_p = 0.9;               // 1 = off
  double min_p = 0.0;               // 0 = off
  double typical_p = 1.0;           // 1 = off
  double repetition_penalty = 1.0;  // 1 = off
  uint32_t repetition_window = 64;  // tokens of prompt and answer that the repetition penalty sees; 0 = all
  double presence_penalty = 0.0;    // 0 = off
  double frequency_penalty = 0.0;   // 0 = off
  std::vector<LogitBias> logit_bias;
};

// One number of SamplingParams. `name` is its name in messages and JSON; a flag is the same with "-" for "_".
struct SamplingField {
  const char* name;
  std::variant<double SamplingParams::*, uint32_t SamplingParams::*> member;
  double min;  // the accepted range, ends included
  double max;
  const char* help;
};

// `value` is within the field's range.
void SetSamplingValue(SamplingParams& params, const SamplingField& field, double value);

// Every number of SamplingParams, in the order in which the sampler uses them.
std::span<const SamplingField> SamplingFields();

// What somebody has said of them, in place of a model's own settings.
struct SamplingOverrides {
  std::vector<std::optional<double>> values = {};  // in the order of SamplingFields(), as long as it or shorter
  std::vector<LogitBias> logit_bias = {};
};
// `defaults` with them. Throws UsageError naming the field and its range.
SamplingParams Resolve(const SamplingOverrides& overrides, SamplingParams defaults);

// Throws UsageError naming the parameter, the value and the range. NaN is outside every range; a logit bias must name
// a token below `vocabulary`, and no token twice.
void ValidateSampling(const SamplingParams& params, size_t vocabulary);

// The model's own settings (`general.sampling.*` of a GGUF file) over the defaults above. FormatError when one is
// outside its range. Settings of samplers that are not offered here (XTC, Mirostat, an order) are not used.
SamplingParams DefaultSampling(const Metadata& metadata);

// The same from the members of a generation_config.json. An explicit `do_sample: false` is temperature 0; a repetition
// penalty sees all tokens, as there.
SamplingParams SamplingOfGenerationConfig(const Metadata& config);

}  // namespace candor

#endif  // CANDOR_ENGINE_SAMPLING_PARAMS_H_
