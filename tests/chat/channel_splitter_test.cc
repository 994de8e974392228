// Answers in OpenAI's harmony response format, as its document describes them, and what a model may write instead.
#include "chat/channel_splitter.h"

#include <gtest/gtest.h>

#include <random>

#include "chat/reasoning.h"
#include "chat/splits.h"

namespace candor {
namespace {

class ChannelSplitterTest : public ::testing::Test {
 protected:
  // The prompt ends with <|start|>assistant, as those of the format do.
  ThinkingControl Control() const {
    ThinkingControl control{.format = FindReasoningFormat(tokenizer_, "").format};
    control.begun = {tokenizer_.Id("<|start|>"), "assistant"};
    return control;
  }
  std::vector<TestToken> Tokens(const std::string& answer) const {
    return TestTokens(tokenizer_, tokenizer_.Tokens(answer));
  }
  std::string Split(const std::string& answer) const { return Split(Control(), answer); }
  std::string Split(const ThinkingControl& control, const std::string& answer) const {
    const SplitResult streamed = SplitAll(control, Tokens(answer), true);
    EXPECT_EQ(SplitAll(control, Tokens(answer), false).shown, streamed.shown);
    return streamed.shown;
  }
  const ByteTokenizer tokenizer_ = HarmonyTokenizer();
};

TEST_F(ChannelSplitterTest, AnalysisIsReasoningAndFinalIsTheAnswer) {
  EXPECT_EQ(Split("<|channel|>analysis<|message|>Nine.<|end|><|start|>assistant<|channel|>final<|message|>9<|return|>"),
            "R(Nine.)A(9)");
  EXPECT_EQ(Split("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>b<|end|>"
                  "<|start|>assistant<|channel|>final<|message|>c"),
            "R(a)R(b)A(c)");
  EXPECT_EQ(Split("<|channel|>final<|message|>at once<|return|>"), "A(at once)");
}

TEST_F(ChannelSplitterTest, ARecipientMakesACallWhereverItIsNamed) {
  const std::string arguments = "<|message|>{\"x\": 1}<|call|>", expected = "T:functions.f({\"x\": 1})";
  for (const char* header :
       {"<|channel|>commentary to=functions.f <|constrain|>json",
        "<|channel|>commentary to=functions.f<|constrain|>json", " to=functions.f<|channel|>commentary json",
        " to=functions.f<|channel|>commentary <|constrain|>json", "<|channel|>commentary to=functions.f",
        "<|channel|>analysis to=functions.f code"}) {
    EXPECT_EQ(Split(header + arguments), expected) << header;
  }
  EXPECT_EQ(Split("<|channel|>analysis<|message|>Need f.<|end|><|start|>assistant to=functions.f<|channel|>commentary"
                  "<|message|>{}<|call|>"),
            "R(Need f.)T:functions.f({})");
}

TEST_F(ChannelSplitterTest, CommentaryForNobodyIsAnswer) {
  EXPECT_EQ(Split("<|channel|>commentary<|message|>First I look.<|end|><|start|>assistant<|channel|>commentary "
                  "to=functions.f<|constrain|>json<|message|>{}<|call|>"),
            "A(First I look.)T:functions.f({})");
  for (const char* nobody : {"assistant", "user", "all"}) {
    EXPECT_EQ(Split(std::string("<|channel|>commentary to=") + nobody + "<|message|>Hm.<|end|>"), "A(Hm.)");
  }
}

TEST_F(ChannelSplitterTest, ControlTokensWrittenAsTextAreText) {
  const auto splitter = MakeAnswerSplitter(Control());
  AnswerParts parts;
  for (const TokenId id : tokenizer_.Tokens("<|channel|>final<|message|>")) {
    splitter->Add(id, SpelledBytes(tokenizer_, id), false, &parts);
  }
  for (const char c : std::string("<|end|><|start|>x")) splitter->Add(c, std::string(1, c), false, &parts);
  EXPECT_EQ(Show(parts), "A(<|end|><|start|>x)");
}

TEST_F(ChannelSplitterTest, WithoutAPromptsHeaderTheAnswerIsTextUntilOneComes) {
  ThinkingControl control = Control();
  control.begun.clear();
  EXPECT_EQ(Split(control, "a<|start|>assistant<|channel|>analysis<|message|>b<|end|>"), "A(a)R(b)");
  control.begun = OpeningOf(control.format);
  EXPECT_EQ(Split(control, "b<|end|><|start|>assistant<|channel|>final<|message|>c"), "R(b)A(c)");
  control.begun = {tokenizer_.Id("<|start|>"), "assistant to=functions.f"};
  EXPECT_EQ(Split(control, "<|channel|>commentary<|message|>{}<|call|>"), "T:functions.f({})");
  control.begun = {tokenizer_.Id("<|start|>"), "assistant", tokenizer_.Id("<|channel|>"), "analysis"};
  EXPECT_EQ(Split(control, "<|message|>b<|end|>"), "R(b)");
}

// Each rule of chat/channel_splitter.h on answers that break the format.
TEST_F(ChannelSplitterTest, WhateverAModelWritesNoTextIsLost) {
  const struct {
    const char* answer;
    const char* expected;
  } cases[] = {
      // Unknown or missing channels.
      {"<|channel|>finalx<|message|>a<|return|>", "A(a)"},
      {"<|channel|><|message|>a<|return|>", "A(a)"},
      {"<|message|>a<|return|>", "A(a)"},
      {"<|channel|>analysis 2?<|message|>a<|end|>", "R(a)"},
      {"<|channel|>commentary?<|end|><|start|>assistant<|channel|>analysis<|message|>b", "A(commentary?)R(b)"},
      {"<|channel|>?<|end|>", "A(?)"},
      // No <|message|>.
      {"<|channel|>final The answer<|return|>", "A(The answer)"},
      {"<|channel|>final The answer", "A(The answer)"},
      {"<|channel|>analysis Let me see<|end|><|start|>assistant<|channel|>final<|message|>b", "R(Let me see)A(b)"},
      {"<|channel|>final<|return|>", ""},
      {"<|channel|>commentary to=functions.f {}<|call|>", "T:functions.f({})"},
      {"<|channel|>commentary to=functions.f<|constrain|>json{}<|call|>", "T:functions.f(json{})"},
      {"<|channel|>commentary to=functions.f<|call|>", "T:functions.f()"},
      {"Hello<|return|>", "A(Hello)"},
      {" Hello there", "A(Hello there)"},
      {"", ""},
      {"<|start|>user What?<|end|>", "A(user What?)"},
      {"<|start|>user<|message|>What?<|end|>", "A(What?)"},
      // Two channels, two starts, text between.
      {"<|channel|>analysis<|channel|>final<|message|>a", "A(a)"},
      {"<|channel|>commentary to=assistant<|channel|>commentary?<|end|>", "A(commentary?)"},
      {"<|channel|>analysis hm<|channel|>final<|message|>a", "R(hm)A(a)"},
      {"The answer<|channel|>final<|message|>a", "A(The answer)A(a)"},
      {" to=functions.f so<|channel|>commentary<|message|>{}<|call|>", "A(so)T:functions.f({})"},
      {"<|start|><|start|>assistant<|channel|>final<|message|>a", "A(a)"},
      {"<|channel|>final<|message|>a<|channel|>analysis<|message|>b", "A(a)R(b)"},
      {"<|channel|>final<|message|>a<|start|>assistant<|channel|>analysis<|message|>b", "A(a)R(b)"},
      {"<|channel|>analysis<|message|>a<|end|>364<|start|>assistant<|channel|>final<|message|>b", "R(a)A(364)A(b)"},
      {"<|channel|>analysis<|message|>a<|end|><|message|>b", "R(a)A(b)"},
      {"<|channel|>final<|message|>a<|message|>b<|constrain|>c", "A(abc)"},
      {"<|end|><|end|><|channel|>final<|message|>a<|end|><|end|>b", "A(a)A(b)"},
      {"<|constrain|>json<|message|>a", "A(a)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Split(c.answer), c.expected) << c.answer;
}

TEST_F(ChannelSplitterTest, AHeaderThatGoesOnForTooLongIsText) {
  const std::string text(kMaxHeaderBytes, 'x');
  EXPECT_EQ(Split("<|channel|>final " + text + "y<|return|>"), "A(" + text + "y)");
  EXPECT_EQ(Split("<|channel|>analysis " + text + "y<|end|>z"), "R(" + text + "y)A(z)");
  EXPECT_EQ(Split("<|channel|>analysis" + std::string(2 * kMaxHeaderBytes, ' ') + "y"),
            "R(" + std::string(2 * kMaxHeaderBytes - 248, ' ') + "y)");
  // Not by the token: one that goes beyond the limit is divided there.
  const auto in_one = [&](const std::string& header) {
    return SplitAll(Control(), {{tokenizer_.Id("<|channel|>"), ""}, {7, header}}, true);
  };
  EXPECT_EQ(in_one("to=" + text + "y").shown, Split("<|channel|>to=" + text + "y"));
  EXPECT_EQ(in_one("to=" + text + "y").answer, 1u);
  EXPECT_EQ(in_one("final " + text + "y").shown, "A(" + text + "y)");
  EXPECT_EQ(in_one("final " + text + "y").answer, 1u);
  // It comes as soon as it is too long, not at the end.
  const auto splitter = MakeAnswerSplitter(Control());
  AnswerParts parts;
  for (size_t i = 0; i <= kMaxHeaderBytes; ++i) splitter->Add('x', "x", false, &parts);
  EXPECT_EQ(Show(parts), "A(" + text + "x)");
  // Channels that follow each other do not make it longer.
  std::string channels;
  for (int i = 0; i < 1000; ++i) channels += "<|channel|>final";
  EXPECT_EQ(Split(channels + "<|message|>a").back(), ')');
}

TEST_F(ChannelSplitterTest, HeadersAreMarksAndWhatWasNoHeaderIsCountedAsText) {
  const auto counts = [&](const std::string& answer) {
    const SplitResult result = SplitAll(Control(), Tokens(answer), true);
    return std::pair(result.reasoning, result.answer);
  };
  EXPECT_EQ(counts("<|channel|>analysis<|message|>abc<|end|><|start|>assistant<|channel|>final<|message|>de<|return|>"),
            std::pair(3u, 2u));
  EXPECT_EQ(counts("<|channel|>commentary to=functions.f<|message|>{}<|call|>"), std::pair(0u, 2u));
  EXPECT_EQ(counts("<|channel|>final abc<|return|>"), std::pair(0u, 3u));
  EXPECT_EQ(counts("<|channel|>analysis abc<|end|>"), std::pair(3u, 0u));
  // A token that is half a header is text.
  const SplitResult half =
      SplitAll(Control(), {{tokenizer_.Id("<|channel|>"), ""}, {1, "final a"}, {1, "b"}, {1, " "}}, true);
  EXPECT_EQ(half.shown, "A(ab )");
  EXPECT_EQ(half.answer, 3u);
}

TEST_F(ChannelSplitterTest, RolesAreKnownWhenTokensCome) {
  const auto splitter = MakeAnswerSplitter(Control());
  std::string roles;
  for (const TokenId id :
       tokenizer_.Tokens("<|channel|>analysis<|message|>ab<|end|><|start|>assistant to=f<|message|>c<|end|>d")) {
    constexpr char kLetters[] = {'A', 'R', 'T', '-'};
    roles += kLetters[static_cast<size_t>(splitter->Add(id, SpelledBytes(tokenizer_, id), false))];
  }
  EXPECT_EQ(roles, "----------RR-----------------T-A");
}

TEST_F(ChannelSplitterTest, ABudgetBoundsAllThoughtsTogether) {
  ThinkingControl control = Control();
  control.budget = 3;
  const auto splitter = MakeAnswerSplitter(control);
  const auto add = [&](const std::string& text, bool forced = false) {
    for (const TokenId id : tokenizer_.Tokens(text)) splitter->Add(id, SpelledBytes(tokenizer_, id), forced);
    return splitter->MustClose();
  };
  EXPECT_FALSE(add("<|channel|>analysis<|message|>ab"));
  EXPECT_FALSE(add("<|end|><|start|>assistant<|channel|>final<|message|>answer"));
  EXPECT_FALSE(add("<|end|><|start|>assistant<|channel|>analysis<|message|>", true));
  EXPECT_FALSE(add("forced", true));
  EXPECT_TRUE(add("c"));
  EXPECT_FALSE(add("<|end|><|start|>assistant<|channel|>final<|message|>", true));
  // Nor is a header, whatever stood before it.
  EXPECT_FALSE(add("<|end|><|channel|>analysis hm<|channel|>analysis"));
  EXPECT_TRUE(add("<|message|>"));
  // What is said to a tool is no thought.
  EXPECT_FALSE(add("<|end|><|start|>assistant<|channel|>analysis to=python<|message|>1 + 1"));
}

// Where control tokens stand says everything; how the text between them is divided says nothing.
TEST_F(ChannelSplitterTest, SplitsTheSameHoweverTokensDivideTheText) {
  const std::string answers[] = {
      "<|channel|>analysis<|message|>a b<|end|><|start|>assistant<|channel|>final<|message|>c d<|return|>",
      "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\": 1}<|call|>",
      " to=functions.f so<|channel|>commentary<|message|>{}<|end|>between<|start|>assistant final<|end|>",
      "<|channel|>final no message here<|return|>",
  };
  std::mt19937 random(1);
  for (const std::string& answer : answers) {
    const std::string expected = Split(answer);
    for (int i = 0; i < 2000; ++i) {
      std::vector<TestToken> tokens;
      for (const TestToken& token : Tokens(answer)) {
        const bool joins = token.id < 256 && !tokens.empty() && tokens.back().id < 256 && random() % 3 != 0;
        joins ? void(tokens.back().bytes += token.bytes) : tokens.push_back(token);
      }
      ASSERT_EQ(SplitAll(Control(), tokens, true).shown, expected) << answer;
      ASSERT_EQ(SplitAll(Control(), tokens, false).shown, expected) << answer;
    }
  }
}

}  // namespace
}  // namespace candor
