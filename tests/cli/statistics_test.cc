#include "cli/statistics.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(StatisticsLine, NamesCountsTimesAndSeed) {
  Usage usage;
  usage.prompt_tokens = 12;
  usage.reasoning_tokens = 3;
  usage.answer_tokens = 45;
  usage.generated_tokens = 51;
  usage.first_token_seconds = 0.314;
  usage.decode_seconds = 2;
  EXPECT_EQ(StatisticsLine(usage, FinishReason::kEndToken, 7, 0),
            "12 prompt, 3 reasoning, 45 answer tokens; first token 0.31 s; 25.0 tokens/s; seed 7");
  EXPECT_EQ(StatisticsLine(usage, FinishReason::kMaxTokens, 7, 0),
            "12 prompt, 3 reasoning, 45 answer tokens; first token 0.31 s; 25.0 tokens/s; seed 7; cut off by the token "
            "limit");
  usage.cached_tokens = 11;
  usage.answer_tokens = 0;
  EXPECT_EQ(StatisticsLine(usage, FinishReason::kEndToken, 7, 0),
            "12 prompt (11 cached), 3 reasoning, 0 answer tokens; first token 0.31 s; 25.0 tokens/s; seed 7; the model "
            "gave no answer");
  EXPECT_EQ(StatisticsLine({}, FinishReason::kCancelled, 7, 2),
            "0 prompt, 0 reasoning, 0 answer tokens; seed 7, choice 2; stopped");
  EXPECT_EQ(StatisticsLine({}, FinishReason::kCancelled, 0, 0),
            "0 prompt, 0 reasoning, 0 answer tokens; seed 0; stopped");
}

TEST(ContextWarning, ComesBeforeTheContextIsFull) {
  EXPECT_EQ(ContextWarning(799, 1000), "");
  EXPECT_EQ(ContextWarning(800, 1000),
            "800 of 1000 tokens of context used: 200 left for questions and answers; /reset begins again");
  EXPECT_EQ(ContextWarning(1000, 1000), "the context is full (1000 tokens): /reset begins again");
  EXPECT_EQ(ContextWarning(4'000'000'000u, 4'294'967'295u).substr(0, 13), "4000000000 of");
}

}  // namespace
}  // namespace candor
