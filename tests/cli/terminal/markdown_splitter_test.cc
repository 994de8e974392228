#include "cli/terminal/markdown_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace candor {
namespace {

using testing::ElementsAre;

// The finished pieces and the open one at last, the text given in parts of `step` bytes.
std::vector<std::string> Split(const std::string& text, size_t step = 1) {
  MarkdownSplitter splitter;
  std::vector<std::string> pieces;
  MarkdownPiece piece;
  for (size_t i = 0; i < text.size(); i += step) {
    splitter.Append(text.substr(i, step));
    while (splitter.TakeFinished(piece)) pieces.push_back(piece.source);
  }
  pieces.push_back(splitter.Open(true).source);
  return pieces;
}

TEST(MarkdownSplitter, EndsAPieceBeforeTheNextBlock) {
  EXPECT_THAT(Split("one\ntwo\n\nthree"), ElementsAre("one\ntwo\n\n", "three"));
  EXPECT_THAT(Split("one\ntwo\n\nthree", 100), ElementsAre("one\ntwo\n\n", "three"));
}

TEST(MarkdownSplitter, EndsAPieceWithItsCodeBlock) {
  EXPECT_THAT(Split("```\na\n\nb\n```\nafter"), ElementsAre("```\na\n\nb\n```\n", "after"));
  EXPECT_THAT(Split("~~~~\n```\n~~~\n~~~~\nx"), ElementsAre("~~~~\n```\n~~~\n~~~~\n", "x"));
}

TEST(MarkdownSplitter, KeepsAListTogether) {
  EXPECT_THAT(Split("- a\n\n- b\n\n  more\n\nafter"), ElementsAre("- a\n\n- b\n\n  more\n\n", "after"));
  EXPECT_THAT(Split("1. a\n\n2. b\n\n2020 was"), ElementsAre("1. a\n\n2. b\n\n", "2020 was"));
}

TEST(MarkdownSplitter, AParagraphAfterAnotherIsNotAList) {
  EXPECT_THAT(Split("a\n\n- b"), ElementsAre("a\n\n", "- b"));
}

// What is shown of a text that is still being written.
MarkdownPiece OpenPiece(const std::string& text, bool all = false) {
  MarkdownSplitter splitter;
  splitter.Append(text);
  MarkdownPiece piece;
  EXPECT_FALSE(splitter.TakeFinished(piece));
  return splitter.Open(all);
}

TEST(MarkdownSplitter, HoldsBackALineThatMayChangeItsMeaning) {
  EXPECT_EQ(OpenPiece("text\n--").source, "text\n");
  EXPECT_EQ(OpenPiece("text\n--", true).source, "text\n--");
  EXPECT_EQ(OpenPiece("text\n-- dashes").source, "text\n-- dashes");
  EXPECT_EQ(OpenPiece("text\n```py").source, "text\n");
  EXPECT_EQ(OpenPiece("text\n```py\nx").source, "text\n```py\nx");
}

TEST(MarkdownSplitter, SaysWhetherACodeBlockIsOpen) {
  EXPECT_FALSE(OpenPiece("text").last_code_open);
  EXPECT_TRUE(OpenPiece("```py\nx").last_code_open);
  EXPECT_FALSE(OpenPiece("```py\nx", true).last_code_open);
}

TEST(MarkdownSplitter, CutsLongParagraphsWithoutLosingAByte) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "wörd" + std::to_string(i) + (i % 97 == 0 ? "\n" : " ");
  for (const size_t step : {1, 7, 100000}) {
    std::string joined;
    for (const std::string& piece : Split(text, step)) {
      EXPECT_LE(piece.size(), MarkdownSplitter::kLongestPiece);
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(MarkdownSplitter, CutsTextWithoutSpacesBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 9000; ++i) text += "你";
  for (const std::string& piece : Split(text, 999)) EXPECT_EQ(piece.size() % 3, 0u);
}

TEST(MarkdownSplitter, CutsLongCodeIntoCode) {
  std::string code = "intro:\n```c\n";
  for (int i = 0; i < 2000; ++i) code += "line " + std::to_string(i) + ";\n";
  MarkdownSplitter splitter;
  splitter.Append(code + "```\n");
  MarkdownPiece piece;
  ASSERT_TRUE(splitter.TakeFinished(piece));
  EXPECT_FALSE(piece.first_code_continues);
  EXPECT_TRUE(piece.last_code_open && piece.joins_next);
  ASSERT_TRUE(splitter.TakeFinished(piece));
  EXPECT_TRUE(piece.first_code_continues && piece.last_code_open && piece.joins_next);
  EXPECT_TRUE(piece.source.starts_with("```\nline "));
  while (!piece.source.ends_with("```\n")) ASSERT_TRUE(splitter.TakeFinished(piece));
  EXPECT_TRUE(piece.first_code_continues);
  EXPECT_FALSE(piece.last_code_open);
  EXPECT_EQ(splitter.Open(true).source, "");
}

TEST(MarkdownSplitter, EndsOnHostileFences) {
  std::string text(100'000, '`');
  for (const size_t step : {1000, 100000}) EXPECT_GE(Split(text + "\nx", step).size(), 2u);
  text = "```" + std::string(100'000, 'i') + "\n" + std::string(100'000, 'x');
  EXPECT_GE(Split(text, 1000).size(), 2u);
}

}  // namespace
}  // namespace candor
