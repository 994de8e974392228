// How fast a model runs on this machine, beside what the machine can do.
//
// Repetitions of prefill and decode alternate with samples of the machine's peaks (kernels/peaks.h), and medians are
// reported: on a shared machine one number alone would measure the neighbours.
#ifndef CANDOR_ENGINE_BENCHMARK_H_
#define CANDOR_ENGINE_BENCHMARK_H_

#include <cstdint>
#include <functional>
#include <string>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "model/decoder.h"
#include "model/kv_layout.h"
#include "model/model.h"

namespace candor {

struct BenchmarkOptions {
  uint32_t prompt = 512;     // tokens of the prefill, at least 1
  uint32_t generate = 128;   // decode steps after it; 0 = none
  uint32_t batch = 1;        // sequences that decode together; the prefill is one sequence
  uint32_t chunk = 512;      // rows of a prefill step
  uint32_t repetitions = 5;  // after one that warms up
  KvType kv = KvType::kF16;
  bool exact = false;
};

struct BenchmarkResult {
  double prefill_tps = 0;  // prompt tokens a second, median
  double decode_tps = 0;   // tokens a second of all sequences together, median
  double read_gbps = 0;    // the machine's peaks, medians of the samples
  double int8_gops = 0;
  // 2 * (values of the matrices a prompt token meets) * prefill_tps / int8 peak. Attention and norms are not counted.
  double prefill_peak_ratio = 0;
  // (weights and cached keys and values that a step reads) * steps a second / read peak. May pass 1 where a model
  // fits the caches.
  double decode_bandwidth_ratio = 0;
  double rss_mib = 0;  // the process's peak memory before the peaks were measured
  // SHA-256 of the last logits of the prefill and of every decode step: the same on every machine, for any threads,
  // instruction set and chunk.
  std::string logits_digest;
};

// `progress` is called with repetitions done, of how many; may be empty. Throws UsageError when a count is out of range
// or prompt and generated tokens do not fit the model's context.
BenchmarkResult RunBenchmark(const Model& model, const KernelTable& kernels, ThreadPool& pool,
                             const BenchmarkOptions& options,
                             const std::function<void(uint32_t done, uint32_t total)>& progress);

}  // namespace candor

#endif  // CANDOR_ENGINE_BENCHMARK_H_
