#include "server/connection_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace candor {
namespace {

using std::chrono::seconds;
using Stage = ConnectionTable::Stage;
using Time = ConnectionTable::Time;

struct FakeConnection : TimedConnection {
  explicit FakeConnection(ConnectionTable& in) : table(in) {}
  bool Enter(unsigned char network, Time deadline) {
    place = table.Add(this, {network}, deadline);
    return place.has_value();
  }
  void OnDeadline() override { ++deadlines; }
  void Evict() override {
    evicted = true;
    table.Remove(*place);
    place.reset();
  }

  ConnectionTable& table;
  std::optional<ConnectionTable::Handle> place;
  int deadlines = 0;
  bool evicted = false;
};

TEST(ConnectionTableTest, WhoHasBeenIdleLongestMakesRoom) {
  ConnectionTable table(3, 100);
  FakeConnection a(table), b(table), c(table), d(table), e(table), f(table);
  for (FakeConnection* connection : {&a, &b, &c}) ASSERT_TRUE(connection->Enter(1, Time(seconds(10))));
  table.Move(*b.place, Stage::kIdle, Time(seconds(60)));
  table.Move(*a.place, Stage::kIdle, Time(seconds(61)));
  ASSERT_TRUE(d.Enter(1, Time(seconds(10))));
  EXPECT_TRUE(b.evicted);
  ASSERT_TRUE(e.Enter(1, Time(seconds(10))));
  EXPECT_TRUE(a.evicted);
  // None is idle: the one that has been in its header block longest.
  ASSERT_TRUE(f.Enter(1, Time(seconds(10))));
  EXPECT_TRUE(c.evicted);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.evicted(), 3u);
}

TEST(ConnectionTableTest, WhoHasARequestUnderWayStays) {
  ConnectionTable table(2, 100);
  FakeConnection a(table), b(table), c(table);
  ASSERT_TRUE(a.Enter(1, Time::max()));
  ASSERT_TRUE(b.Enter(1, Time::max()));
  table.Move(*a.place, Stage::kBusy, Time::max());
  table.Move(*b.place, Stage::kBusy, Time::max());
  EXPECT_FALSE(c.Enter(1, Time::max()));
  EXPECT_FALSE(a.evicted || b.evicted);
}

TEST(ConnectionTableTest, ANetworkHasItsShareAndNoMore) {
  ConnectionTable table(10, 2);
  FakeConnection a(table), b(table), c(table), d(table);
  ASSERT_TRUE(a.Enter(1, Time::max()));
  ASSERT_TRUE(b.Enter(1, Time::max()));
  EXPECT_FALSE(c.Enter(1, Time::max()));
  EXPECT_TRUE(d.Enter(2, Time::max()));
  table.Remove(*a.place);
  EXPECT_TRUE(c.Enter(1, Time::max()));
}

TEST(ConnectionTableTest, ADeadlineIsToldOnce) {
  ConnectionTable table(10, 10);
  std::vector<std::unique_ptr<FakeConnection>> connections;
  for (int i = 0; i < 6; ++i) {
    connections.push_back(std::make_unique<FakeConnection>(table));
    connections.back()->Enter(1, Time(seconds(i)));
  }
  // Out of order among the busy ones, which need none.
  table.Move(*connections[4]->place, Stage::kBusy, Time(seconds(9)));
  table.Move(*connections[5]->place, Stage::kBusy, Time(seconds(1)));
  table.Sweep(Time(seconds(1)));
  table.Sweep(Time(seconds(2)));
  const std::vector<int> told = {1, 1, 1, 0, 0, 1};
  for (size_t i = 0; i < told.size(); ++i) EXPECT_EQ(connections[i]->deadlines, told[i]) << i;
  // A new deadline is told again.
  table.Move(*connections[0]->place, Stage::kHead, Time(seconds(20)));
  table.Sweep(Time(seconds(20)));
  EXPECT_EQ(connections[0]->deadlines, 2);
  EXPECT_EQ(connections[3]->deadlines, 1);
}

TEST(ConnectionTableTest, WhoIsMovedAnewHasBeenThereShortest) {
  ConnectionTable table(2, 10);
  FakeConnection a(table), b(table), c(table);
  a.Enter(1, Time(seconds(1)));
  b.Enter(1, Time(seconds(2)));
  table.Move(*a.place, Stage::kHead, Time(seconds(3)));
  table.Sweep(Time(seconds(2)));
  EXPECT_EQ(a.deadlines, 0);
  EXPECT_EQ(b.deadlines, 1);
  ASSERT_TRUE(c.Enter(1, Time(seconds(4))));
  EXPECT_TRUE(b.evicted);
}

TEST(ConnectionTableTest, EvictsAllOfAStage) {
  ConnectionTable table(10, 10);
  FakeConnection a(table), b(table), c(table);
  for (FakeConnection* connection : {&a, &b, &c}) connection->Enter(1, Time::max());
  table.Move(*b.place, Stage::kBusy, Time::max());
  table.EvictAll(Stage::kHead);
  EXPECT_TRUE(a.evicted && c.evicted);
  EXPECT_FALSE(b.evicted);
}

}  // namespace
}  // namespace candor
