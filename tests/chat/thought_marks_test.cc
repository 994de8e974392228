#include "chat/thought_marks.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

struct Split {
  std::string reasoning, answer;
  bool operator==(const Split&) const = default;
};

Split Divide(const std::string& text, size_t piece, bool starts_open = false) {
  ThoughtMarks marks("<think>", "</think>", starts_open);
  Split split;
  const auto take = [&](const std::vector<ThoughtMarks::Piece>& pieces) {
    for (const ThoughtMarks::Piece& part : pieces) (part.reasoning ? split.reasoning : split.answer) += part.text;
  };
  for (size_t i = 0; i < text.size(); i += piece) take(marks.Add(text.substr(i, piece)));
  take(marks.Finish());
  return split;
}

TEST(ThoughtMarksTest, SplitsTheSameHoweverTheTextIsDivided) {
  const struct {
    const char* text;
    bool starts_open;
    Split expected;
  } cases[] = {
      {"<think>a b</think>c", false, {"a b", "c"}},
      {" \n<think>a</think>\nc", false, {"a", "\nc"}},
      {"a</think>c</think><think>d", true, {"a", "c</think><think>d"}},
      {"<think>a</thin</think>c", false, {"a</thin", "c"}},
      {"<think>a<</think>c", false, {"a<", "c"}},
      {"<think></think>", false, {"", ""}},
      {"<think>never closed </thi", false, {"never closed </thi", ""}},
      {"plain <think>a</think>", false, {"", "plain <think>a</think>"}},
      {"<thinking>a", false, {"", "<thinking>a"}},
      {"</think>a", false, {"", "</think>a"}},
      {"a</think></think>\n\n</think> b </think>", true, {"a", " b </think>"}},
      {"a</think>\n\nb", true, {"a", "\n\nb"}},
      {"a</think> </thin", true, {"a", " </thin"}},
      {" \n ", false, {"", " \n "}},
      {" <thin", false, {"", " <thin"}},
      {"", false, {"", ""}},
  };
  for (const auto& c : cases) {
    for (size_t piece = 1; piece < 12; ++piece) EXPECT_EQ(Divide(c.text, piece, c.starts_open), c.expected) << c.text;
  }
}

TEST(ThoughtMarksTest, KeepsBackOnlyWhatCouldBecomeAMark) {
  ThoughtMarks marks("<think>", "</think>", true);
  const auto shown = [&](const char* text) {
    const auto pieces = marks.Add(text);
    return pieces.empty() ? std::string() : pieces[0].text;
  };
  EXPECT_EQ(shown("abc"), "abc");
  EXPECT_EQ(shown("d</th"), "d");
  EXPECT_EQ(shown("x"), "</thx");
  EXPECT_TRUE(marks.inside());
  EXPECT_EQ(shown("</think>"), "");
  EXPECT_FALSE(marks.inside());
  EXPECT_EQ(marks.marks(), 1u);
}

TEST(ThoughtMarksTest, WithoutMarksEverythingIsAnswer) {
  ThoughtMarks marks("", "", false);
  const auto pieces = marks.Add("<think>a");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_FALSE(pieces[0].reasoning);
  EXPECT_EQ(pieces[0].text, "<think>a");
}

}  // namespace
}  // namespace candor
