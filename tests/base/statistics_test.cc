#include "base/statistics.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(Median, IsTheValueInTheMiddle) {
  EXPECT_EQ(Median({5, 1, 4, 2, 3}), 3);
  EXPECT_EQ(Median({7}), 7);
  EXPECT_EQ(Median({4, 1, 3, 2}), 3);
  EXPECT_EQ(Median({2, 2, 9}), 2);
  EXPECT_EQ(Median({}), 0);
}

}  // namespace
}  // namespace candor
