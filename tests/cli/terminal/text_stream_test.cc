#include "cli/terminal/text_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cli/terminal/fake_terminal.h"
#include "cli/terminal/markdown.h"

namespace candor {
namespace {

constexpr std::string_view kAnswer =
    "# Sorting\n\nA **stable** sort keeps `equal` items in order; *merge sort* is one.\n\n"
    "1. Split the list\n2. Sort both halves\n   - recursively\n\n3. Merge\n\n"
    "```python\ndef merge(a, b):\n    out = []\n\n    return out\n```\nThen:\n\n> quoted\n> words\n\n"
    "| name | cost |\n|------|-----:|\n| merge | n log n |\n| bubble | n² |\n\n---\n\n你好，世界。 Done\n-- almost.\n";

std::vector<std::string> Whole(std::string_view source, uint32_t columns) {
  std::vector<std::string> rows;
  for (const Line& line : RenderMarkdown(source, {.columns = columns})) {
    std::string text;
    for (const Span& span : line.spans) text += span.text;
    text.erase(text.find_last_not_of(' ') + 1);
    rows.push_back(text);
  }
  rows.emplace_back();  // the cursor is below
  return rows;
}

TEST(MarkdownStream, EndsAsIfTheTextHadComeAtOnce) {
  for (const uint32_t columns : {20u, 41u, 80u}) {
    for (const size_t step : {1, 2, 3, 7, 64, 4096}) {
      FakeTerminal terminal(columns, 100);
      MarkdownStream stream(terminal.screen());
      for (size_t i = 0; i < kAnswer.size();) {
        size_t end = std::min(i + step, kAnswer.size());
        while (end < kAnswer.size() && (static_cast<unsigned char>(kAnswer[end]) & 0xC0) == 0x80) ++end;
        stream.Append(kAnswer.substr(i, end - i));
        i = end;
      }
      stream.Finish();
      EXPECT_EQ(terminal.Rows(), Whole(kAnswer, columns - 1)) << columns << " columns, steps of " << step;
    }
  }
}

TEST(MarkdownStream, ShowsTextAsItComes) {
  FakeTerminal terminal(40, 10);
  MarkdownStream stream(terminal.screen());
  stream.Append("Hel");
  EXPECT_EQ(terminal.Rows()[0], "Hel");
  stream.Append("lo **wor");
  EXPECT_EQ(terminal.Rows()[0], "Hello **wor");
  stream.Append("ld**");
  EXPECT_EQ(terminal.Rows()[0], "Hello world");
  stream.Finish();
  EXPECT_THAT(terminal.Rows(), testing::ElementsAre("Hello world", ""));
}

TEST(MarkdownStream, ShowsCodeWhileItIsWritten) {
  FakeTerminal terminal(21, 10);
  MarkdownStream stream(terminal.screen());
  stream.Append("```c\nint x;\nint");
  EXPECT_THAT(terminal.Rows(), testing::ElementsAre("── c ───────────────", "int x;", "int"));
  stream.Append(" y;\n```\n");
  stream.Finish();
  EXPECT_THAT(terminal.Rows(),
              testing::ElementsAre("── c ───────────────", "int x;", "int y;", "────────────────────", ""));
}

TEST(MarkdownStream, WritesNothingForNothing) {
  FakeTerminal terminal(40, 10);
  MarkdownStream stream(terminal.screen());
  stream.Append("\n\n");
  stream.Finish();
  EXPECT_EQ(terminal.bytes_written(), 0u);
}

// The fake terminal fails on every control character and on sequences that are not ours.
TEST(MarkdownStream, SurvivesHostileText) {
  static constexpr std::string_view kParts[] = {"\x1b[2J",
                                                "\x1b]52;c;AAAA\x07",
                                                "\x9b"
                                                "5A",
                                                "\r",
                                                "\b",
                                                "```",
                                                "~~~\n",
                                                "|",
                                                "|-|-|\n",
                                                "- ",
                                                "> ",
                                                "\n",
                                                "\n\n",
                                                "# ",
                                                "**",
                                                "`",
                                                "$",
                                                "[a](",
                                                ")",
                                                "你",
                                                "\u202e",
                                                "1. ",
                                                "    ",
                                                "\t",
                                                "word ",
                                                "&#27;",
                                                "<!--",
                                                "\\",
                                                "\u009b"};
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    FakeTerminal terminal(10 + random() % 60, 3 + random() % 20);
    MarkdownStream stream(terminal.screen());
    for (int i = 0; i < 300; ++i) {
      stream.Append(kParts[random() % std::size(kParts)]);
      if (random() % 50 == 0) terminal.Resize(10 + random() % 60, 3 + random() % 20);
    }
    stream.Finish();
  }
}

TEST(PlainStream, PutsABarBeforeEachLine) {
  FakeTerminal terminal(21, 10);
  PlainStream stream(terminal.screen(), {.dim = true}, "│ ");
  stream.Append("a thought that is");
  stream.Append(" longer\n\nend\x1b[0m");
  stream.Finish();
  EXPECT_THAT(terminal.Rows(), testing::ElementsAre("│ a thought that is", "│ longer", "│", "│ end␛[0m", ""));
}

}  // namespace
}  // namespace candor
