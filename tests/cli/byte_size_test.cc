#include "cli/byte_size.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(ByteSizeTest, ReadsWhatPeopleWrite) {
  EXPECT_EQ(ParseByteSize("4096B"), 4096u);
  EXPECT_EQ(ParseByteSize("64GB"), 64'000'000'000u);
  EXPECT_EQ(ParseByteSize("64 gb"), 64'000'000'000u);
  EXPECT_EQ(ParseByteSize("64G"), 64'000'000'000u);
  EXPECT_EQ(ParseByteSize("64GiB"), uint64_t{64} << 30);
  EXPECT_EQ(ParseByteSize("1.5TiB"), uint64_t{3} << 39);
  EXPECT_EQ(ParseByteSize("512mb"), 512'000'000u);
  EXPECT_EQ(ParseByteSize("3kib"), 3072u);
}

TEST(ByteSizeTest, RefusesTheRest) {
  for (const char* text : {"",    "1",   "16",  "GB",  "-1",  "0",    "0.1",        "1PB", "1GBs",  "1 G B",
                           "1iB", "1Gi", "inf", "nan", "1e3", "9e18", "99999999TB", " 1",  "1  GB", "0x10"}) {
    EXPECT_FALSE(ParseByteSize(text)) << text;
  }
}

}  // namespace
}  // namespace candor
