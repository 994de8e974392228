#include "engine/fair_share.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(FairShareTest, CountsTheRowsOfEachUser) {
  FairShare share;
  share.Enter("one");
  share.Enter("two");
  share.Charge("one", 10);
  share.Charge("two", 3);
  share.Charge("one", 1);
  EXPECT_EQ(share.count("one"), 11u);
  EXPECT_EQ(share.count("two"), 3u);
}

TEST(FairShareTest, WhoComesLaterStartsWhereTheLeastIs) {
  FairShare share;
  share.Enter("one");
  share.Enter("two");
  share.Charge("one", 10);
  share.Charge("two", 7);
  share.Enter("three");
  EXPECT_EQ(share.count("three"), 7u);
}

TEST(FairShareTest, NobodySavesUpTurnsWhileAway) {
  FairShare share;
  share.Enter("one");
  share.Enter("two");
  share.Charge("two", 5);
  share.Leave("one");
  share.Charge("two", 5);
  share.Enter("one");
  EXPECT_EQ(share.count("one"), 10u);
}

TEST(FairShareTest, AUserStaysAsLongAsThereIsARequest) {
  FairShare share;
  share.Enter("one");
  share.Enter("one");
  share.Charge("one", 5);
  share.Leave("one");
  EXPECT_EQ(share.count("one"), 5u);
}

}  // namespace
}  // namespace candor
