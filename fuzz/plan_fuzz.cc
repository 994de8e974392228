// The input is a config.json, or the beginning of a GGUF file. Whatever it says, a plan is made of it or refused with a
// candor::Error, and every figure of a plan is a number.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "engine/plan.h"
#include "format/gguf.h"
#include "format/json_metadata.h"

namespace candor {
namespace {

Checkpoint Open(std::string_view text) {
  if (text.starts_with("GGUF")) {
    const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(descriptor >= 0 && ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    std::vector<File> files;
    files.emplace_back(descriptor, "fuzz");
    return OpenGguf(std::move(files), GgufTensorData::kMayBeMissing);
  }
  Checkpoint checkpoint(MetadataFromJson(text, "fuzz"));
  checkpoint.format = CheckpointFormat::kSafetensors;
  return checkpoint;
}

void CheckTime(const StepTime& time) { CHECK(std::isfinite(time.total()) && time.total() > 0); }

void MakeOne(const Checkpoint& checkpoint, KvType kv, std::optional<TensorType> quantize) {
  PlanOptions options;
  options.kv = kv;
  options.quantize = quantize;
  options.machine = {.read_gbps = 50, .int8_gops = 1000, .float_gflops = 250};
  const Plan plan = MakePlan(ReadPlannedModel(checkpoint, options), options);
  CHECK(plan.inventory.active_parameters <= plan.inventory.parameters);
  CHECK(plan.chosen.bytes_per_token <= static_cast<double>(plan.chosen.bytes));
  for (const PlannedSpeed& speed : plan.speeds) {
    CheckTime(speed.prefill);
    CheckTime(speed.decode);
  }
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  try {
    const Checkpoint checkpoint = Open({reinterpret_cast<const char*>(data), size});
    MakeOne(checkpoint, KvType::kF16, std::nullopt);
    MakeOne(checkpoint, KvType::kQ8_0, TensorType::kQ4_K);
  } catch (const Error& error) {
    CHECK(IsPrintable(error.what()));
  }
  return 0;
}
