#include "chat/thought.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/fake_tokenizer.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr TokenId kOpen = 100, kClose = 101;
constexpr TokenRole A = TokenRole::kAnswer, R = TokenRole::kReasoning, M = TokenRole::kMark;

ThinkingControl ByToken() {
  ThinkingControl control;
  control.open = kOpen;
  control.close = kClose;
  return control;
}

ThinkingControl ByText() {
  ThinkingControl control;
  control.open_text = "<think>";
  control.close_text = "</think>";
  return control;
}

// The roles of tokens given by id (their bytes say nothing) or by bytes (their ids say nothing).
std::vector<TokenRole> Roles(ThoughtTracker tracker, const std::vector<TokenId>& tokens) {
  std::vector<TokenRole> roles;
  for (const TokenId token : tokens) roles.push_back(tracker.Add(token, "</think>", false));
  return roles;
}
std::vector<TokenRole> Roles(ThoughtTracker tracker, const std::vector<std::string>& tokens) {
  std::vector<TokenRole> roles;
  for (const std::string& bytes : tokens) roles.push_back(tracker.Add(kClose, bytes, false));
  return roles;
}

TEST(ThoughtTest, WithoutMarksEverythingIsAnswer) {
  const ThoughtTracker tracker{ThinkingControl{}};
  EXPECT_EQ(Roles(tracker, std::vector<TokenId>{1, kOpen, kClose}), (std::vector{A, A, A}));
  EXPECT_EQ(Roles(tracker, std::vector<std::string>{"<think>", "a"}), (std::vector{A, A}));
}

TEST(ThoughtTest, TokensOpenAndCloseAndTextDoesNot) {
  EXPECT_EQ(Roles(ThoughtTracker(ByToken()), std::vector<TokenId>{1, kOpen, 2, 3, kClose, 4, kOpen, 5}),
            (std::vector{A, M, R, R, M, A, M, R}));
}

TEST(ThoughtTest, MarkThatChangesNothingIsStillAMark) {
  EXPECT_EQ(Roles(ThoughtTracker(ByToken()), std::vector<TokenId>{kClose, 1, kOpen, kOpen, 2}),
            (std::vector{M, A, M, M, R}));
}

TEST(ThoughtTest, StartsInsideWhereThePromptOpenedTheThought) {
  ThinkingControl control = ByToken();
  control.open.reset();
  control.starts_open = true;
  EXPECT_EQ(Roles(ThoughtTracker(control), std::vector<TokenId>{1, kClose, 2}), (std::vector{R, M, A}));
}

TEST(ThoughtTest, TextOpensWhereTheAnswerBeginsHoweverTokensDivideIt) {
  EXPECT_EQ(Roles(ThoughtTracker(ByText()), std::vector<std::string>{"<think>", "a", "</think>", "b"}),
            (std::vector{M, R, M, A}));
  EXPECT_EQ(Roles(ThoughtTracker(ByText()),
                  std::vector<std::string>{"\n", " <", "think", ">\n", "a", "x<", "/think", ">b", "c"}),
            (std::vector{A, A, A, M, R, R, R, M, A}));
  EXPECT_EQ(Roles(ThoughtTracker(ByText()), std::vector<std::string>{"<think></think>", "b"}), (std::vector{M, A}));
}

TEST(ThoughtTest, TextLaterInTheAnswerDoesNotOpen) {
  EXPECT_EQ(Roles(ThoughtTracker(ByText()), std::vector<std::string>{"a", "<think>", "b"}), (std::vector{A, A, A}));
  EXPECT_EQ(Roles(ThoughtTracker(ByText()), std::vector<std::string>{"<thin", "g>", "<think>"}),
            (std::vector{A, A, A}));
  EXPECT_EQ(Roles(ThoughtTracker(ByText()), std::vector<std::string>{"<think>", "</think>", "<think>", "b"}),
            (std::vector{M, M, A, A}));
}

TEST(ThoughtTest, TextMarkThatBeginsTwiceIsFound) {
  ThinkingControl control = ByText();
  control.close_text = "aab";
  control.starts_open = true;
  EXPECT_EQ(Roles(ThoughtTracker(control), std::vector<std::string>{"a", "a", "a", "b", "c"}),
            (std::vector{R, R, R, M, A}));
}

TEST(ThoughtTest, AllTokensOfATextMarkAreCountedAsMarks) {
  ThoughtTracker tracker(ByText());
  const auto counts = [&](std::initializer_list<const char*> tokens) {
    for (const char* bytes : tokens) tracker.Add(0, bytes, false);
    return std::pair(tracker.reasoning_tokens(), tracker.answer_tokens());
  };
  EXPECT_EQ(counts({" ", "<", "think", ">"}), std::pair(0u, 0u));
  EXPECT_EQ(counts({"a", "b", "c<"}), std::pair(3u, 0u));
  EXPECT_EQ(counts({"d", "</", "thin", "g"}), std::pair(7u, 0u));   // no mark after all
  EXPECT_EQ(counts({"e<", "/", "think", ">"}), std::pair(8u, 0u));  // the first token has reasoning in it
  EXPECT_EQ(counts({"\n", "</think>", "f", "<", "g"}), std::pair(8u, 3u));
}

TEST(ThoughtTest, BudgetCountsSampledReasoningOverTheWholeAnswer) {
  ThinkingControl control = ByToken();
  control.budget = 3;
  ThoughtTracker tracker(control);
  const auto add = [&](TokenId token, bool forced = false) {
    tracker.Add(token, "", forced);
    return tracker.MustClose();
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

TEST(ThoughtTest, BudgetOfZeroClosesAsSoonAsItIsOpen) {
  ThinkingControl control = ByToken();
  control.budget = 0;
  EXPECT_FALSE(ThoughtTracker(control).MustClose());
  control.starts_open = true;
  EXPECT_TRUE(ThoughtTracker(control).MustClose());
}

class ThoughtValidationTest : public ::testing::Test {
 protected:
  void Refuses(const ThinkingControl& control, const char* field) {
    EXPECT_THAT([&] { ValidateThinking(control, tokenizer_); }, ThrowsMessage<UsageError>(HasSubstr(field)));
  }
  FakeTokenizer tokenizer_{{"<think>", "</think>", "</", "think>", "a"}};
};

TEST_F(ThoughtValidationTest, AcceptsWhatIsWhole) {
  EXPECT_NO_THROW(ValidateThinking({}, tokenizer_));
  ThinkingControl control;
  control.budget = 5;  // without thoughts nothing to limit
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
  control.close = 1;
  control.forced_close = {4, 1};
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
  control = ByText();
  control.budget = 0;
  control.forced_close = {2, 3};
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
}

TEST_F(ThoughtValidationTest, WhatAnEndTokenIsReplacedByMustCloseToo) {
  ThinkingControl control = ByText();
  control.end_closes = true;
  Refuses(control, "thinking.forced_close");
  control.forced_close = {2, 3};
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
}

TEST_F(ThoughtValidationTest, RefusesAForcedCloseThatDoesNotClose) {
  ThinkingControl control;
  control.close = 1;
  control.budget = 5;
  Refuses(control, "thinking.forced_close");
  control.forced_close = {2, 3};
  Refuses(control, "thinking.forced_close");  // the text is right, but this model closes by token
  control = ByText();
  control.budget = 5;
  control.forced_close = {2, 4};
  Refuses(control, "thinking.forced_close");
}

TEST_F(ThoughtValidationTest, RefusesHalfAPair) {
  ThinkingControl control;
  control.open = 0;
  Refuses(control, "thinking.close");
  control = {};
  control.open_text = "<think>";
  Refuses(control, "thinking.open_text");
  control = {};
  control.starts_open = true;
  Refuses(control, "thinking.starts_open");
}

TEST_F(ThoughtValidationTest, RefusesTokensBeyondTheVocabulary) {
  ThinkingControl control;
  control.close = 5;
  Refuses(control, "thinking.close");
  control.close = 1;
  control.forced_close = {-1};
  Refuses(control, "thinking.forced_close");
}

}  // namespace
}  // namespace candor
