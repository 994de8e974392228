#include "engine/logprobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/kernel_table.h"
#include "kernels/spec/math.h"

namespace candor {
namespace {

// Expected values worked out by hand: the softmax of log(1), log(2), log(5) is 1/8, 2/8, 5/8.
TEST(LogprobsTest, AreTheLogarithmOfTheSoftmax) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  const double log_sum = LogSumExp(*AvailableKernels()[0], logits);
  EXPECT_NEAR(log_sum, std::log(8.0), 1e-7);  // the logits themselves are rounded to float32
  const auto top = MostLikely(logits, log_sum, 2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].token, 2);
  EXPECT_NEAR(top[0].logprob, std::log(5.0 / 8), 1e-7);
  EXPECT_EQ(top[1].token, 1);
  EXPECT_NEAR(top[1].logprob, std::log(2.0 / 8), 1e-7);
}

TEST(LogprobsTest, LargeLogitsDoNotOverflow) {
  EXPECT_NEAR(LogSumExp(*AvailableKernels()[0], std::vector<float>{3e38f, 3e38f}), 3e38, 1e32);
  EXPECT_DOUBLE_EQ(LogSumExp(*AvailableKernels()[0], std::vector<float>{-3e38f, 0}), 0);
}

// The bits of every instruction set, and the sum to 14 digits by 80-bit arithmetic and the C library.
TEST(LogprobsTest, SumsAreTheSameOnEveryInstructionSet) {
  std::mt19937 random(5);
  for (const size_t size : {1, 15, 16, 17, 100, 151936}) {
    for (const float deviation : {0.01f, 3.0f, 40.0f}) {
      std::vector<float> logits(size);
      for (float& logit : logits) logit = deviation * std::normal_distribution<float>(0, 1)(random);
      const float largest = *std::max_element(logits.begin(), logits.end());
      long double sum = 0;
      for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - static_cast<double>(largest));
      const double first = AvailableKernels()[0]->sum_of_exponentials(logits.data(), size, largest);
      EXPECT_NEAR(first / static_cast<double>(sum), 1, 4e-15) << size << " " << deviation;
      for (const KernelTable* const* table = AvailableKernels(); *table != nullptr; ++table) {
        EXPECT_EQ((*table)->sum_of_exponentials(logits.data(), size, largest), first) << (*table)->name;
      }
    }
  }
}

// As spelled out in docs/numerics-sampling.md, with the scalar exponential.
TEST(LogprobsTest, SumsGoBy16LanesAndTheirTree) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = -0.0917f * static_cast<float>(i * 7919 % 1000);
  double lane[16] = {};
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] >= -64) lane[i % 16] += spec::Exp(logits[i]);
  }
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  EXPECT_EQ(AvailableKernels()[0]->sum_of_exponentials(logits.data(), logits.size(), 0), lane[0]);
}

TEST(LogprobsTest, TheMostLikelyAreFoundAnywhere) {
  std::mt19937 random(6);
  std::vector<float> logits(1000);
  for (int round = 0; round < 50; ++round) {
    for (float& logit : logits) logit = static_cast<float>(random() % 97);
    std::vector<TokenId> expected(logits.size());
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<TokenId>(i);
    std::stable_sort(expected.begin(), expected.end(), [&](TokenId a, TokenId b) { return logits[a] > logits[b]; });
    expected.resize(20);
    std::vector<TokenId> found;
    for (const TokenLogprob& entry : MostLikely(logits, 0, 20)) found.push_back(entry.token);
    EXPECT_EQ(found, expected);
  }
}

TEST(LogprobsTest, EquallyLikelyTokensComeById) {
  const auto top = MostLikely(std::vector<float>{1, 2, 0.0f, 2, -0.0f}, 0, 5);
  std::vector<TokenId> order;
  for (const TokenLogprob& entry : top) order.push_back(entry.token);
  EXPECT_EQ(order, (std::vector<TokenId>{1, 3, 0, 2, 4}));
}

TEST(LogprobsTest, NoneOrMoreThanThereAreMayBeAsked) {
  EXPECT_TRUE(MostLikely(std::vector<float>{1, 2}, 0, 0).empty());
  EXPECT_EQ(MostLikely(std::vector<float>{1, 2}, 0, 20).size(), 2u);
}

}  // namespace
}  // namespace candor
