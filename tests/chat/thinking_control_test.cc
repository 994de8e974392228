#include "chat/thinking_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/byte_tokenizer.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ThinkingValidationTest : public ::testing::Test {
 protected:
  void Refuses(const ThinkingControl& control, const char* field) {
    EXPECT_THAT([&] { ValidateThinking(control, tokenizer_); }, ThrowsMessage<UsageError>(HasSubstr(field)));
  }
  ThinkingControl ByToken() const {
    return {.format = MarkFormat{{tokenizer_.Id("<think>")}, {tokenizer_.Id("</think>")}}};
  }
  ThinkingControl ByText() const { return {.format = MarkFormat{{"<t>"}, {"</t>"}}}; }
  ThinkingControl ByChannel() const {
    return {.format = ChannelFormat{tokenizer_.Id("<|start|>"),
                                    tokenizer_.Id("<|channel|>"),
                                    tokenizer_.Id("<|message|>"),
                                    {tokenizer_.Id("<|end|>")},
                                    {}}};
  }
  ByteTokenizer tokenizer_{{"<|start|>", "<|channel|>", "<|message|>", "<|end|>"}, {"<think>", "</think>"}};
};

TEST_F(ThinkingValidationTest, AcceptsWhatIsWhole) {
  EXPECT_NO_THROW(ValidateThinking({}, tokenizer_));
  EXPECT_NO_THROW(ValidateThinking({.budget = 5}, tokenizer_));  // without thoughts nothing to limit
  ThinkingControl control = ByToken();
  control.begun = OpeningOf(control.format);
  control.budget = 5;
  control.forced_close = tokenizer_.Tokens("x</think>");
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
  control = ByText();
  control.budget = 0;
  control.forced_close = tokenizer_.Tokens("</t>\n\n");
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
  control = ByChannel();
  control.begun = {tokenizer_.Id("<|start|>"), "assistant"};
  control.budget = 7;
  control.forced_close = tokenizer_.Tokens("<|end|><|start|>assistant<|channel|>final<|message|>");
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
}

TEST_F(ThinkingValidationTest, WhatAnEndTokenIsReplacedByMustCloseToo) {
  ThinkingControl control = ByText();
  control.end_closes = true;
  Refuses(control, "thinking.forced_close");
  control.forced_close = tokenizer_.Tokens("</t>");
  EXPECT_NO_THROW(ValidateThinking(control, tokenizer_));
}

TEST_F(ThinkingValidationTest, RefusesAForcedCloseThatDoesNotClose) {
  ThinkingControl control = ByToken();
  control.budget = 5;
  Refuses(control, "thinking.forced_close");
  for (const char c : std::string("</think>")) control.forced_close.push_back(c);
  Refuses(control, "thinking.forced_close");  // the text is right, but this model closes by token
  control = ByText();
  control.budget = 5;
  control.forced_close = tokenizer_.Tokens("</t");
  Refuses(control, "thinking.forced_close");
  control = ByChannel();
  control.budget = 5;
  // A new thought, not an answer.
  control.forced_close = tokenizer_.Tokens("<|end|><|start|>assistant<|channel|>analysis<|message|>");
  Refuses(control, "thinking.forced_close");
}

TEST_F(ThinkingValidationTest, RefusesHalfAFormat) {
  Refuses({.format = MarkFormat{{"<t>"}, {}}}, "thinking.open");
  Refuses({.format = MarkFormat{{}, {"</t>"}}}, "thinking.open");
  Refuses({.format = MarkFormat{{""}, {"</t>"}}}, "thinking.open");
  Refuses({.format = MarkFormat{{tokenizer_.Id("<think>")}, {"</t>"}}}, "thinking.open");
  Refuses({.format = MarkFormat{{"<t>"}, {"</t>"}, {{tokenizer_.Id("<think>")}}}}, "thinking.left_out");
  Refuses({.begun = {"<t>"}}, "thinking.begun");
  ThinkingControl control = ByChannel();
  std::get<ChannelFormat>(control.format).end.clear();
  Refuses(control, "thinking.end");
}

TEST_F(ThinkingValidationTest, RefusesTokensBeyondTheVocabulary) {
  const auto beyond = static_cast<TokenId>(tokenizer_.vocabulary_size());
  Refuses({.format = MarkFormat{{beyond}, {0}}}, "thinking.open");
  Refuses({.format = MarkFormat{{0}, {-1}}}, "thinking.close");
  Refuses({.format = MarkFormat{{0}, {1}, {{beyond}}}}, "thinking.left_out");
  ThinkingControl control = ByToken();
  control.forced_close = {-1};
  Refuses(control, "thinking.forced_close");
  control = ByToken();
  control.begun = {beyond};
  Refuses(control, "thinking.begun");
  control = ByChannel();
  std::get<ChannelFormat>(control.format).constrain = beyond;
  Refuses(control, "thinking.constrain");
}

TEST_F(ThinkingValidationTest, RefusesMarksThatAreTooLong) {
  Refuses({.format = MarkFormat{{"<t>"}, {std::string(kMaxMarkBytes + 1, 'x')}}}, "thinking.close");
  Refuses({.format = MarkFormat{Mark(kMaxMarkParts + 1, TokenId{1}), {0}}}, "thinking.open");
  Refuses({.format = MarkFormat{{1}, {0}, std::vector<Mark>(kMaxMarksLeftOut + 1, Mark{2})}}, "thinking.left_out");
}

}  // namespace
}  // namespace candor
