#include "engine/generation.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "chat/answer_splitter.h"
#include "chat/reasoning.h"
#include "engine/fakes.h"
#include "support/byte_tokenizer.h"

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
    request_.thinking.format = MarkFormat{{kOpen}, {kClose}};
  }
  void UseTextMarks() { request_.thinking = {.format = MarkFormat{{"<think>"}, {"</think>"}}}; }
  void StartInside() { request_.thinking.begun = OpeningOf(request_.thinking.format); }
  // The text of an answer of `tokens`, with the roles that the engine would give them.
  Text Read(const std::vector<TokenId>& tokens, FinishReason reason = FinishReason::kMaxTokens) {
    Generation generation(tokenizer_, request_, options_);
    const auto splitter = MakeAnswerSplitter(request_.thinking);
    Text text;
    const auto take = [&](const Event& event) {
      for (const TextEvent& part : generation.Add(event)) {
        if (const auto* piece = std::get_if<ReasoningText>(&part)) {
          EXPECT_FALSE(piece->text.empty());
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
      output.role = token == kEnd ? TokenRole::kMark : splitter->Add(token, SpelledBytes(tokenizer_, token), false);
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
  StartInside();
  const Text text = Read({kHello, kSpace, kWorld});
  EXPECT_EQ(text.reasoning, "Hello world");
  EXPECT_EQ(text.answer, "");
}

TEST_F(GenerationTest, TextMarksSplitAsTokensDo) {
  UseTextMarks();
  const Text text = Read({kNewline, kLess, kThink, kNewline, kHello, kClose, kNewline, kWorld, kNewline, kHello});
  EXPECT_EQ(text.reasoning, "Hello");
  EXPECT_EQ(text.answer, "world\nHello");
  StartInside();
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

TEST_F(GenerationTest, ThoughtsAndPiecesOfTheAnswerAreJoinedByAnEmptyLine) {
  Text text = Read({kHello, kOpen, kHello, kClose, kNewline, kWorld, kNewline, kOpen, kWorld, kClose, kHello});
  EXPECT_EQ(text.reasoning, "Hello\n\nworld");
  EXPECT_EQ(text.answer, "Hello\n\nworld\n\nHello");
  // Blanks are no piece.
  EXPECT_EQ(Read({kNewline, kOpen, kHello, kClose, kNewline, kWorld}).answer, "\nworld");
  EXPECT_EQ(Read({kHello, kOpen, kHello, kClose, kNewline}).answer, "Hello");
  // A mark that changes nothing joins nothing.
  EXPECT_EQ(Read({kHello, kClose, kWorld}).answer, "Helloworld");
}

TEST_F(GenerationTest, RefusesBadStopStrings) {
  options_.stop = {""};
  EXPECT_THROW(Generation(tokenizer_, request_, options_), UsageError);
}

// Answers with channels, as OpenAI's document of the harmony format has them.
class GenerationChannelsTest : public ::testing::Test {
 protected:
  // What an answer becomes: "R:" reasoning, "A:" answer, "T<call>:<recipient>:" a call; an event a line.
  std::vector<std::string> Events(const std::string& answer, const std::vector<std::string>& stop = {}) {
    Request request;
    request.end_tokens = tokenizer_.end_tokens();
    request.thinking.format = FindReasoningFormat(tokenizer_, "").format;
    request.thinking.begun = {tokenizer_.Id("<|start|>"), "assistant"};
    Generation generation(tokenizer_, request, {.stop = stop});
    std::vector<std::string> shown;
    const auto show = [&](const std::string& kind, const std::string& text) {
      if (shown.empty() || !shown.back().starts_with(kind)) shown.push_back(kind);
      shown.back() += text;
    };
    const auto take = [&](const Event& event) {
      for (const TextEvent& part : generation.Add(event)) {
        if (const auto* piece = std::get_if<ReasoningText>(&part)) show("R:", piece->text);
        if (const auto* piece = std::get_if<AnswerText>(&part)) show("A:", piece->text);
        if (const auto* piece = std::get_if<ToolCallText>(&part)) {
          show("T" + std::to_string(piece->call) + ":" + piece->recipient + ":", piece->text);
        }
      }
    };
    const auto splitter = MakeAnswerSplitter(request.thinking);
    for (const TokenId token : tokenizer_.Tokens(answer)) {
      const bool ends = std::ranges::find(request.end_tokens, token) != request.end_tokens.end();
      TokenOutput output;
      output.token = token;
      output.role = ends ? TokenRole::kMark : splitter->Add(token, SpelledBytes(tokenizer_, token), false);
      take({1, output});
    }
    take({1, Finished{}});
    return shown;
  }
  using Lines = std::vector<std::string>;
  const ByteTokenizer tokenizer_ = HarmonyTokenizer();
};

TEST_F(GenerationChannelsTest, MessagesBecomeTextByTheirChannels) {
  EXPECT_EQ(
      Events("<|channel|>analysis<|message|> Nine. <|end|><|start|>assistant<|channel|>final<|message|>9<|return|>"),
      (Lines{"R:Nine.", "A:9"}));
  EXPECT_EQ(Events("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>b<|end|>"
                   "<|start|>assistant<|channel|>final<|message|>c<|return|>"),
            (Lines{"R:a\n\nb", "A:c"}));
}

TEST_F(GenerationChannelsTest, CallsAreApartAndBeginWithTheirRecipient) {
  EXPECT_EQ(Events("<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>commentary "
                   "to=functions.f <|constrain|>json<|message|>{\"x\": 1}<|call|>"),
            (Lines{"A:I look.", "T0:functions.f:{\"x\": 1}"}));
  EXPECT_EQ(Events("<|channel|>commentary to=functions.f<|message|> a <|end|><|start|>assistant to=functions.f"
                   "<|channel|>commentary<|message|><|call|>"),
            (Lines{"T0:functions.f: a ", "T1:functions.f:"}));
  EXPECT_EQ(Events("<|channel|>commentary to=f\xFF<|message|>\xFF<|call|>"), (Lines{"T0:f\uFFFD:\uFFFD"}));
}

TEST_F(GenerationChannelsTest, AStopStringEndsTheAnswerOnly) {
  EXPECT_EQ(Events("<|channel|>analysis<|message|>STOP<|end|><|start|>assistant to=f<|message|>STOP<|end|>"
                   "<|start|>assistant<|channel|>final<|message|>aSTOPb<|end|><|start|>assistant to=g<|message|>",
                   {"STOP"}),
            (Lines{"R:STOP", "T0:f:STOP", "A:a"}));
}

TEST_F(GenerationChannelsTest, NothingComesBehindAStopString) {
  EXPECT_EQ(Events(" to=functions.f aSTOPb<|channel|>commentary<|message|>{}<|call|>", {"STOP"}), (Lines{"A:a"}));
}

TEST_F(GenerationChannelsTest, TextOfABrokenHeaderIsShownWhenTheAnswerEnds) {
  EXPECT_EQ(Events("<|channel|>final The answer<|return|>"), (Lines{"A:The answer"}));
  EXPECT_EQ(Events("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final"), (Lines{"R:a"}));
}

}  // namespace
}  // namespace candor
