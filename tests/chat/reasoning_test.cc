#include "chat/reasoning.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace candor {
namespace {

// Every piece is a token. Those in <|...|> and <s> are control tokens; those in `words` are user-defined.
class PieceTokenizer : public Tokenizer {
 public:
  PieceTokenizer(std::vector<std::string> pieces, std::vector<std::string> words)
      : pieces_(std::move(pieces)), words_(std::move(words)) {
    vocabulary_size_ = pieces_.size();
    bos_ = Find("<s>");
  }
  std::string_view Bytes(TokenId id) const override { return pieces_.at(static_cast<size_t>(id)); }
  std::string_view Piece(TokenId id) const override { return Bytes(id); }
  bool IsSpecial(TokenId id) const override {
    return IsControl(id) || std::find(words_.begin(), words_.end(), Bytes(id)) != words_.end();
  }
  bool IsControl(TokenId id) const override { return Bytes(id).starts_with("<|") || Bytes(id) == "<s>"; }
  std::optional<TokenId> Find(std::string_view piece) const override {
    const auto at = std::find(pieces_.begin(), pieces_.end(), piece);
    return at == pieces_.end() ? std::nullopt : std::optional(static_cast<TokenId>(at - pieces_.begin()));
  }
  std::vector<TokenId> Ids(const std::vector<std::string>& pieces) const {
    std::vector<TokenId> ids;
    for (const std::string& piece : pieces) ids.push_back(Find(piece).value());
    return ids;
  }

 protected:
  std::vector<TokenId> DoEncode(std::string_view, bool, std::span<const size_t>) const override { return {}; }

 private:
  std::vector<std::string> pieces_, words_;
};

const std::vector<std::string> kPieces = {
    "<s>", "<|user|>", "<|assistant|>", "<think>",  "</think>", "<", "think", ">", "</", "\n", "\n\n", " ",
    "Hi",  "hm",       "[THINK]",       "[/THINK]", ">\n",      "x<"};
PieceTokenizer WithTokens() { return PieceTokenizer(kPieces, {"<think>", "</think>"}); }
PieceTokenizer WithoutTokens() { return PieceTokenizer(kPieces, {}); }

TEST(ReasoningMarks, AreTokensWhereTheVocabularyHasThem) {
  const PieceTokenizer tokenizer = WithTokens();
  const ReasoningMarks marks = FindReasoningMarks(tokenizer, "");
  EXPECT_EQ(marks.open, tokenizer.Find("<think>"));
  EXPECT_EQ(marks.close, tokenizer.Find("</think>"));
  EXPECT_TRUE(marks.are_own);
  const PieceTokenizer other(kPieces, {"[THINK]", "[/THINK]"});
  EXPECT_EQ(FindReasoningMarks(other, "").close, other.Find("[/THINK]"));
  EXPECT_EQ(FindReasoningMarks(other, "").close_text, "[/THINK]");
}

TEST(ReasoningMarks, AreTextWhereOnlyTheTemplateNamesThem) {
  const ReasoningMarks marks = FindReasoningMarks(WithoutTokens(), "{{ content.split('</think>')[-1] }}");
  EXPECT_FALSE(marks.open || marks.close);
  EXPECT_EQ(marks.open_text, "<think>");
  EXPECT_EQ(marks.close_text, "</think>");
  EXPECT_TRUE(marks.are_own);
}

TEST(ReasoningMarks, AreLentToAModelThatHasNone) {
  const ReasoningMarks marks = FindReasoningMarks(WithoutTokens(), "{{ messages }}");
  EXPECT_EQ(marks.open_text, "<think>");
  EXPECT_FALSE(marks.close.has_value());
  EXPECT_FALSE(marks.are_own);
  // One of the two is not a pair.
  EXPECT_FALSE(FindReasoningMarks(PieceTokenizer(kPieces, {"<think>"}), "").are_own);
}

TEST(ThoughtAtEnd, IsDecidedByTokensOfTheLastTurn) {
  const PieceTokenizer tokenizer = WithTokens();
  const ReasoningMarks marks = FindReasoningMarks(tokenizer, "");
  const auto end = [&](const std::vector<std::string>& pieces) {
    return ThoughtAtEnd(marks, tokenizer, tokenizer.Ids(pieces));
  };
  EXPECT_EQ(end({}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "\n"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "\n", "hm"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "\n\n", "</think>", "\n\n"}), PromptEnd::kClosedThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "hm", "</think>", "Hi"}), PromptEnd::kAnswer);
  // What a user writes in an earlier turn opens nothing.
  EXPECT_EQ(end({"<|user|>", "<think>", "<|assistant|>"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "<think>", "hm", "<|assistant|>", "\n"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "</think>", "<|assistant|>", "\n"}), PromptEnd::kAnswer);
  // The tokens of the mark's text are not the mark.
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">"}), PromptEnd::kAnswer);
}

TEST(ThoughtAtEnd, WithoutTurnTokensOnlyBlanksMayFollowTheMark) {
  const PieceTokenizer tokenizer = WithTokens();
  const ReasoningMarks marks = FindReasoningMarks(tokenizer, "");
  const auto end = [&](const std::vector<std::string>& pieces) {
    return ThoughtAtEnd(marks, tokenizer, tokenizer.Ids(pieces));
  };
  EXPECT_EQ(end({"<s>", "Hi", "<think>", "\n"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<s>", "<think>", "hm", "\n", "Hi"}), PromptEnd::kAnswer);
}

TEST(ThoughtAtEnd, IsDecidedByTextForModelsWithoutSuchTokens) {
  const PieceTokenizer tokenizer = WithoutTokens();
  const ReasoningMarks marks = FindReasoningMarks(tokenizer, "</think>");
  const auto end = [&](const std::vector<std::string>& pieces) {
    return ThoughtAtEnd(marks, tokenizer, tokenizer.Ids(pieces));
  };
  EXPECT_EQ(end({}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">\n", " ", "\n\n"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|assistant|>", "x<", "think", ">"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|assistant|>", "<think>"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">", "\n", "</", "think", ">", "\n"}), PromptEnd::kClosedThought);
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">", "hm"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "<", "think", ">", "<|assistant|>", "\n"}), PromptEnd::kAnswer);
}

TEST(AskToThink, PutsTheInstructionIntoTheSystemMessage) {
  const ReasoningMarks marks = FindReasoningMarks(WithoutTokens(), "");
  const std::string instruction = ThinkingInstruction(marks);
  EXPECT_NE(instruction.find("<think>"), std::string::npos);
  EXPECT_NE(instruction.find("</think>"), std::string::npos);
  std::vector<Message> messages = {{.role = "user", .content = "Hi"}};
  AskToThink(marks, messages);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[0].content, instruction);
  messages = {{.role = "system", .content = "Be terse."}, {.role = "user", .content = "Hi"}};
  AskToThink(marks, messages);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].content, "Be terse.\n\n" + instruction);
  messages = {{.role = "system", .content = std::nullopt}};
  AskToThink(marks, messages);
  EXPECT_EQ(messages[0].content, instruction);
}

}  // namespace
}  // namespace candor
