#include "engine/token_picker.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "base/thread_pool.h"
#include "engine/logprobs.h"
#include "engine/sampler.h"

namespace candor {
namespace {

constexpr size_t kVocabulary = 5000;
constexpr size_t kRows = 23;
constexpr size_t kBrokenRow = 7;

// Rows that want different things; one has a logit that is not finite.
class TokenPickerTest : public ::testing::Test {
 protected:
  TokenPickerTest() : logits_(kRows * kVocabulary), requests_(kRows) {
    std::mt19937 random(11);
    for (float& logit : logits_) logit = 3 * std::normal_distribution<float>(0, 1)(random);
    logits_[kBrokenRow * kVocabulary + 4999] = std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < kRows; ++i) {
      Request& request = requests_[i];
      request.prompt = {1, 2, static_cast<TokenId>(i)};
      request.seed = i;
      request.sampling.temperature = 0.25 * static_cast<double>(i % 5);
      request.sampling.repetition_penalty = i % 2 == 0 ? 1 : 1.3;
      if (i % 3 == 0) request.logprobs = static_cast<uint32_t>(i % 7);
      rows_.push_back({std::span(logits_).subspan(i * kVocabulary, kVocabulary), &request, request.prompt});
    }
  }

  std::vector<float> logits_;
  std::vector<Request> requests_;
  std::vector<LogitsRow> rows_;
};

void ExpectEqual(const PickedToken& a, const PickedToken& b) {
  EXPECT_EQ(a.token, b.token);
  EXPECT_EQ(a.logprob, b.logprob);
  ASSERT_EQ(a.top.size(), b.top.size());
  for (size_t i = 0; i < a.top.size(); ++i) {
    EXPECT_EQ(a.top[i].token, b.top[i].token);
    EXPECT_EQ(a.top[i].logprob, b.top[i].logprob);
  }
}

TEST_F(TokenPickerTest, ARowsTokenDependsOnNoOtherRowAndNoThread) {
  const KernelTable& kernels = *AvailableKernels()[0];
  ThreadPool pool(3);
  TokenPicker together(kernels, &pool);
  TokenPicker alone(kernels, nullptr);
  for (int repetition = 0; repetition < 20; ++repetition) {
    const std::span<PickedToken> picked = together.Pick(rows_);
    ASSERT_EQ(picked.size(), kRows);
    for (size_t i = 0; i < kRows; ++i) ExpectEqual(picked[i], alone.Pick(std::span(rows_).subspan(i, 1))[0]);
  }
}

TEST_F(TokenPickerTest, PicksWhatTheSamplerDoesWithTheModelsLogprobs) {
  const KernelTable& kernels = *AvailableKernels()[0];
  TokenPicker picker(kernels, nullptr);
  const std::span<PickedToken> all = picker.Pick(rows_);
  Sampler sampler(kernels);
  for (size_t i = 0; i < kRows; ++i) {
    const Request& request = requests_[i];
    EXPECT_EQ(all[i].token, sampler.Sample(rows_[i].logits, request.sampling,
                                           {request.prompt, request.prompt.size(), request.seed, request.choice}));
    EXPECT_EQ(all[i].token.has_value(), i != kBrokenRow);
    EXPECT_EQ(all[i].top.size(), all[i].token ? request.logprobs.value_or(0) : 0);
    if (all[i].token && request.logprobs) {
      const float logit = rows_[i].logits[static_cast<size_t>(*all[i].token)];
      EXPECT_EQ(all[i].logprob, static_cast<double>(logit) - LogSumExp(kernels, rows_[i].logits));
    }
  }
}

}  // namespace
}  // namespace candor
