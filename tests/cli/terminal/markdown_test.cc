#include "cli/terminal/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor {
namespace {

using testing::ElementsAre;

std::string Text(const Line& line) {
  std::string text;
  for (const Span& span : line.spans) text += span.text;
  return text;
}

std::vector<std::string> Render(std::string_view source, const MarkdownOptions& options = {.columns = 20}) {
  std::vector<std::string> texts;
  for (const Line& line : RenderMarkdown(source, options)) texts.push_back(Text(line));
  return texts;
}

// The style of the span whose text is `text`.
Style StyleOf(std::string_view source, std::string_view text) {
  for (const Line& line : RenderMarkdown(source, {})) {
    for (const Span& span : line.spans) {
      if (span.text == text) return span.style;
    }
  }
  ADD_FAILURE() << "no span " << text;
  return {};
}

TEST(Markdown, SeparatesParagraphsAndKeepsLineEnds) {
  EXPECT_THAT(Render("one\ntwo\n\nthree"), ElementsAre("one", "two", "", "three"));
}

TEST(Markdown, BreaksParagraphsToTheWidth) {
  EXPECT_THAT(Render("The quick brown fox jumps over"), ElementsAre("The quick brown fox", "jumps over"));
}

TEST(Markdown, StylesInlineText) {
  const std::string_view source = "plain **bold** *slanted* ~~gone~~ `code` ***both***";
  EXPECT_EQ(StyleOf(source, "bold"), (Style{.bold = true}));
  EXPECT_EQ(StyleOf(source, "slanted"), (Style{.italic = true}));
  EXPECT_EQ(StyleOf(source, "gone"), (Style{.strike = true}));
  EXPECT_EQ(StyleOf(source, "code"), (Style{.coloured = true}));
  EXPECT_EQ(StyleOf(source, "both"), (Style{.bold = true, .italic = true}));
}

TEST(Markdown, StylesHeadings) {
  EXPECT_EQ(StyleOf("# Title\n## Part", "Title"), (Style{.bold = true, .underline = true}));
  EXPECT_EQ(StyleOf("# Title\n## Part", "Part"), (Style{.bold = true}));
  EXPECT_THAT(Render("# Title\ntext"), ElementsAre("Title", "", "text"));
}

TEST(Markdown, LaysOutLists) {
  EXPECT_THAT(Render("- one\n- two\n  - inner\n- three"), ElementsAre("• one", "• two", "  • inner", "• three"));
  EXPECT_THAT(Render("9. nine\n10. ten is longer than this"),
              ElementsAre("9. nine", "10. ten is longer", "    than this"));
  EXPECT_THAT(Render("3) a\n\n4) b"), ElementsAre("3) a", "", "4) b"));
  EXPECT_THAT(Render("- [x] done\n- [ ] open"), ElementsAre("☑ done", "☐ open"));
  EXPECT_THAT(Render("-\n- x"), ElementsAre("• ", "• x"));
}

TEST(Markdown, SeparatesParagraphsOfAnItem) {
  EXPECT_THAT(Render("- one\n\n  more\n- two"), ElementsAre("• one", "  ", "  more", "", "• two"));
}

TEST(Markdown, MarksQuotes) {
  EXPECT_THAT(Render("> said\n> so\n\nafter"), ElementsAre("│ said", "│ so", "", "after"));
  EXPECT_THAT(Render("> - a\n>   - b"), ElementsAre("│ • a", "│   • b"));
}

TEST(Markdown, KeepsCodeAsItIs) {
  EXPECT_THAT(Render("```py\nif x:\n\n    print('**no**')\n```"),
              ElementsAre("── py ──────────────", "if x:", "", "    print('**no**')", "────────────────────"));
}

TEST(Markdown, DoesNotBreakCodeLines) {
  const std::string code(50, 'x');
  EXPECT_THAT(Render("~~~\n" + code + "\n~~~"), testing::Contains(code));
}

TEST(Markdown, LeavesOutTheRulesOfCodeThatGoesOn) {
  EXPECT_THAT(Render("```\na\n", {.columns = 20, .last_code_open = true}), ElementsAre("────────────────────", "a"));
  EXPECT_THAT(Render("```\nb\n```", {.columns = 20, .first_code_continues = true}),
              ElementsAre("b", "────────────────────"));
}

TEST(Markdown, LaysOutTables) {
  EXPECT_THAT(Render("| a | bb |\n|---|---:|\n| one | 2 |\n", {.columns = 40}),
              ElementsAre("a   │  bb", "────┼────", "one │   2"));
}

TEST(Markdown, NarrowsTablesThatDoNotFit) {
  EXPECT_THAT(Render("|k|v|\n|---|---|\n|a|one two three four|", {.columns = 16}),
              ElementsAre("k   │ v         ", "────┼───────────", "a   │ one two   ", "    │ three four"));
  std::string header = "|", rule = "|";
  for (int i = 0; i < 6; ++i) header += "x|", rule += "---|";
  EXPECT_THAT(Render(header + "\n" + rule, {.columns = 16}), ElementsAre("x", "x", "x", "x", "x", "x"));
}

TEST(Markdown, ShowsWhereLinksLead) {
  EXPECT_THAT(Render("[text](http://a.b)", {.columns = 40}), ElementsAre("text (http://a.b)"));
  EXPECT_THAT(Render("<http://a.b>", {.columns = 40}), ElementsAre("http://a.b"));
  EXPECT_THAT(Render("![cat](c.png)", {.columns = 40}), ElementsAre("[image: cat] (c.png)"));
}

TEST(Markdown, ShowsHtmlEntitiesAndFormulas) {
  EXPECT_THAT(Render("<b>x</b> &lt;&#65;&unknown;", {.columns = 40}), ElementsAre("<b>x</b> <A&unknown;"));
  EXPECT_THAT(Render("\\(a_1\\) and $b_1 * c_2 * d$", {.columns = 40}), ElementsAre("\\(a_1\\) and $b_1 * c_2 * d$"));
  EXPECT_THAT(Render("1 \\* 2", {.columns = 40}), ElementsAre("1 * 2"));
}

TEST(Markdown, NeverPassesControlsOn) {
  const std::string evil =
      "\x1b]0;t\x07 `\x1b[2J` [a](\x1b[1m) &#27;[0m &#x9b;\n```\x1b[3m\n\x1b[4m\n```\n|\x1b[5m|\n|-|\n";
  for (const Line& line : RenderMarkdown(evil, {})) {
    for (const char c : Text(line)) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << Text(line);
  }
}

TEST(Markdown, BoundsNestingToTheWidth) {
  const std::string deep(4000, '>');
  for (const Line& line : RenderMarkdown(deep + " x", {.columns = 20})) EXPECT_LE(line.Columns(), 20u);
  std::string lists;
  for (int i = 0; i < 200; ++i) lists += "- ";
  for (const Line& line : RenderMarkdown(lists + "x", {.columns = 20})) EXPECT_LE(line.Columns(), 20u);
}

}  // namespace
}  // namespace candor
