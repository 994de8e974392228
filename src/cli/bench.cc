#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/load_model.h"
#include "cli/model_argument.h"
#include "cli/progress.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"
#include "engine/benchmark.h"
#include "engine/language_model.h"

namespace candor {
namespace {

struct BenchOptions {
  ModelArgument model;
  ComputeOptions compute;
  BenchmarkOptions run;
  bool json = false;
};

void PrintText(const std::string& name, const BenchmarkOptions& run, const BenchmarkResult& r, int threads,
               const char* isa, double load_seconds, uint64_t weight_bytes) {
  PrintResult(name + ", " + std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") + isa + "\n\n");
  std::printf("  prefill %-5u  %9.1f tokens/s   %3.0f %% of the machine's int8 peak, %.0f Gop/s\n", run.prompt,
              r.prefill_tps, 100 * r.prefill_peak_ratio, r.int8_gops);
  if (run.generate > 0) {
    std::printf("  decode %-6u  %9.1f tokens/s   %3.0f %% of its memory bandwidth, %.1f GB/s\n", run.generate,
                r.decode_tps, 100 * r.decode_bandwidth_ratio, r.read_gbps);
  }
  std::printf("\n  load %.2f s, peak memory %.1f MB, weights read per token %.1f MB\n", load_seconds,
              r.rss_mib * 1.048576, static_cast<double>(weight_bytes) / 1e6);
  std::printf("  logits %s\n", r.logits_digest.c_str());
}

void Bench(BenchOptions options) {
  ModelFiles files = OpenModel(options.model);
  const std::string name = files.name;
  SealForModel();
  const auto start = std::chrono::steady_clock::now();
  const LanguageModel language_model = LoadSealed(std::move(files), options.compute);
  const double load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Model& model = language_model.model();
  const KernelTable& kernels = language_model.kernels();
  ThreadPool& pool = language_model.pool();
  options.run.kv = options.compute.kv;
  options.run.exact = options.compute.exact;
  if (options.compute.chunk != 0) options.run.chunk = options.compute.chunk;
  BenchmarkResult result;
  {
    Progress progress("repetitions", ProgressUnit::kTokens, StderrIsTerminal());
    result = RunBenchmark(model, kernels, pool, options.run,
                          [&](uint32_t done, uint32_t total) { progress.Update(done, total); });
  }
  if (!options.json) {
    return PrintText(name, options.run, result, pool.size(), kernels.name, load_seconds, model.weight_bytes_per_token);
  }
  const boost::json::object object{{"model", name},
                                   {"prompt", options.run.prompt},
                                   {"gen", options.run.generate},
                                   {"batch", options.run.batch},
                                   {"prefill_tps", result.prefill_tps},
                                   {"decode_tps", result.decode_tps},
                                   {"load_s", load_seconds},
                                   {"rss_mib", result.rss_mib},
                                   {"threads", pool.size()},
                                   {"numerics", NumericsJson(options.compute)},
                                   {"isa", kernels.name},
                                   {"weight_bytes_per_token", model.weight_bytes_per_token},
                                   {"read_gbps", result.read_gbps},
                                   {"int8_gops", result.int8_gops},
                                   {"prefill_peak_ratio", result.prefill_peak_ratio},
                                   {"decode_bandwidth_ratio", result.decode_bandwidth_ratio},
                                   {"logits_digest", result.logits_digest}};
  PrintResult(boost::json::serialize(object) + "\n");
}

}  // namespace

void AddBenchCommand(CLI::App& app) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "Measure prefill and decode beside what the machine can do.");
  AddModelArgument(*command, options->model);
  command->add_option("--prompt", options->run.prompt, "Tokens of the prefill (default 512)");
  command->add_option("--gen", options->run.generate, "Tokens decoded after it, one at a time (default 128)");
  command->add_option("--batch", options->run.batch, "Sequences that decode together (default 1)");
  command->add_option("--repetitions", options->run.repetitions, "Repetitions whose median is shown (default 5)");
  AddComputeOptions(*command, options->compute, false);
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  candor bench smollm2-135m\n"
      "  candor bench smollm2-135m --isa avx2 --threads 1 --json\n"
      "\n"
      "Repetitions alternate with samples of the machine's own peaks: on a machine that is shared with others, the\n"
      "shares of the peaks say more than the speeds. The logits' digest is the same for any threads, instruction set\n"
      "and chunk; a difference would be a defect.");
  command->callback([options] { Bench(*options); });
}

}  // namespace candor
