#include "base/utf8.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(Utf8Test, DecodesTheBoundsOfEveryLength) {  // the Unicode Standard, table 3-6
  const struct {
    std::string_view text;
    char32_t code;
  } cases[] = {{{"\0", 1}, 0},
               {"\x7F", 0x7F},
               {"\xC2\x80", 0x80},
               {"\xDF\xBF", 0x7FF},
               {"\xE0\xA0\x80", 0x800},
               {"\xED\x9F\xBF", 0xD7FF},
               {"\xEE\x80\x80", 0xE000},
               {"\xEF\xBF\xBF", 0xFFFF},
               {"\xF0\x90\x80\x80", 0x10000},
               {"\xF4\x8F\xBF\xBF", 0x10FFFF}};
  for (const auto& c : cases) {
    const Utf8Char found = DecodeUtf8(c.text, 0);
    EXPECT_EQ(found.code, c.code);
    EXPECT_EQ(found.bytes, c.text.size());
  }
}

TEST(Utf8Test, RefusesIllFormedSequences) {  // the Unicode Standard, table 3-7: what it leaves out
  for (std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE1\x80", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF1\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    EXPECT_EQ(DecodeUtf8(text, 0).code, kInvalidUtf8) << Printable(text);
    EXPECT_FALSE(IsValidUtf8(text));
    EXPECT_FALSE(IsPrintable(text));
  }
  EXPECT_TRUE(IsValidUtf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

TEST(Utf8Test, AMaximalSubpartIsOneReplacement) {  // the Unicode Standard 15, tables 3-8 to 3-11
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ToValidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ToValidUtf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(ToValidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
  EXPECT_TRUE(DecodeUtf8("\xF0\x91\x92", 0).truncated);
  EXPECT_FALSE(DecodeUtf8("\xF0\x91\x41", 0).truncated);
}

TEST(Utf8Test, CharactersComeWholeHoweverTheirBytesAreDivided) {
  const std::string bytes = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xE1\x80z\xFF\xC0\xAF\xF0\x9F";
  for (size_t step = 1; step <= bytes.size(); ++step) {
    Utf8Assembler assembler;
    std::string text;
    for (size_t at = 0; at < bytes.size(); at += step) {
      const std::string part = assembler.Add(bytes.substr(at, step));
      EXPECT_TRUE(IsValidUtf8(part));
      text += part;
    }
    EXPECT_EQ(text + assembler.Finish(), ToValidUtf8(bytes)) << step;
  }
}

TEST(Utf8Test, PrintableTextIsLeftAlone) {
  EXPECT_EQ(Printable("blk.0 \"\xC3\xA9\" \\ \xE4\xB8\xAD"), "blk.0 \"\xC3\xA9\" \\ \xE4\xB8\xAD");
}

TEST(Utf8Test, ControlsAndBrokenBytesAreEscaped) {
  EXPECT_EQ(Printable("a\x1B[2J\n\x7F"), "a\\x1B[2J\\x0A\\x7F");
  EXPECT_EQ(Printable("\xC2\x9B"), "\\u{9B}");            // the one-character form of ESC [
  EXPECT_EQ(Printable("x\xE2\x80\xAEy"), "x\\u{202E}y");  // right-to-left override
  EXPECT_EQ(Printable("\xFFz"), "\\xFFz");
  EXPECT_TRUE(IsPrintable(Printable("\x1B\xE2\x80\x8B\xF3\xA0\x80\x81\xC3")));
}

TEST(Utf8Test, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(Printable("\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\xC3\xA9\xC3\xA9...");
  EXPECT_EQ(Printable("abc", 3), "abc");
}

}  // namespace
}  // namespace candor
