#include "engine/prefix_tree.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace candor {
namespace {

constexpr size_t kPageBytes = 4096;

std::vector<TokenId> Tokens(size_t count, TokenId first = 0) {
  std::vector<TokenId> tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

class PrefixTreeTest : public ::testing::Test {
 protected:
  void Make(std::vector<uint32_t> windows = {0}, uint64_t pages = 1000) {
    std::vector<KvGroup> groups;
    for (const uint32_t window : windows) groups.push_back({.window = window, .layers = {}, .page_bytes = kPageBytes});
    cache_ = std::make_unique<KvCache>(groups, pages * kPageBytes);
    tree_ = std::make_unique<PrefixTree>(*cache_, true);
  }
  // Computes `tokens` in steps of 64 as the engine does, from what is remembered on.
  KvSequence Compute(const std::string& user, const std::vector<TokenId>& tokens) {
    KvSequence sequence(*cache_);
    uint32_t done = tree_->Give(user, tokens, sequence).tokens;
    while (done < tokens.size()) {
      const auto end = static_cast<uint32_t>(std::min<size_t>(tokens.size(), done + 64));
      while (!cache_->Prepare(sequence, done, end)) EXPECT_TRUE(tree_->Evict());
      done = end;
      tree_->Remember(user, std::span(tokens).first(done), sequence);
    }
    return sequence;
  }

  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<PrefixTree> tree_;
};

TEST_F(PrefixTreeTest, FindsWholeBlocksAndLeavesATokenToCompute) {
  Make();
  Compute("a", Tokens(200));
  EXPECT_EQ(tree_->Find("a", Tokens(200)), 192u);
  EXPECT_EQ(tree_->Find("a", Tokens(193)), 192u);
  EXPECT_EQ(tree_->Find("a", Tokens(192)), 128u);
  EXPECT_EQ(tree_->Find("a", Tokens(500)), 192u);
  EXPECT_EQ(tree_->Find("a", Tokens(63)), 0u);
  EXPECT_EQ(tree_->Find("a", Tokens(200, 1)), 0u);
}

TEST_F(PrefixTreeTest, TokensAreComparedOneByOne) {
  Make();
  Compute("a", Tokens(200));
  for (size_t i = 0; i < 130; ++i) {
    std::vector<TokenId> other = Tokens(200);
    other[i] += 1000;
    EXPECT_EQ(tree_->Find("a", other), i / 64 * 64) << i;
  }
}

TEST_F(PrefixTreeTest, UsersDoNotSeeEachOther) {
  Make();
  Compute("a", Tokens(200));
  KvSequence sequence(*cache_);
  const PrefixTree::Use use = tree_->Give("b", Tokens(200), sequence);
  EXPECT_EQ(use.tokens, 0u);
  EXPECT_FALSE(use.divergence);
}

TEST_F(PrefixTreeTest, SharedPagesAreTheSamePages) {
  Make({0, 100});
  const KvSequence first = Compute("a", Tokens(200));
  const uint64_t used = cache_->used_bytes();
  KvSequence second(*cache_);
  EXPECT_EQ(tree_->Give("a", Tokens(200), second).tokens, 192u);
  EXPECT_EQ(cache_->used_bytes(), used);
  EXPECT_EQ(second.pages().pages[0], std::vector(first.pages().pages[0].begin(), first.pages().pages[0].end() - 1));
  // Position 192 sees 93 to 192: the window's page 0 is not needed.
  EXPECT_EQ(second.pages().pages[1][0], nullptr);
  EXPECT_EQ(second.pages().pages[1][1], first.pages().pages[1][1]);
  ASSERT_TRUE(cache_->Prepare(second, 192, 200));
  EXPECT_NE(second.pages().pages[0][3], first.pages().pages[0][3]);
}

TEST_F(PrefixTreeTest, PagesOfAWindowStayForThoseWhoLeaveTheWayEarly) {
  Make({0, 100});
  Compute("a", Tokens(1000));
  EXPECT_EQ(tree_->Find("a", Tokens(300)), 256u);
}

TEST_F(PrefixTreeTest, SaysWhereTheNearestGoesOnOtherwise) {
  Make();
  Compute("a", Tokens(200));
  std::vector<TokenId> branch = Tokens(200);
  branch[100] = 5000;
  Compute("a", branch);
  std::vector<TokenId> asked = Tokens(200);
  asked[150] = 77;
  KvSequence one(*cache_);
  PrefixTree::Use use = tree_->Give("a", asked, one);
  EXPECT_EQ(use.tokens, 128u);
  ASSERT_TRUE(use.divergence);
  EXPECT_EQ(use.divergence->position, 150u);
  EXPECT_EQ(use.divergence->remembered, 150);
  EXPECT_EQ(use.divergence->given, 77);
  // Between the two in order, and nearer to the branch.
  asked = branch;
  asked[101] = 4;
  KvSequence two(*cache_);
  use = tree_->Give("a", asked, two);
  EXPECT_EQ(use.tokens, 64u);
  ASSERT_TRUE(use.divergence);
  EXPECT_EQ(use.divergence->position, 101u);
  EXPECT_EQ(use.divergence->remembered, 101);
}

TEST_F(PrefixTreeTest, NothingDiffersWhereThePromptEnds) {
  Make();
  Compute("a", Tokens(200));
  for (const size_t count : {1u, 64u, 100u, 128u, 129u, 192u, 200u, 300u}) {
    KvSequence sequence(*cache_);
    EXPECT_FALSE(tree_->Give("a", Tokens(count), sequence).divergence) << count;
  }
}

TEST_F(PrefixTreeTest, EvictsWhatWasNotUsedForLongest) {
  Make();
  Compute("a", Tokens(65, 0));
  Compute("a", Tokens(65, 1000));
  Compute("b", Tokens(65, 2000));
  Compute("a", Tokens(65, 0));
  EXPECT_EQ(tree_->idle_bytes(), 3 * kPageBytes);
  EXPECT_TRUE(tree_->Evict());
  EXPECT_EQ(tree_->Find("a", Tokens(65, 1000)), 0u);
  EXPECT_TRUE(tree_->Evict());
  EXPECT_EQ(tree_->Find("b", Tokens(65, 2000)), 0u);
  EXPECT_EQ(tree_->Find("a", Tokens(65, 0)), 64u);
  EXPECT_TRUE(tree_->Evict());
  EXPECT_FALSE(tree_->Evict());
  EXPECT_EQ(tree_->forgotten_tokens(), 3 * 64u);
  EXPECT_EQ(cache_->used_bytes(), 0u);
}

TEST_F(PrefixTreeTest, EvictsFromTheEndOfAPath) {
  Make();
  Compute("a", Tokens(300));
  for (const uint32_t left : {192u, 128u, 64u, 0u}) {
    EXPECT_TRUE(tree_->Evict());
    EXPECT_EQ(tree_->Find("a", Tokens(300)), left);
  }
  EXPECT_FALSE(tree_->Evict());
}

TEST_F(PrefixTreeTest, WhatIsInUseStays) {
  Make();
  const KvSequence sequence = Compute("a", Tokens(300));
  Compute("a", Tokens(130, 1000));
  EXPECT_TRUE(tree_->Evict());
  EXPECT_TRUE(tree_->Evict());
  EXPECT_FALSE(tree_->Evict());
  EXPECT_EQ(tree_->Find("a", Tokens(300)), 256u);
  EXPECT_EQ(tree_->Find("a", Tokens(130, 1000)), 0u);
  EXPECT_EQ(tree_->idle_bytes(), 0u);
}

TEST_F(PrefixTreeTest, PassedWindowsOfWhatIsInUseGoWhenNothingElseCan) {
  Make({0, 100});
  const KvSequence sequence = Compute("a", Tokens(300));
  const uint64_t before = cache_->used_bytes();
  EXPECT_EQ(tree_->idle_bytes(), 2 * kPageBytes);  // position 256 sees 157 on, which is in block 2
  while (tree_->Evict()) {
  }
  EXPECT_EQ(tree_->idle_bytes(), 0u);
  EXPECT_LT(cache_->used_bytes(), before);
  // Behind block 1 the window's page is gone; behind block 4 they are there.
  EXPECT_EQ(tree_->Find("a", Tokens(130)), 0u);
  EXPECT_EQ(tree_->Find("a", Tokens(300)), 256u);
}

TEST_F(PrefixTreeTest, ADisabledTreeRemembersNothing) {
  Make();
  PrefixTree off(*cache_, false);
  KvSequence sequence(*cache_);
  ASSERT_TRUE(cache_->Prepare(sequence, 0, 200));
  off.Remember("a", Tokens(200), sequence);
  EXPECT_EQ(off.Find("a", Tokens(200)), 0u);
}

// Against a list of everything that was computed: what is found was computed by the user, and without pressure all of
// it is found.
TEST_F(PrefixTreeTest, AgreesWithAListOfAllThatWasComputed) {
  for (const uint64_t pages : {60u, 100000u}) {
    Make({0, 100, 0}, pages);
    std::mt19937 random(7);
    std::set<std::pair<std::string, std::vector<TokenId>>> computed;
    for (int round = 0; round < 300; ++round) {
      const std::string user = random() % 2 == 0 ? "a" : "b";
      std::vector<TokenId> tokens;
      const size_t blocks = 1 + random() % 5;
      for (size_t b = 0; b < blocks; ++b) tokens.insert(tokens.end(), 64, static_cast<TokenId>(random() % 2));
      tokens.push_back(5);
      const uint32_t found = tree_->Find(user, tokens);
      uint32_t expected = 0;
      for (uint32_t n = 64; n < tokens.size(); n += 64) {
        if (computed.contains({user, {tokens.begin(), tokens.begin() + n}})) expected = n;
      }
      if (pages > 1000) {
        EXPECT_EQ(found, expected);
      } else {
        EXPECT_LE(found, expected);
      }
      Compute(user, tokens);
      for (uint32_t n = 64; n < tokens.size(); n += 64) computed.insert({user, {tokens.begin(), tokens.begin() + n}});
      EXPECT_LE(cache_->used_bytes(), cache_->budget_bytes());
    }
    while (tree_->Evict()) {
    }
    EXPECT_EQ(cache_->used_bytes(), 0u);
  }
}

}  // namespace
}  // namespace candor
