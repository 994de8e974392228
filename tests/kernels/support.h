// What the tests of kernels share.
#ifndef CANDOR_TESTS_KERNELS_SUPPORT_H_
#define CANDOR_TESTS_KERNELS_SUPPORT_H_

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

namespace candor {

inline std::vector<float> Normal(size_t n, unsigned seed, float deviation = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> x(n);
  for (float& v : x) v = normal(random);
  return x;
}

// The same bits, but that any NaN is as good as another.
inline void ExpectSame(std::span<const float> got, std::span<const float> want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(std::bit_cast<uint32_t>(got[i]) == std::bit_cast<uint32_t>(want[i]) ||
                (std::isnan(got[i]) && std::isnan(want[i])))
        << what << " " << i << ": " << got[i] << ", defined " << want[i];
  }
}

// Calls `use` for every table, in the floating-point mode that kernels are called in.
template <class Use>
void ForEachTable(Use use) {
  ThreadPool mode(1);
  mode.Run([&](Worker&) {
    for (const KernelTable* const* table = AvailableKernels(); *table; ++table) use(**table);
  });
}

}  // namespace candor

#endif  // CANDOR_TESTS_KERNELS_SUPPORT_H_
