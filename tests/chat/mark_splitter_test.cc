#include "chat/mark_splitter.h"

#include <gtest/gtest.h>

#include <random>

#include "chat/splits.h"

namespace candor {
namespace {

constexpr TokenId kOpen = 1000, kClose = 1001, kSep = 1002, kOther = 1003;
constexpr TokenRole A = TokenRole::kAnswer, R = TokenRole::kReasoning, M = TokenRole::kMark;

ThinkingControl ByToken() { return {.format = MarkFormat{{kOpen}, {kClose}}}; }
ThinkingControl ByText() { return {.format = MarkFormat{{"<think>"}, {"</think>"}}}; }
ThinkingControl Inside(ThinkingControl control) {
  control.begun = OpeningOf(control.format);
  return control;
}
// <|open|>think<|sep|> opens, <|close|>think<|sep|> closes, <|open|>response<|sep|> is left out.
ThinkingControl BySeveral() {
  return {.format = MarkFormat{{kOpen, "think", kSep}, {kClose, "think", kSep}, {{kOpen, "response", kSep}}}};
}

// The roles of tokens given by id (their bytes would be a mark of text) or by bytes (their ids those of marks).
std::vector<TokenRole> Roles(const ThinkingControl& control, const std::vector<TokenId>& tokens) {
  const auto splitter = MakeAnswerSplitter(control);
  std::vector<TokenRole> roles;
  for (const TokenId token : tokens) roles.push_back(splitter->Add(token, "</think>", false));
  return roles;
}
std::vector<TokenRole> Roles(const ThinkingControl& control, const std::vector<std::string>& tokens) {
  const auto splitter = MakeAnswerSplitter(control);
  std::vector<TokenRole> roles;
  for (const std::string& bytes : tokens) roles.push_back(splitter->Add(kClose, bytes, false));
  return roles;
}

TEST(MarkSplitterTest, WithoutAFormatEverythingIsAnswer) {
  EXPECT_EQ(Roles({}, std::vector<TokenId>{1, kOpen, kClose}), (std::vector{A, A, A}));
  EXPECT_EQ(Roles({}, std::vector<std::string>{"<think>", "a"}), (std::vector{A, A}));
  EXPECT_EQ(SplitAll({}, {{1, "<think>"}, {2, "a"}}, true).shown, "A(<think>a)");
}

TEST(MarkSplitterTest, TokensOpenAndCloseAndTextDoesNot) {
  EXPECT_EQ(Roles(ByToken(), std::vector<TokenId>{1, kOpen, 2, 3, kClose, 4, kOpen, 5}),
            (std::vector{A, M, R, R, M, A, M, R}));
  EXPECT_EQ(
      SplitAll(ByToken(), {{kOpen, "<think>"}, {1, "</think>"}, {kClose, "</think>"}, {2, "<think>"}}, true).shown,
      "R(</think>)A(<think>)");
}

TEST(MarkSplitterTest, MarkThatChangesNothingIsStillAMark) {
  EXPECT_EQ(Roles(ByToken(), std::vector<TokenId>{kClose, 1, kOpen, kOpen, 2}), (std::vector{M, A, M, M, R}));
}

TEST(MarkSplitterTest, StartsInsideWhereThePromptOpenedTheThought) {
  EXPECT_EQ(Roles(Inside(ByToken()), std::vector<TokenId>{1, kClose, 2}), (std::vector{R, M, A}));
  EXPECT_EQ(SplitAll(Inside(ByText()), {{1, "a</think>b"}}, false).shown, "R(a)A(b)");
  EXPECT_EQ(SplitAll(Inside(BySeveral()), {{1, "a"}, {kClose, ""}, {1, "think"}, {kSep, ""}, {1, "b"}}, false).shown,
            "R(a)A(b)");
}

TEST(MarkSplitterTest, TextOpensWhereTheAnswerBeginsHoweverTokensDivideIt) {
  EXPECT_EQ(Roles(ByText(), std::vector<std::string>{"<think>", "a", "</think>", "b"}), (std::vector{M, R, M, A}));
  EXPECT_EQ(Roles(ByText(), std::vector<std::string>{"\n", " <", "think", ">\n", "a", "x<", "/think", ">b", "c"}),
            (std::vector{A, A, A, M, R, R, R, M, A}));
  EXPECT_EQ(Roles(ByText(), std::vector<std::string>{"<think></think>", "b"}), (std::vector{M, A}));
}

TEST(MarkSplitterTest, TextLaterInTheAnswerDoesNotOpen) {
  EXPECT_EQ(Roles(ByText(), std::vector<std::string>{"a", "<think>", "b"}), (std::vector{A, A, A}));
  EXPECT_EQ(Roles(ByText(), std::vector<std::string>{"<thin", "g>", "<think>"}), (std::vector{A, A, A}));
  EXPECT_EQ(Roles(ByText(), std::vector<std::string>{"<think>", "</think>", "<think>", "b"}),
            (std::vector{M, M, A, A}));
}

TEST(MarkSplitterTest, TextMarkThatBeginsTwiceIsFound) {
  const ThinkingControl control{.format = MarkFormat{{"o"}, {"aab"}}, .begun = {"o"}};
  EXPECT_EQ(Roles(control, std::vector<std::string>{"a", "a", "a", "b", "c"}), (std::vector{R, R, R, M, A}));
  EXPECT_EQ(SplitAll(control, {{1, "aa"}, {1, "abc"}}, true).shown, "R(a)A(c)");
}

TEST(MarkSplitterTest, MarksOfSeveralTokensAreFoundAnywhereAndOthersAreText) {
  const std::vector<TestToken> tokens = {{kOpen, ""},  {1, "thi"},   {2, "nk"},   {kSep, ""},   {1, "a"},
                                         {kClose, ""}, {1, "think"}, {kSep, ""},  {kOpen, ""},  {3, "response"},
                                         {kSep, ""},   {1, "b"},     {kOpen, ""}, {1, "tools"}, {kSep, ""}};
  EXPECT_EQ(SplitAll(BySeveral(), tokens, true).shown, "R(a)A(btools)");
  const SplitResult whole = SplitAll(BySeveral(), tokens, false);
  EXPECT_EQ(whole.reasoning, 1u);
  EXPECT_EQ(whole.answer, 4u);  // b, and three of what was no mark
  // The same names as text are no marks.
  EXPECT_EQ(SplitAll(BySeveral(), {{1, "<|open|>think<|sep|>a"}}, true).shown, "A(<|open|>think<|sep|>a)");
}

TEST(MarkSplitterTest, AllTokensOfATextMarkAreCountedAsMarks) {
  const auto splitter = MakeAnswerSplitter(ByText());
  const auto counts = [&](std::initializer_list<const char*> tokens) {
    for (const char* bytes : tokens) splitter->Add(0, bytes, false);
    return std::pair(splitter->reasoning_tokens(), splitter->answer_tokens());
  };
  EXPECT_EQ(counts({" ", "<", "think", ">"}), std::pair(0u, 0u));
  EXPECT_EQ(counts({"a", "b", "c<"}), std::pair(3u, 0u));
  EXPECT_EQ(counts({"d", "</", "thin", "g"}), std::pair(7u, 0u));   // no mark after all
  EXPECT_EQ(counts({"e<", "/", "think", ">"}), std::pair(8u, 0u));  // the first token has reasoning in it
  EXPECT_EQ(counts({"\n", "</think>", "f", "<", "g"}), std::pair(8u, 3u));
}

TEST(MarkSplitterTest, TokensWithoutTextAreCountedWhereTheyStand) {
  const auto splitter = MakeAnswerSplitter(Inside(ByText()));
  for (const char* bytes : {"a", "", "", "</think>"}) splitter->Add(0, bytes, false);
  EXPECT_EQ(splitter->reasoning_tokens(), 3u);
}

TEST(MarkSplitterTest, BudgetCountsSampledReasoningOverTheWholeAnswer) {
  ThinkingControl control = ByToken();
  control.budget = 3;
  const auto splitter = MakeAnswerSplitter(control);
  const auto add = [&](TokenId token, bool forced = false) {
    splitter->Add(token, "x", forced);
    return splitter->MustClose();
  };
  EXPECT_FALSE(add(kOpen));
  EXPECT_FALSE(add(1));
  EXPECT_FALSE(add(2, true));
  EXPECT_FALSE(add(1));
  EXPECT_FALSE(add(kClose));
  EXPECT_FALSE(add(5));
  EXPECT_FALSE(add(kOpen));
  EXPECT_TRUE(add(1));
  EXPECT_FALSE(add(kClose));
  EXPECT_TRUE(add(kOpen));
}

TEST(MarkSplitterTest, WholeMarksCountForNoBudget) {
  ThinkingControl control = BySeveral();
  control.budget = 4;
  const auto splitter = MakeAnswerSplitter(control);
  const auto add = [&](std::initializer_list<TestToken> tokens) {
    for (const TestToken& token : tokens) splitter->Add(token.id, token.bytes, false);
    return splitter->MustClose();
  };
  EXPECT_FALSE(add({{kOpen, ""}, {1, "think"}, {kSep, ""}, {1, "a"}, {kClose, ""}, {1, "think"}}));
  EXPECT_FALSE(add({{kSep, ""}, {1, "b"}, {kOpen, ""}, {1, "think"}, {kSep, ""}, {1, "c"}, {1, "d"}}));
  EXPECT_TRUE(add({{1, "e"}}));
}

TEST(MarkSplitterTest, BudgetOfZeroClosesAsSoonAsItIsOpen) {
  ThinkingControl control = ByToken();
  control.budget = 0;
  EXPECT_FALSE(MakeAnswerSplitter(control)->MustClose());
  EXPECT_TRUE(MakeAnswerSplitter(Inside(control))->MustClose());
}

TEST(MarkSplitterTest, WhatThePromptHasBegunIsCountedNowhere) {
  ThinkingControl control = ByText();
  control.begun = {"<thi"};
  const auto splitter = MakeAnswerSplitter(control);
  splitter->Add(0, "nk>", false);
  EXPECT_TRUE(splitter->inside());
  EXPECT_EQ(splitter->answer_tokens() + splitter->reasoning_tokens(), 0u);
}

TEST(MarkSplitterTest, KeepsBackOnlyWhatCouldBecomeAMark) {
  const auto splitter = MakeAnswerSplitter(Inside(ByText()));
  const auto shown = [&](const char* text) {
    AnswerParts parts;
    splitter->Add(0, text, false, &parts);
    return Show(parts);
  };
  EXPECT_EQ(shown("abc"), "R(abc)");
  EXPECT_EQ(shown("d</th"), "R(d)");
  EXPECT_EQ(shown("x"), "R(</thx)");
  EXPECT_EQ(shown("</think>"), "A()");
  EXPECT_EQ(shown("\n"), "");
  EXPECT_EQ(shown("y"), "A(\ny)");
}

struct TextCase {
  const char* text;
  bool inside;
  const char* expected;
};
// What the marks' rules (chat/thinking_control.h) make of these texts, by hand.
const TextCase kTexts[] = {
    {"<think>a b</think>c", false, "R(a b)A(c)"},
    {" \n<think>a</think>\nc", false, "R(a)A(\nc)"},
    {"a</think>c</think><think>d", true, "R(a)A(c</think><think>d)"},
    {"<think>a</thin</think>c", false, "R(a</thin)A(c)"},
    {"<think>a<</think>c", false, "R(a<)A(c)"},
    {"<think></think>", false, "R()A()"},
    {"<think>never closed </thi", false, "R(never closed </thi)"},
    {"plain <think>a</think>", false, "A(plain <think>a</think>)"},
    {"<thinking>a", false, "A(<thinking>a)"},
    {"</think>a", false, "A(</think>a)"},
    {"a</think></think>\n\n</think> b </think>", true, "R(a)A( b </think>)"},
    {"a</think>\n\nb", true, "R(a)A(\n\nb)"},
    {"a</think> </thin", true, "R(a)A( </thin)"},
    {" \n ", false, "A( \n )"},
    {" <thin", false, "A( <thin)"},
    {"", false, ""},
    {"\xC3\xA9<think>", false, "A(\xC3\xA9<think>)"},
};

// `text` cut where the bits of `cuts` say.
std::vector<TestToken> Cut(const std::string& text, uint64_t cuts) {
  std::vector<TestToken> tokens;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 0 || (cuts >> (i % 64) & 1) != 0) tokens.push_back({7, ""});
    tokens.back().bytes += text[i];
  }
  return tokens;
}

TEST(MarkSplitterTest, SplitsTheSameHoweverTokensDivideTheText) {
  std::mt19937_64 random(1);
  for (const TextCase& c : kTexts) {
    const ThinkingControl control = c.inside ? Inside(ByText()) : ByText();
    const std::string text = c.text;
    // Every division of short texts, many of longer ones, those into single bytes and into one token among them.
    const bool all = text.size() <= 14;
    const uint64_t divisions = all ? uint64_t{1} << text.size() : 3000;
    for (uint64_t i = 0; i < divisions; ++i) {
      const std::vector<TestToken> tokens = Cut(text, all ? i : i == 0 ? 0 : i == 1 ? ~uint64_t{0} : random());
      ASSERT_EQ(SplitAll(control, tokens, true).shown, c.expected) << text << " " << i;
      ASSERT_EQ(SplitAll(control, tokens, false).shown, c.expected) << text << " " << i;
    }
  }
}

}  // namespace
}  // namespace candor
