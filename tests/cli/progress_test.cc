#include "cli/progress.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(ProgressTest, BytesAreRounded) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(98362432), "98.4 MB");
  EXPECT_EQ(FormatBytes(999949999), "1.0 GB");
  EXPECT_EQ(FormatBytes(4700000000), "4.7 GB");
  EXPECT_EQ(FormatBytes(1300000000000), "1.3 TB");
}

TEST(ProgressTest, ShowsShareAmountSpeedAndTimeLeft) {
  EXPECT_EQ(FormatProgress("m", ProgressUnit::kBytes, 25000000, 100000000, 0, 2, 100),
            "m  [######..................]   25%  25.0 / 100.0 MB  12.5 MB/s  6 s left");
  EXPECT_EQ(FormatProgress("prompt", ProgressUnit::kTokens, 512, 1024, 0, 1, 100),
            "prompt  [############............]   50%  512 / 1024 tokens  512 tokens/s  1 s left");
}

TEST(ProgressTest, SpeedCountsFromWhereItStarted) {
  EXPECT_EQ(FormatProgress("m", ProgressUnit::kBytes, 60000000, 100000000, 50000000, 1, 40),
            "m   60%  60.0 / 100.0 MB  10.0 MB/s  4 ");
}

TEST(ProgressTest, SaysNoSpeedBeforeItIsKnown) {
  EXPECT_EQ(FormatProgress("m", ProgressUnit::kBytes, 1000000, 2000000, 0, 0.1, 100),
            "m  [############............]   50%  1.0 / 2.0 MB");
  EXPECT_EQ(FormatProgress("m", ProgressUnit::kBytes, 0, 2000000, 0, 30, 100),
            "m  [........................]    0%  0.0 / 2.0 MB");
}

TEST(ProgressTest, ATotalThatIsNotKnownOrExceeded) {
  EXPECT_EQ(FormatProgress("m", ProgressUnit::kBytes, 3000000, 0, 0, 1, 100), "m  3.0 MB  3.0 MB/s");
  EXPECT_EQ(FormatProgress("m", ProgressUnit::kTokens, 30, 20, 0, 1, 100),
            "m  [########################]  100%  20 / 20 tokens  20 tokens/s");
}

TEST(ProgressTest, FitsTheTerminal) {
  for (int columns = 0; columns < 120; ++columns) {
    const std::string line =
        FormatProgress("qwen2.5-coder-0.5b", ProgressUnit::kBytes, 250000000, 491400064, 0, 20, columns);
    EXPECT_LT(line.size(), static_cast<size_t>(std::max(columns, 1))) << line;
  }
}

TEST(ProgressTest, NoLabelIsACommandToTheTerminal) {
  const std::string line = FormatProgress("a\x1b]0;p\a\nb", ProgressUnit::kBytes, 1, 2, 0, 0, 80);
  EXPECT_EQ(line.find_first_of("\x1b\a\n"), std::string::npos);
  EXPECT_TRUE(line.starts_with("a\u241b]0;p\u2407 b"));
}

}  // namespace
}  // namespace candor
