#include "kernels/peaks.h"

#include <chrono>
#include <cstring>
#include <vector>

namespace candor {
namespace {

constexpr size_t kMemory = size_t{256} << 20;
constexpr uint64_t kRounds = 400'000;

template <class Work>
double Seconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

PeakMeter::PeakMeter(const KernelTable& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool), memory_(kMemory) {
  std::memset(memory_.data(), 1, memory_.size());
}

Peaks PeakMeter::Sample() {
  Peaks peaks;
  peaks.read_gbps = static_cast<double>(kMemory) / 1e9 / Seconds([&] {
                      pool_.Run([&](Worker& worker) {
                        const Range share = worker.Share(kMemory / 4096);
                        kernels_.read_burst(memory_.data() + share.begin * 4096, (share.end - share.begin) * 4096);
                      });
                    });
  std::vector<uint64_t> done(static_cast<size_t>(pool_.size()));
  const double seconds = Seconds([&] {
    pool_.Run([&](Worker& worker) { done[static_cast<size_t>(worker.rank())] = kernels_.dot_burst(kRounds); });
  });
  for (uint64_t operations : done) peaks.int8_gops += static_cast<double>(operations) / 1e9 / seconds;
  return peaks;
}

}  // namespace candor
