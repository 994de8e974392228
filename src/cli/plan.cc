#include "engine/plan.h"

#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/statistics.h"
#include "base/thread_pool.h"
#include "cli/byte_size.h"
#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/machine_memory.h"
#include "cli/model_argument.h"
#include "cli/plan_report.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"
#include "engine/language_model.h"
#include "format/gguf.h"
#include "format/json_metadata.h"
#include "format/model_folder.h"
#include "format/safetensors.h"
#include "kernels/peaks.h"
#include "kernels/probe.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

constexpr double kMeasuringSeconds = 1.0;
constexpr size_t kFewestSamples = 9;

struct PlanCommandOptions {
  ModelArgument model;
  ComputeOptions compute;
  std::optional<uint64_t> memory;
  std::optional<double> bandwidth, compute_speed;
  bool json = false;
};

// The open files of a model, or its configuration alone.
struct PlanFiles {
  std::string name;
  std::optional<File> config;
  ModelFiles model;
};

PlanFiles OpenFiles(const ModelArgument& argument) {
  FoundModel found = FindModel(argument);
  PlanFiles files;
  if (!found.is_folder && found.path.extension() == ".json") {
    const bool names_nothing = found.path.filename() == kConfigFile;
    files.name = names_nothing ? FolderName(fs::absolute(found.path).parent_path()) : found.path.stem().string();
    files.config = File::Open(found.path);
    return files;
  }
  if (found.is_folder) files.config = OpenConfigAlone(found.path);
  if (files.config) {
    files.name = FolderName(found.path);
  } else {
    files.model = OpenModel(std::move(found));
    files.name = files.model.name;
  }
  return files;
}

Checkpoint ConfigAlone(File file) {
  std::vector<File> files;
  const std::string source = file.name();
  files.push_back(std::move(file));
  const std::vector<Document> documents = ReadSafetensorsDocuments(files, {std::string(kConfigFile)});
  Checkpoint checkpoint(MetadataFromJson(documents[0].text, source));
  checkpoint.format = CheckpointFormat::kSafetensors;
  return checkpoint;
}

Checkpoint ReadHeaders(PlanFiles files) {
  if (files.config) return ConfigAlone(*std::move(files.config));
  return OpenCheckpoint(std::move(files.model), GgufTensorData::kMayBeMissing);
}

// About a second of samples.
Peaks MeasurePeaks(const KernelTable& kernels, ThreadPool& pool) {
  using Clock = std::chrono::steady_clock;
  PeakMeter meter(kernels, pool);
  std::vector<double> read, int8;
  const auto start = Clock::now();
  while (read.size() < kFewestSamples ||
         std::chrono::duration<double>(Clock::now() - start).count() < kMeasuringSeconds) {
    const Peaks peaks = meter.Sample();
    read.push_back(peaks.read_gbps);
    int8.push_back(peaks.int8_gops);
  }
  return {Median(read), Median(int8)};
}

// What was given, and of the rest what this machine does now. `source` says which.
MachineSpeed SpeedOf(const PlanCommandOptions& options, std::string& source) {
  MachineSpeed speed;
  // A machine that is described and not measured has dot product instructions, unless it is said.
  std::string isa = options.compute_speed ? "vnni" : "";
  if (!options.compute.isa.empty()) isa = options.compute.isa;
  source = "(given)";
  if (!options.bandwidth || !options.compute_speed) {
    const KernelTable& kernels = ChooseKernels(AvailableKernels(), options.compute.isa, GivesKnownAnswers);
    const int threads = options.compute.threads != 0 ? static_cast<int>(options.compute.threads) : AvailableCpus();
    ThreadPool pool(threads);
    const Peaks peaks = MeasurePeaks(kernels, pool);
    speed.read_gbps = peaks.read_gbps;
    speed.int8_gops = peaks.int8_gops;
    if (isa.empty()) isa = kernels.name;
    const char* what = options.bandwidth ? "compute " : options.compute_speed ? "bandwidth " : "";
    source = std::string("(") + what + "measured here, " + std::to_string(threads) +
             (threads == 1 ? " thread, " : " threads, ") + kernels.name + ")";
  }
  if (options.bandwidth) speed.read_gbps = *options.bandwidth;
  if (options.compute_speed) speed.int8_gops = *options.compute_speed;
  speed.float_gflops = FloatPeak(speed.int8_gops, isa);
  return speed;
}

void RunPlan(const PlanCommandOptions& options) {
  PlanFiles files = OpenFiles(options.model);
  PlanFacts facts{.name = files.name, .memory_source = "given", .speed_source = {}};
  MachineMemory memory;
  if (options.memory) {
    memory.available = *options.memory;
  } else {
    memory = ReadMachineMemory();
    if (memory.available == 0 && !memory.by_container) {
      throw IoError("/proc/meminfo: no MemAvailable: say with --memory how much memory there is");
    }
    facts.memory_source = memory.by_container ? "left to this container" : "free on this machine";
  }
  SealForModel();
  const Checkpoint checkpoint = ReadHeaders(std::move(files));
  PlanOptions plan_options;
  plan_options.context = options.compute.context;
  if (options.compute.chunk != 0) plan_options.chunk = options.compute.chunk;
  plan_options.kv = options.compute.kv;
  plan_options.exact = options.compute.exact;
  plan_options.quantize = options.compute.quantize;
  plan_options.memory_bytes = memory.available;
  PlannedModel model = ReadPlannedModel(checkpoint, plan_options);
  plan_options.machine = SpeedOf(options, facts.speed_source);
  const Plan plan = MakePlan(std::move(model), plan_options);
  PrintResult(options.json ? PlanJson(plan, plan_options, facts) : PlanText(plan, plan_options, facts));
}

// A positive number of 10^9 a second.
void AddSpeed(CLI::App& command, const char* flag, const char* unit, std::optional<double>& value, const char* help) {
  constexpr double kLeast = 0.001, kMost = 1e9;
  command
      .add_option_function<std::string>(
          flag,
          [&value, flag](const std::string& text) {
            double number = 0;
            const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
            if (result.ec != std::errc() || result.ptr != text.data() + text.size() ||
                !(number >= kLeast && number <= kMost)) {
              throw CLI::ValidationError(flag, "\"" + text + "\" is not a number from 0.001 to 1000000000");
            }
            value = number;
          },
          help)
      ->type_name(unit);
}

}  // namespace

void AddPlanCommand(CLI::App& app) {
  const auto options = std::make_shared<PlanCommandOptions>();
  CLI::App* command =
      app.add_subcommand("plan", "Show what a model needs and how fast it will be, before it is downloaded or loaded.");
  AddModelArgument(*command, options->model);
  command->get_option("MODEL")->description(
      "A config.json, or a .gguf file (its first megabytes are enough), or a folder with config.json, or a name in the "
      "store");
  command
      ->add_option_function<std::string>(
          "--memory",
          [&options = *options](const std::string& text) {
            options.memory = ParseByteSize(text);
            if (!options.memory) {
              throw CLI::ValidationError("--memory", "\"" + text + "\" is not a size such as 64GB, 64GiB or 512MB");
            }
          },
          "Memory to fit into, such as 64GB; default: what is free on this machine")
      ->type_name("SIZE");
  AddSpeed(*command, "--bandwidth", "GB/S", options->bandwidth,
           "What all threads read from memory, in 10^9 bytes a second; default: measured for a second");
  AddSpeed(*command, "--compute", "GOPS", options->compute_speed,
           "Int8 operations of all threads, in 10^9 a second; default: measured for a second. Where it is given, float "
           "operations are taken for a quarter of it, as with AVX-512 or AVX2 VNNI, unless --isa says otherwise");
  AddComputeOptions(*command, options->compute);
  command->get_option("--ctx")->description(
      "Tokens of prompt and answer to plan for, 2 or more; default: 8192, or what the model was made for where that is "
      "less, which is the most");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  candor plan smollm2-135m\n"
      "  candor plan ./DeepSeek-R1/config.json --memory 768GB --bandwidth 400 --compute 20000 --quantize q4_k\n"
      "  candor plan ./model.gguf --ctx 32768 --kv q8_0 --json\n"
      "\n"
      "Nothing but headers is read. \"memory\", \"compute\" or \"attention\" is what most of the time goes into: the\n"
      "limit that a faster machine would have to lift. docs/models.md has the figures of known models.");
  command->callback([options] { RunPlan(*options); });
}

}  // namespace candor
