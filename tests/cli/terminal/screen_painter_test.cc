#include "cli/terminal/screen_painter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/terminal/fake_terminal.h"

namespace candor {
namespace {

using testing::ElementsAre;

std::vector<Line> Lines(const std::vector<std::string>& texts) {
  std::vector<Line> lines(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) lines[i].Append({}, texts[i]);
  return lines;
}

TEST(ScreenPainter, ReplacesWhatWasPainted) {
  FakeTerminal terminal(10, 5);
  ScreenPainter painter(terminal.screen());
  painter.Paint(Lines({"ab", "cd", "ef"}));
  painter.Paint(Lines({"ab", "xy"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("ab", "xy"));
  painter.Paint(Lines({"ab", "xyz", "", "q"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("ab", "xyz", "", "q"));
  painter.Paint(Lines({"ab"}));
  painter.Paint(Lines({"abc"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("abc"));
}

TEST(ScreenPainter, CommittedLinesStay) {
  FakeTerminal terminal(10, 5);
  ScreenPainter painter(terminal.screen());
  painter.Commit();
  painter.Paint(Lines({"ab", "cd"}));
  painter.Commit();
  painter.Paint(Lines({"x"}));
  painter.Paint(Lines({"y"}));
  painter.Commit();
  EXPECT_THAT(terminal.Rows(), ElementsAre("ab", "cd", "y", ""));
}

TEST(ScreenPainter, AppendsWithoutRewriting) {
  FakeTerminal terminal(80, 5);
  ScreenPainter painter(terminal.screen());
  painter.Paint(Lines({"some text that is long"}));
  const size_t before = terminal.bytes_written();
  painter.Paint(Lines({"some text that is long!"}));
  EXPECT_EQ(terminal.bytes_written() - before, 1u);
  painter.Paint(Lines({"some text that is long!"}));
  EXPECT_EQ(terminal.bytes_written() - before, 1u);
}

TEST(ScreenPainter, CountsLinesThatTheTerminalWraps) {
  FakeTerminal terminal(4, 10);
  ScreenPainter painter(terminal.screen());
  painter.Paint(Lines({"a", "bbbbbbbbb", "cccc"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("a", "bbbb", "bbbb", "b", "cccc"));
  painter.Paint(Lines({"x", "y"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("x", "y"));
}

TEST(ScreenPainter, LeavesWhatHasScrolledAway) {
  FakeTerminal terminal(10, 3);
  ScreenPainter painter(terminal.screen());
  painter.Paint(Lines({"1", "2", "3", "4", "5"}));
  painter.Paint(Lines({"a", "b", "c", "d", "e", "f"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("1", "2", "c", "d", "e", "f"));
}

TEST(ScreenPainter, BeginsAnewBelowWhenTheTerminalGetsNarrower) {
  FakeTerminal terminal(10, 10);
  ScreenPainter painter(terminal.screen());
  painter.Paint(Lines({"ab", "cd"}));
  terminal.Resize(5, 10);
  painter.Paint(Lines({"ab", "cde"}));
  EXPECT_THAT(terminal.Rows(), ElementsAre("ab", "cd", "ab", "cde"));
}

}  // namespace
}  // namespace candor
