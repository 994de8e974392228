#include "engine/logprobs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace candor {
namespace {

// Expected values worked out by hand: the softmax of log(1), log(2), log(5) is 1/8, 2/8, 5/8.
TEST(LogprobsTest, AreTheLogarithmOfTheSoftmax) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  const double log_sum = LogSumExp(logits);
  EXPECT_NEAR(log_sum, std::log(8.0), 1e-7);  // the logits themselves are rounded to float32
  const auto top = MostLikely(logits, log_sum, 2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].token, 2);
  EXPECT_NEAR(top[0].logprob, std::log(5.0 / 8), 1e-7);
  EXPECT_EQ(top[1].token, 1);
  EXPECT_NEAR(top[1].logprob, std::log(2.0 / 8), 1e-7);
}

TEST(LogprobsTest, LargeLogitsDoNotOverflow) {
  EXPECT_NEAR(LogSumExp(std::vector<float>{3e38f, 3e38f}), 3e38, 1e32);
  EXPECT_DOUBLE_EQ(LogSumExp(std::vector<float>{-3e38f, 0}), 0);
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
