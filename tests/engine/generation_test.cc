#include "engine/generation.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "chat/thought.h"
#include "engine/fakes.h"

namespace candor {
namespace {

// Ids by name, for tests that read like texts.
enum : TokenId { kHello, kSpace, kWorld, kOpen, kClose, kEnd, kNewline, kEuro1, kEuro2, kLess, kThink, kStop1, kStop2 };

struct Text {
  std::string reasoning, answer;
  std::optional<FinishReason> reason;
  std::string error;
};

class GenerationTest : public ::testing::Test {
 protected:
  GenerationTest() {
    request_.end_tokens = {kEnd};
    request_.thinking.open = kOpen;
    request_.thinking.close = kClose;
  }
  void UseTextMarks() {
    request_.thinking = {};
    request_.thinking.open_text = "<think>";
    request_.thinking.close_text = "</think>";
  }
  // The text of an answer of `tokens`, with the roles that the engine would give them.
  Text Read(const std::vector<TokenId>& tokens, FinishReason reason = FinishReason::kMaxTokens) {
    Generation generation(tokenizer_, request_, options_);
    ThoughtTracker tracker(request_.thinking);
    Text text;
    const auto take = [&](const Event& event) {
      for (const TextEvent& part : generation.Add(event)) {
        if (const auto* piece = std::get_if<ReasoningText>(&part)) {
          EXPECT_FALSE(piece->text.empty());
          EXPECT_TRUE(text.answer.empty());
          text.reasoning += piece->text;
        } else if (const auto* answer = std::get_if<AnswerText>(&part)) {
          EXPECT_FALSE(answer->text.empty());
          text.answer += answer->text;
        } else if (const auto* finished = std::get_if<TextFinished>(&part)) {
          EXPECT_FALSE(text.reason);
          text.reason = finished->reason;
          EXPECT_EQ(finished->usage.generated_tokens, 77u);
        } else if (const auto* failed = std::get_if<TextFailed>(&part)) {
          text.error = failed->message;
        }
      }
    };
    for (const TokenId token : tokens) {
      TokenOutput output;
      output.token = token;
      output.role = token == kEnd ? TokenRole::kMark : tracker.Add(token, SpelledBytes(tokenizer_, token), false);
      take({1, output});
    }
    EXPECT_FALSE(generation.finished());
    stopped_ = generation.stopped();
    Usage usage;
    usage.generated_tokens = 77;
    take({1, Finished{stopped_ ? FinishReason::kCancelled : reason, usage}});
    EXPECT_TRUE(generation.finished());
    take({1, TokenOutput{}});  // nothing comes after the end
    return text;
  }

  FakeTokenizer tokenizer_{
      {"Hello", " ", "world", "<think>", "</think>", "<|end|>", "\n", "\xE2\x82", "\xAC", "<", "think>", "ST", "OP"}};
  Request request_;
  GenerationOptions options_;
  bool stopped_ = false;
};

TEST_F(GenerationTest, TokensBecomeText) {
  const Text text = Read({kHello, kSpace, kWorld, kEnd}, FinishReason::kEndToken);
  EXPECT_EQ(text.answer, "Hello world");
  EXPECT_EQ(text.reasoning, "");
  EXPECT_EQ(text.reason, FinishReason::kEndToken);
}

TEST_F(GenerationTest, ThoughtIsApartFromTheAnswerWithoutMarksAndOuterBlanks) {
  const Text text = Read(
      {kOpen, kNewline, kHello, kNewline, kNewline, kWorld, kNewline, kClose, kNewline, kNewline, kHello, kNewline});
  EXPECT_EQ(text.reasoning, "Hello\n\nworld");
  EXPECT_EQ(text.answer, "Hello\n");
}

TEST_F(GenerationTest, BlanksStayWhereThereIsNoThought) {
  EXPECT_EQ(Read({kNewline, kSpace, kHello, kSpace}).answer, "\n Hello ");
}

TEST_F(GenerationTest, EmptyThoughtLeavesNothingBehind) {
  const Text text = Read({kOpen, kNewline, kClose, kNewline, kHello});
  EXPECT_EQ(text.reasoning, "");
  EXPECT_EQ(text.answer, "Hello");
}

TEST_F(GenerationTest, ThoughtThatIsNeverClosedIsReasoning) {
  request_.thinking.starts_open = true;
  const Text text = Read({kHello, kSpace, kWorld});
  EXPECT_EQ(text.reasoning, "Hello world");
  EXPECT_EQ(text.answer, "");
}

TEST_F(GenerationTest, TextMarksSplitAsTokensDo) {
  UseTextMarks();
  const Text text = Read({kNewline, kLess, kThink, kNewline, kHello, kClose, kNewline, kWorld, kNewline, kHello});
  EXPECT_EQ(text.reasoning, "Hello");
  EXPECT_EQ(text.answer, "world\nHello");
  request_.thinking.starts_open = true;
  EXPECT_EQ(Read({kHello, kSpace, kWorld}).reasoning, "Hello world");
}

TEST_F(GenerationTest, TextThatOnlyBeganLikeAMarkIsShown) {
  UseTextMarks();
  EXPECT_EQ(Read({kNewline, kLess, kHello}).answer, "\n<Hello");
  EXPECT_EQ(Read({kLess}).answer, "<");
}

TEST_F(GenerationTest, CharactersAreShownWhole) {
  EXPECT_EQ(Read({kHello, kEuro1, kEuro2}).answer, "Hello\u20AC");
  EXPECT_EQ(Read({kHello, kEuro1}).answer, "Hello\uFFFD");
  const Text text = Read({kOpen, kEuro1, kClose, kEuro2});
  EXPECT_EQ(text.reasoning, "\uFFFD");
  EXPECT_EQ(text.answer, "\uFFFD");
}

TEST_F(GenerationTest, StopStringEndsTheAnswerAndIsNeverShown) {
  options_.stop = {"STOP"};
  const Text text = Read({kHello, kSpace, kStop1, kStop2, kWorld});
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(text.answer, "Hello ");
  EXPECT_EQ(text.reason, FinishReason::kStopString);
  EXPECT_EQ(Read({kHello, kStop1}).answer, "HelloST");
  EXPECT_FALSE(stopped_);
}

TEST_F(GenerationTest, StopStringsDoNotEndAThought) {
  options_.stop = {"STOP"};
  const Text text = Read({kOpen, kStop1, kStop2, kClose, kHello});
  EXPECT_EQ(text.reasoning, "STOP");
  EXPECT_EQ(text.answer, "Hello");
}

TEST_F(GenerationTest, FailureShowsWhatThereWas) {
  options_.stop = {"STOP"};
  Generation generation(tokenizer_, request_, options_);
  TokenOutput output;
  output.token = kStop1;
  EXPECT_TRUE(generation.Add({1, output}).empty());
  const auto events = generation.Add({1, Failed{"broken", {}}});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<AnswerText>(events[0]).text, "ST");
  EXPECT_EQ(std::get<TextFailed>(events[1]).message, "broken");
  EXPECT_TRUE(generation.finished());
}

TEST_F(GenerationTest, RefusesBadStopStrings) {
  options_.stop = {""};
  EXPECT_THROW(Generation(tokenizer_, request_, options_), UsageError);
}

}  // namespace
}  // namespace candor
