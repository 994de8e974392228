#include "engine/sampling_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/kernel_table.h"
#include "kernels/spec/math.h"

namespace candor {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

// Expected values by Python's decimal module: round(exp(x) * 2^32).
TEST(SamplingWeightsTest, WeightIsTheExponentialRoundedTo32Bits) {
  EXPECT_EQ(WeightOf(0), 1.0);
  EXPECT_EQ(WeightOf(-1), 1580030169 * 0x1p-32);
  EXPECT_EQ(WeightOf(-10.5), 118268 * 0x1p-32);
  EXPECT_EQ(WeightOf(-22), 1 * 0x1p-32);
  EXPECT_EQ(WeightOf(-22.8), 1 * 0x1p-32);
  EXPECT_EQ(WeightOf(-23), 0.0);
  EXPECT_EQ(WeightOf(-1e300), 0.0);
}

TEST(SamplingWeightsTest, LogitBelowLeavesNoWeightBehind) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 100000; ++round) {
    const double temperature = std::exp(uniform(random) * 20 - 15);
    const auto largest = static_cast<float>((uniform(random) - 0.5) * std::exp(uniform(random) * 60 - 10));
    const double exponent = -23 * uniform(random);
    const float cut = LogitBelow(exponent, largest, temperature);
    // The lowest logits whose exponent may be that high.
    auto logit = static_cast<float>(largest + exponent * temperature);
    for (int step = 0; step < 3; ++step, logit = std::nextafter(logit, -kLargest)) {
      if (ExponentOf(logit, largest, temperature) >= exponent) {
        ASSERT_GT(logit, cut);
      }
    }
  }
  EXPECT_LT(LogitBelow(-23, -kLargest, 10), -kLargest);
}

void ExpectSumOfEverySet(const std::vector<float>& logits, double temperature) {
  float largest = -kLargest;
  for (const float logit : logits) largest = std::max(largest, logit);
  double expected = 0;
  for (const float logit : logits) expected += WeightOf(ExponentOf(logit, largest, temperature));
  for (const KernelTable* const* table = AvailableKernels(); *table != nullptr; ++table) {
    EXPECT_EQ((*table)->sum_of_weights(logits.data(), logits.size(), largest, temperature,
                                       LogitBelow(kSmallestExponent, largest, temperature)),
              expected)
        << (*table)->name << " " << logits.size() << " " << temperature;
  }
}

TEST(SamplingWeightsTest, SumIsExactOnEveryInstructionSet) {
  std::mt19937 random(2);
  for (const size_t size : {1, 2, 15, 16, 17, 31, 1000, 50000}) {
    for (const float deviation : {0.0f, 0.3f, 3.0f, 30.0f}) {
      for (const double temperature : {1e-30, 0.05, 0.7, 1.0, 10.0}) {
        std::vector<float> logits(size);
        for (float& logit : logits) logit = deviation * std::normal_distribution<float>(0, 1)(random);
        ExpectSumOfEverySet(logits, temperature);
      }
    }
  }
}

// Every weight by itself, through the ends of its range.
TEST(SamplingWeightsTest, EveryExponentHasTheSameWeightInASum) {
  for (int i = 0; i <= 24000; i += 7) ExpectSumOfEverySet({0, static_cast<float>(-i) / 1000}, 1.0);
  for (int i = 0; i <= 300; ++i) ExpectSumOfEverySet({0, -23.0f + static_cast<float>(i - 150) * 0x1p-16f}, 1.0);
}

TEST(SamplingWeightsTest, ExtremesAddUpToo) {
  ExpectSumOfEverySet({kLargest, -kLargest, 0, kLargest}, 10);
  ExpectSumOfEverySet({-kLargest}, 1);
  ExpectSumOfEverySet({0.0f, -0.0f, 1e-45f, -1e-45f}, 5e-324);
  ExpectSumOfEverySet(std::vector<float>(size_t{1} << 20, 3.5f), 1);
}

}  // namespace
}  // namespace candor
