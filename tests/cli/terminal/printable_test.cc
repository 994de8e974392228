#include "cli/terminal/printable.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(Printable, KeepsTextOfAnyScript) {
  const std::string text = "Grüße, 你好, नमस्ते, שלום, 👩‍💻\nsecond line";
  EXPECT_EQ(ForTerminal(text), text);
}

TEST(Printable, ShowsControlsAsPictures) {
  EXPECT_EQ(ForTerminal("\x1b[31mred\x07\b"), "␛[31mred␇␈");
  EXPECT_EQ(ForTerminal(std::string_view("\0", 1)), "␀");
  EXPECT_EQ(ForTerminal("\x7f"), "␡");
  EXPECT_EQ(ForTerminal("a\rb\r\nc"), "a␍b\nc");
  EXPECT_EQ(ForTerminal("\tx"), "    x");
}

TEST(Printable, NamesC1AndHiddenCharacters) {
  EXPECT_EQ(ForTerminal("\u009b31m"), "<U+009B>31m");  // CSI in one character
  EXPECT_EQ(ForTerminal("a\u202Eb\u2066c\u200F"), "a<U+202E>b<U+2066>c<U+200F>");
  EXPECT_EQ(ForTerminal("\U000E0041"), "<U+E0041>");
  EXPECT_EQ(ForTerminal("\u2028"), "<U+2028>");
}

TEST(Printable, ReplacesMalformedBytes) {
  EXPECT_EQ(ForTerminal("a\x9b"
                        "b"),
            "a\uFFFDb");  // the 8-bit form of CSI
  EXPECT_EQ(ForTerminal("\xe4\xbd"), "\uFFFD\uFFFD");
}

TEST(DisplayWidth, CountsWideAndCombiningCharacters) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("你好"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth(""), 0u);
}

TEST(PrintableLine, ShortensToTheWidth) {
  EXPECT_EQ(PrintableLine("abcdef", 6), "abcdef");
  EXPECT_EQ(PrintableLine("abcdefg", 6), "abcde…");
  EXPECT_EQ(PrintableLine("你好吗", 5), "你好…");
  EXPECT_EQ(PrintableLine("你好吗", 4), "你…");
  EXPECT_EQ(PrintableLine("a\nb", 5), "a b");
  EXPECT_EQ(PrintableLine("abc", 0), "");
}

}  // namespace
}  // namespace candor
