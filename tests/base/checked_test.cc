#include "base/checked.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace candor {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(Checked, LargestResultsFitAndTheNextDoNot) {
  EXPECT_EQ(CheckedAdd<uint64_t>(kMax - 1, 1, "n"), kMax);
  EXPECT_THROW(CheckedAdd<uint64_t>(kMax, 1, "n"), LimitError);
  EXPECT_EQ(CheckedMul<uint64_t>(kMax / 2, 2, "n"), kMax - 1);
  EXPECT_THROW(CheckedMul<uint64_t>(kMax / 2 + 1, 2, "n"), LimitError);
  EXPECT_EQ(CheckedAlignUp<uint64_t>(33, 32, "n"), 64u);
  EXPECT_THROW(CheckedAlignUp<uint64_t>(kMax - 3, 32, "n"), LimitError);
}

TEST(Checked, CastsRefuseWhatDoesNotFit) {
  EXPECT_EQ(CheckedCast<int32_t>(uint64_t{0x7fffffff}, "n"), 0x7fffffff);
  EXPECT_THROW(CheckedCast<int32_t>(uint64_t{0x80000000}, "n"), LimitError);
  EXPECT_THROW(CheckedCast<uint32_t>(int64_t{-1}, "n"), LimitError);
}

TEST(Checked, MessageNamesTheQuantity) {
  try {
    CheckedMul<uint64_t>(kMax, 2, "tensor bytes");
    FAIL();
  } catch (const LimitError& error) {
    EXPECT_NE(std::string(error.what()).find("tensor bytes"), std::string::npos);
  }
}

}  // namespace
}  // namespace candor
