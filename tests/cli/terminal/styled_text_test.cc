#include "cli/terminal/styled_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor {
namespace {

using testing::ElementsAre;

std::vector<std::string> Plain(const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  for (const Line& line : lines) {
    std::string text;
    for (const Span& span : line.spans) text += span.text;
    texts.push_back(text);
  }
  return texts;
}

std::vector<std::string> Wrap(const std::string& text, uint32_t columns) {
  return Plain(WrapText({{{}, text}}, columns));
}

Line LineOf(const Style& style, const std::string& text) {
  Line line;
  line.Append(style, text);
  return line;
}

TEST(WrapText, BreaksAtSpaces) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("one  two", 4), ElementsAre("one", "two"));
  EXPECT_THAT(Wrap("", 4), ElementsAre(""));
  EXPECT_THAT(Wrap("a\n\nb", 4), ElementsAre("a", "", "b"));
}

TEST(WrapText, KeepsTheIndentOfALine) { EXPECT_THAT(Wrap("   a b", 5), ElementsAre("   a", "b")); }

TEST(WrapText, BreaksLongWordsAndWideText) {
  EXPECT_THAT(Wrap("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(Wrap("x abcdefgh", 3), ElementsAre("x", "abc", "def", "gh"));
  EXPECT_THAT(Wrap("你好吗", 5), ElementsAre("你好", "吗"));
  EXPECT_THAT(Wrap("abc你好", 4), ElementsAre("abc", "你好"));
}

TEST(WrapText, KeepsCombiningCharactersWithTheirBase) {
  EXPECT_THAT(Wrap("ae\u0301b", 2), ElementsAre("ae\u0301", "b"));
}

TEST(WrapText, KeepsStylesAcrossBreaks) {
  const Style bold{.bold = true};
  const auto lines = WrapText({{{}, "one "}, {bold, "two three"}}, 7);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0].spans, ElementsAre(Span{{}, "one "}, Span{bold, "two"}));
  EXPECT_THAT(lines[1].spans, ElementsAre(Span{bold, "three"}));
}

TEST(WrapText, TakesLinearTime) {
  const std::string text(1u << 21, 'x');
  EXPECT_EQ(Wrap(text, 2).size(), text.size() / 2);
  std::string combining = "a";
  for (int i = 0; i < (1 << 20); ++i) combining += "\u0301";
  EXPECT_EQ(Wrap(combining + " b", 2).size(), 2u);
}

TEST(TerminalRows, CountsAsATerminalWraps) {
  EXPECT_EQ(TerminalRows(LineOf({}, ""), 4), 1u);
  EXPECT_EQ(TerminalRows(LineOf({}, "abcd"), 4), 1u);
  EXPECT_EQ(TerminalRows(LineOf({}, "abcde"), 4), 2u);
  EXPECT_EQ(TerminalRows(LineOf({}, "你好你"), 5), 2u);
  EXPECT_EQ(TerminalRows(LineOf({}, "abc你"), 4), 2u);
}

TEST(SuffixAfter, FindsWhatWasAdded) {
  Line suffix;
  ASSERT_TRUE(SuffixAfter(LineOf({}, "ab"), LineOf({}, "abc"), suffix));
  EXPECT_EQ(suffix, LineOf({}, "c"));
  Line longer = LineOf({}, "ab");
  longer.Append({.bold = true}, "x");
  ASSERT_TRUE(SuffixAfter(LineOf({}, "ab"), longer, suffix));
  EXPECT_EQ(suffix, LineOf({.bold = true}, "x"));
  EXPECT_FALSE(SuffixAfter(LineOf({}, "ab"), LineOf({}, "b"), suffix));
  EXPECT_FALSE(SuffixAfter(LineOf({}, "ab"), LineOf({.bold = true}, "abc"), suffix));
  EXPECT_FALSE(SuffixAfter(longer, LineOf({}, "ab"), suffix));
}

TEST(ToAnsi, ClosesEveryStyle) {
  Line line = LineOf({.bold = true, .coloured = true}, "a");
  line.Append({}, "b");
  EXPECT_EQ(ToAnsi(line), "\x1b[1;36ma\x1b[0mb");
}

}  // namespace
}  // namespace candor
