#include "engine/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace candor {
namespace {

constexpr size_t kFullBytes = 4096;
constexpr size_t kWindowBytes = 8192;

// One group without a window, one that sees 100 positions.
std::vector<KvGroup> Groups() {
  return {{.window = 0, .layers = {0}, .page_bytes = kFullBytes},
          {.window = 100, .layers = {1}, .page_bytes = kWindowBytes}};
}

size_t PagesThere(const KvSequence& sequence, size_t group) {
  size_t there = 0;
  for (const std::byte* page : sequence.pages().pages[group]) there += page != nullptr;
  return there;
}

TEST(KvCacheTest, GivesAPageOfEveryGroupForEvery64Positions) {
  KvCache cache(Groups(), 1 << 20);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 64));
  EXPECT_EQ(sequence.pages().pages[0].size(), 1u);
  ASSERT_TRUE(cache.Prepare(sequence, 64, 65));
  EXPECT_EQ(sequence.pages().pages[0].size(), 2u);
  EXPECT_EQ(sequence.pages().pages[1].size(), 2u);
  EXPECT_EQ(cache.used_bytes(), 2 * (kFullBytes + kWindowBytes));
  ASSERT_TRUE(cache.Prepare(sequence, 65, 128));
  EXPECT_EQ(cache.used_bytes(), 2 * (kFullBytes + kWindowBytes));
}

TEST(KvCacheTest, PagesStayWhereTheyAreWhenOthersAreAdded) {
  KvCache cache(Groups(), 1 << 20);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 64));
  std::byte* first = sequence.pages().pages[0][0];
  std::memset(first, 7, kFullBytes);
  ASSERT_TRUE(cache.Prepare(sequence, 64, 1000));
  EXPECT_EQ(sequence.pages().pages[0][0], first);
  EXPECT_EQ(first[kFullBytes - 1], std::byte{7});
}

// One user's keys and values must not be there for the next.
TEST(KvCacheTest, APageThatIsUsedAgainIsZero) {
  KvCache cache(Groups(), kFullBytes + kWindowBytes);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 64));
  std::byte* page = sequence.pages().pages[0][0];
  std::memset(page, 7, kFullBytes);
  cache.Release(sequence);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 64));
  ASSERT_EQ(sequence.pages().pages[0][0], page);
  EXPECT_TRUE(std::all_of(page, page + kFullBytes, [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(KvCacheTest, FreesPagesThatTheWindowHasPassed) {
  KvCache cache(Groups(), 1 << 20);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 300));
  EXPECT_EQ(PagesThere(sequence, 1), 5u);
  // Position 162 sees [63, 162]: page 0 is needed. Position 163 sees [64, 163]: it is not.
  ASSERT_TRUE(cache.Prepare(sequence, 162, 300));
  EXPECT_NE(sequence.pages().pages[1][0], nullptr);
  ASSERT_TRUE(cache.Prepare(sequence, 163, 300));
  EXPECT_EQ(sequence.pages().pages[1][0], nullptr);
  EXPECT_NE(sequence.pages().pages[1][1], nullptr);
  EXPECT_EQ(PagesThere(sequence, 0), 5u);
  EXPECT_EQ(cache.used_bytes(), 5 * kFullBytes + 4 * kWindowBytes);
}

TEST(KvCacheTest, RefusesWhatTheBudgetDoesNotAllowAndAddsNothing) {
  KvCache cache(Groups(), 3 * (kFullBytes + kWindowBytes));
  KvSequence one(cache), two(cache);
  ASSERT_TRUE(cache.Prepare(one, 0, 128));
  EXPECT_FALSE(cache.Prepare(two, 0, 65));
  EXPECT_EQ(two.pages().pages[0].size(), 0u);
  EXPECT_EQ(cache.used_bytes(), 2 * (kFullBytes + kWindowBytes));
  EXPECT_TRUE(cache.Prepare(two, 0, 64));
  cache.Release(one);
  EXPECT_TRUE(cache.Prepare(two, 64, 192));
}

TEST(KvCacheTest, FreeMemoryOfOneGroupServesAnother) {
  // Room for 6 pages of the first group alone; a window leaves pages of the second behind.
  KvCache cache(Groups(), 6 * kFullBytes + 3 * kWindowBytes);
  KvSequence sequence(cache);
  for (uint32_t position = 0; position < 6 * 64; position += 64) {
    ASSERT_TRUE(cache.Prepare(sequence, position, position + 64)) << position;
  }
  EXPECT_LE(cache.used_bytes(), cache.budget_bytes());
  EXPECT_EQ(PagesThere(sequence, 0), 6u);
  cache.Release(sequence);
  // Now everything for pages of the first group: those of the second, all free, must go.
  KvCache only_full({Groups()[0]}, 0);
  EXPECT_EQ(cache.free_bytes(), cache.budget_bytes());
  KvSequence next(cache);
  EXPECT_TRUE(cache.Prepare(next, 0, 64));
}

TEST(KvCacheTest, TruncateForgetsLaterPages) {
  KvCache cache(Groups(), 1 << 20);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 150));
  EXPECT_EQ(cache.Truncate(sequence, 65), 65u);
  EXPECT_EQ(sequence.pages().pages[0].size(), 2u);
  EXPECT_EQ(cache.Truncate(sequence, 64), 64u);
  EXPECT_EQ(sequence.pages().pages[0].size(), 1u);
  EXPECT_EQ(sequence.pages().pages[1].size(), 1u);
  EXPECT_EQ(cache.used_bytes(), kFullBytes + kWindowBytes);
}

TEST(KvCacheTest, TruncateBehindAFreedWindowStartsOver) {
  KvCache cache(Groups(), 1 << 20);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 300));
  ASSERT_TRUE(cache.Prepare(sequence, 299, 300));  // page 3 holds the first position that 299 sees, which is 200
  EXPECT_EQ(cache.Truncate(sequence, 295), 295u);  // sees 196, in page 3
  EXPECT_EQ(cache.Truncate(sequence, 290), 0u);    // would see 191, in page 2
  EXPECT_EQ(cache.used_bytes(), 0u);
  EXPECT_TRUE(cache.Prepare(sequence, 0, 300));
}

TEST(KvCacheTest, BytesForIsTheMostThatASequenceTakes) {
  for (const uint32_t step : {1u, 7u, 31u, 64u, 130u, 1000u}) {
    KvCache cache(Groups(), 1 << 24);
    KvSequence sequence(cache);
    uint64_t most = 0;
    for (uint32_t position = 0; position < 1000; position += step) {
      ASSERT_TRUE(cache.Prepare(sequence, position, std::min(1000u, position + step)));
      most = std::max(most, cache.used_bytes());
      ASSERT_LE(cache.used_bytes(), cache.BytesFor(std::min(1000u, position + step), step));
    }
    // A bound, and one of use: not over what was taken by more than one page of the window.
    EXPECT_LE(cache.BytesFor(1000, step), most + kWindowBytes) << step;
  }
}

TEST(KvCacheTest, AMovedSequenceKeepsItsPages) {
  KvCache cache(Groups(), 1 << 20);
  {
    KvSequence first(cache);
    ASSERT_TRUE(cache.Prepare(first, 0, 64));
    const KvSequence second(std::move(first));
    EXPECT_EQ(second.pages().pages[0].size(), 1u);
    EXPECT_EQ(cache.used_bytes(), kFullBytes + kWindowBytes);
  }
  EXPECT_EQ(cache.used_bytes(), 0u);
}

}  // namespace
}  // namespace candor
