// The flags that every command which computes has, and what they mean.
#ifndef CANDOR_CLI_COMMON_OPTIONS_H_
#define CANDOR_CLI_COMMON_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/sampling_params.h"
#include "kernels/tensor_type.h"
#include "model/kv_layout.h"

namespace candor {

// How it is computed. Only `kv`, `exact` and `quantize` change what comes out, and `context` where a model's rotation
// depends on how long contexts may become.
struct ComputeOptions {
  uint32_t threads = 0;  // 0 = one for each processor that this process may use
  std::string isa;       // empty = the best that this machine has
  uint32_t context = 0;  // 0 = what the command takes by default
  uint32_t chunk = 0;    // the same
  KvType kv = KvType::kF16;
  bool exact = false;
  std::optional<TensorType> quantize;  // see LoadModelOptions
};

// Adds --threads, --isa, --ctx (unless the command sets the context itself), --chunk, --kv, --exact and --quantize;
// `options` must live as long as `command`.
void AddComputeOptions(CLI::App& command, ComputeOptions& options, bool with_context = true);

// What they say to an engine. `chunk`: where none was given.
EngineOptions EngineOptionsOf(const ComputeOptions& options, uint32_t chunk = 512);
const char* KvTypeName(KvType type);  // "f16", as the flag is written
// What of them an answer depends on: {"quantize": "q8_0" or null, "kv": "f16", "exact": false}, and the same in words,
// "weights as stored, keys and values in f16".
boost::json::object NumericsJson(const ComputeOptions& options);
std::string NumericsText(const ComputeOptions& options);

// How tokens are chosen, where that was said.
struct SamplingOptions : SamplingOverrides {
  std::optional<uint64_t> seed;
  uint32_t choice = 0;  // which of the answers to one prompt and seed
};

// Adds --seed, --choice, --logit-bias and a flag for each of SamplingFields(), whose ranges are checked as they are
// read; `options` must live as long as `command`.
void AddSamplingOptions(CLI::App& command, SamplingOptions& options);

// The seed that was given, or one of 32 bits from the system.
uint64_t SeedOf(const SamplingOptions& options);

// Sets the field that a person calls `name` ("top-p" or "top_p") to what they wrote. Throws UsageError naming the
// nearest field or the range.
void SetSamplingField(SamplingParams& params, const std::string& name, const std::string& value);
// The fields' names as flags write them, without dashes before.
std::vector<std::string> SamplingFlagNames();
// The value of a field as a person would write it.
std::string SamplingValue(const SamplingParams& params, const SamplingField& field);

// A message of a UsageError of the engine in the words of the command line: "context: 9 is outside 2 to 8" names --ctx.
// Any other message stays as it is.
std::string InFlagNames(const std::string& message);

}  // namespace candor

#endif  // CANDOR_CLI_COMMON_OPTIONS_H_
