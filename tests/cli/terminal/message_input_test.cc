#include <gtest/gtest.h>

#include "cli/terminal/line_editor.h"

namespace candor {
namespace {

// What ReadMessage makes of `lines`, after which the input is closed.
Input Message(const std::vector<std::string>& lines) {
  size_t next = 0;
  return ReadMessage(
      [&](const std::string& prompt) {
        EXPECT_EQ(prompt, next == 0 ? "> " : ". ");
        return next < lines.size() ? Input{InputEnd::kEntered, lines[next++]} : Input{};
      },
      "> ", ". ");
}

TEST(ReadMessage, TakesOneLine) { EXPECT_EQ(Message({"hello", "no"}).text, "hello"); }

TEST(ReadMessage, JoinsLinesThatEndInABackslash) { EXPECT_EQ(Message({"a\\", "b\\", "c", "no"}).text, "a\nb\nc"); }

TEST(ReadMessage, TakesABlock) {
  EXPECT_EQ(Message({"\"\"\"", "a", "", "b", "\"\"\"", "no"}).text, "a\n\nb");
  EXPECT_EQ(Message({"\"\"\"a", "b\"\"\""}).text, "a\nb");
  EXPECT_EQ(Message({"\"\"\"a\"\"\""}).text, "a");
  EXPECT_EQ(Message({"\"\"\"", "a\\", "\"\"\""}).text, "a\\");
}

TEST(ReadMessage, EndsWithTheInput) {
  EXPECT_EQ(Message({}).end, InputEnd::kClosed);
  EXPECT_EQ(Message({"\"\"\"", "a"}).end, InputEnd::kClosed);
  EXPECT_EQ(Message({"a\\"}).end, InputEnd::kClosed);
}

}  // namespace
}  // namespace candor
