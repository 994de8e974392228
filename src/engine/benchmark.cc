#include "engine/benchmark.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/statistics.h"
#include "engine/kv_cache.h"
#include "kernels/peaks.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Tokens that repeat for every run and machine.
int32_t TokenAt(uint64_t i, uint32_t vocabulary) { return static_cast<int32_t>((i * 7919 + 13) % vocabulary); }

uint64_t LayerValues(const LayerConfig& config, const LayerWeights& w) {
  uint64_t values = 0;
  for (const PackedMatrix* matrix : MatricesPerToken(config, w)) values += uint64_t{matrix->rows()} * matrix->cols();
  return values;
}

// The sequences of one repetition, on fresh pages.
class Repetition {
 public:
  Repetition(Decoder& decoder, const KvLayout& layout, const BenchmarkOptions& options, uint32_t vocabulary)
      : decoder_(decoder), options_(options), vocabulary_(vocabulary), cache_(layout.groups(), UINT64_MAX) {
    for (uint32_t i = 0; i < options.batch; ++i) sequences_.push_back(std::make_unique<KvSequence>(cache_));
  }

  // Seconds that the first sequence's prompt took; its last logits go to `hash`.
  double Prefill(Sha256& hash) {
    const auto start = Clock::now();
    RunPrompt(*sequences_[0]);
    const double seconds = Since(start);
    hash.Update(std::as_bytes(std::span(result_.logits)));
    for (uint32_t i = 1; i < options_.batch; ++i) RunPrompt(*sequences_[i]);
    return seconds;
  }

  // Seconds that the decode steps took; the first sequence's logits go to `hash`, outside the time.
  double Decode(Sha256& hash) {
    double seconds = 0;
    for (uint32_t step = 0; step < options_.generate; ++step) {
      const auto start = Clock::now();
      const uint32_t position = options_.prompt + step;
      Batch batch;
      for (uint32_t i = 0; i < options_.batch; ++i) {
        CHECK(cache_.Prepare(*sequences_[i], position, position + 1));
        batch.tokens.push_back(TokenAt(position + i, vocabulary_));
        batch.wanted.push_back(WantedOutput::kLogits);
        batch.sequences.push_back({&sequences_[i]->pages(), position, 1});
      }
      decoder_.Run(batch, result_);
      seconds += Since(start);
      hash.Update(std::as_bytes(std::span(result_.logits).first(vocabulary_)));
    }
    return seconds;
  }

  uint64_t kv_bytes() const { return cache_.used_bytes(); }

 private:
  void RunPrompt(KvSequence& sequence) {
    for (uint32_t first = 0; first < options_.prompt; first += options_.chunk) {
      const uint32_t count = std::min(options_.chunk, options_.prompt - first);
      CHECK(cache_.Prepare(sequence, first, first + count));
      Batch batch;
      for (uint32_t i = 0; i < count; ++i) batch.tokens.push_back(TokenAt(first + i, vocabulary_));
      batch.wanted.assign(count, WantedOutput::kNone);
      if (first + count == options_.prompt) batch.wanted.back() = WantedOutput::kLogits;
      batch.sequences = {{&sequence.pages(), first, count}};
      decoder_.Run(batch, result_);
    }
  }

  Decoder& decoder_;
  const BenchmarkOptions& options_;
  uint32_t vocabulary_;
  KvCache cache_;
  std::vector<std::unique_ptr<KvSequence>> sequences_;
  BatchResult result_;
};

void CheckOptions(const BenchmarkOptions& o, uint32_t context) {
  const auto check = [](const char* name, uint32_t value, uint32_t min, uint32_t max) {
    if (value < min || value > max) {
      throw UsageError(std::string(name) + ": " + std::to_string(value) + " is out of range; expected " +
                       std::to_string(min) + " to " + std::to_string(max));
    }
  };
  check("prompt", o.prompt, 1, context);
  check("gen", o.generate, 0, context - o.prompt);
  check("batch", o.batch, 1, 256);
  check("chunk", o.chunk, 1, 8192);
  check("repetitions", o.repetitions, 1, 1000);
}

}  // namespace

BenchmarkResult RunBenchmark(const Model& model, const KernelTable& kernels, ThreadPool& pool,
                             const BenchmarkOptions& options,
                             const std::function<void(uint32_t done, uint32_t total)>& progress) {
  CheckOptions(options, model.config.context_length);
  const KvLayout layout(model.config, options.kv);
  Decoder decoder(model, layout, kernels, pool,
                  {.exact = options.exact, .max_rows = std::max(options.chunk, options.batch)});
  std::vector<double> prefill, decode, read, int8;
  std::optional<Sha256Digest> digest;
  double kv_bytes = 0;
  std::optional<PeakMeter> meter;
  long peak_memory = 0;
  for (uint32_t i = 0; i <= options.repetitions; ++i) {
    if (progress) progress(i, options.repetitions + 1);
    Sha256 hash;
    Repetition repetition(decoder, layout, options, model.config.vocabulary);
    const double prefill_seconds = repetition.Prefill(hash);
    // Three samples around each repetition, so that even short runs have nine.
    for (int sample = 0; sample < 3 && meter; ++sample) {
      const Peaks peaks = meter->Sample();
      read.push_back(peaks.read_gbps);
      int8.push_back(peaks.int8_gops);
    }
    const double decode_seconds = repetition.Decode(hash);
    kv_bytes = static_cast<double>(repetition.kv_bytes());
    const Sha256Digest now = hash.Finish();
    CHECK(!digest || *digest == now);  // the promise itself
    digest = now;
    if (i == 0) {
      // Memory was first touched in this one, and what it took is the model's: the meter takes its own now.
      rusage usage;
      ::getrusage(RUSAGE_SELF, &usage);
      peak_memory = usage.ru_maxrss;
      meter.emplace(kernels, pool);
      continue;
    }
    prefill.push_back(options.prompt / prefill_seconds);
    if (options.generate > 0) decode.push_back(options.generate * options.batch / decode_seconds);
  }
  uint64_t values = 0;
  for (size_t i = 0; i < model.config.layers.size(); ++i) {
    values += LayerValues(model.config.layers[i], model.weights.layers[i]);
  }
  BenchmarkResult result{.prefill_tps = Median(prefill),
                         .decode_tps = Median(decode),
                         .read_gbps = Median(read),
                         .int8_gops = Median(int8),
                         .rss_mib = static_cast<double>(peak_memory) / 1024,
                         .logits_digest = ToHex(*digest)};
  result.prefill_peak_ratio = 2e-9 * static_cast<double>(values) * result.prefill_tps / result.int8_gops;
  const double step_bytes = static_cast<double>(model.weight_bytes_per_token) + kv_bytes;
  result.decode_bandwidth_ratio = step_bytes * result.decode_tps / options.batch / 1e9 / result.read_gbps;
  return result;
}

}  // namespace candor
