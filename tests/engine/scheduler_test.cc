#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <memory>

namespace candor {
namespace {

constexpr size_t kPageBytes = 4096;

// A scheduler over a cache of `pages` pages, and requests whose prompts are counted in tokens.
class SchedulerTest : public ::testing::Test {
 protected:
  void Make(uint64_t pages, uint32_t chunk, uint32_t max_sequences, bool remember = false) {
    cache_ = std::make_unique<KvCache>(std::vector<KvGroup>{{.window = 0, .layers = {0}, .page_bytes = kPageBytes}},
                                       pages * kPageBytes);
    prefixes_ = std::make_unique<PrefixTree>(*cache_, remember);
    scheduler_ = std::make_unique<Scheduler>(*cache_, *prefixes_, chunk, max_sequences);
  }
  Sequence& Add(size_t prompt, const std::string& user = "") {
    Request request;
    request.prompt.assign(prompt, 1);
    request.user = user;
    sequences_.push_back(std::make_unique<Sequence>(sequences_.size() + 1, std::move(request), *cache_));
    sequences_.back()->usage.prompt_tokens = static_cast<uint32_t>(prompt);
    scheduler_->Add(sequences_.back().get());
    return *sequences_.back();
  }
  // One step: [request, first, count] of its rows, and the answer grows where all was computed.
  std::vector<std::array<uint32_t, 3>> Step() {
    std::vector<std::array<uint32_t, 3>> result;
    for (const ScheduledRows& rows : scheduler_->Next()) {
      result.push_back({static_cast<uint32_t>(rows.sequence->id), rows.first, rows.count});
      Sequence& sequence = *rows.sequence;
      sequence.computed += rows.count;
      prefixes_->Remember(sequence.request.user, std::span(sequence.tokens).first(sequence.computed), sequence.kv);
      if (rows.sequence->pending() == 0) rows.sequence->tokens.push_back(2);
    }
    return result;
  }
  using Rows = std::vector<std::array<uint32_t, 3>>;

  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<PrefixTree> prefixes_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Sequence>> sequences_;
};

TEST_F(SchedulerTest, NothingToDoIsAnEmptyStep) {
  Make(10, 100, 4);
  EXPECT_TRUE(Step().empty());
}

TEST_F(SchedulerTest, LongPromptIsTakenInChunksThenDecoded) {
  Make(10, 100, 4);
  Add(250);
  EXPECT_EQ(Step(), (Rows{{1, 0, 100}}));
  EXPECT_EQ(Step(), (Rows{{1, 100, 100}}));
  EXPECT_EQ(Step(), (Rows{{1, 200, 50}}));
  EXPECT_EQ(Step(), (Rows{{1, 250, 1}}));
  EXPECT_EQ(Step(), (Rows{{1, 251, 1}}));
}

TEST_F(SchedulerTest, DecodingGoesOnBesideAPromptOfAnother) {
  Make(20, 100, 4);
  Add(30);
  EXPECT_EQ(Step(), (Rows{{1, 0, 30}}));
  Add(150);
  EXPECT_EQ(Step(), (Rows{{1, 30, 1}, {2, 0, 100}}));
  EXPECT_EQ(Step(), (Rows{{1, 31, 1}, {2, 100, 50}}));
  EXPECT_EQ(Step(), (Rows{{1, 32, 1}, {2, 150, 1}}));
}

TEST_F(SchedulerTest, SeveralPromptsShareAChunkInOrderOfArrival) {
  Make(20, 100, 4);
  Add(60);
  Add(70);
  Add(10);
  EXPECT_EQ(Step(), (Rows{{1, 0, 60}, {2, 0, 40}}));
  EXPECT_EQ(Step(), (Rows{{1, 60, 1}, {2, 40, 30}, {3, 0, 10}}));
}

TEST_F(SchedulerTest, NoMoreThanTheLimitRunAtOnce) {
  Make(20, 100, 2);
  Add(10);
  Add(10);
  Add(10);
  EXPECT_EQ(Step(), (Rows{{1, 0, 10}, {2, 0, 10}}));
  EXPECT_EQ(Step(), (Rows{{1, 10, 1}, {2, 10, 1}}));
  scheduler_->Remove(sequences_[0].get());
  EXPECT_EQ(Step(), (Rows{{2, 11, 1}, {3, 0, 10}}));
}

TEST_F(SchedulerTest, RequestWaitsUntilTheCacheHoldsAllOfIt) {
  Make(4, 100, 4);
  Add(150);  // 3 pages
  Add(70);   // 2 pages
  Step();
  EXPECT_EQ(Step(), (Rows{{1, 100, 50}}));
  EXPECT_EQ(scheduler_->Waiting().size(), 1u);
  cache_->Release(sequences_[0]->kv);
  scheduler_->Remove(sequences_[0].get());
  EXPECT_EQ(Step(), (Rows{{2, 0, 70}}));
}

TEST_F(SchedulerTest, LaterRequestsDoNotOvertakeOneThatWaits) {
  Make(4, 200, 4);
  Add(150);
  Add(150);
  Add(1);
  EXPECT_EQ(Step(), (Rows{{1, 0, 150}}));
  EXPECT_EQ(scheduler_->Waiting().size(), 2u);
}

TEST_F(SchedulerTest, WhenMemoryRunsOutTheLastGivesWayAndIsComputedAgainFirst) {
  Make(4, 300, 4);
  Add(126);  // 2 pages, and a third from position 128 on
  Add(100);  // 2 pages
  Add(1);
  EXPECT_EQ(Step(), (Rows{{1, 0, 126}, {2, 0, 100}}));
  EXPECT_EQ(Step(), (Rows{{1, 126, 1}, {2, 100, 1}}));
  EXPECT_EQ(Step(), (Rows{{1, 127, 1}, {2, 101, 1}}));
  EXPECT_EQ(Step(), (Rows{{1, 128, 1}}));
  EXPECT_EQ(sequences_[1]->computed, 0u);
  EXPECT_EQ(sequences_[1]->tokens.size(), 103u);  // what it had answered stays
  EXPECT_EQ(cache_->used_bytes(), 3 * kPageBytes);
  cache_->Release(sequences_[0]->kv);
  scheduler_->Remove(sequences_[0].get());
  EXPECT_EQ(Step(), (Rows{{2, 0, 103}, {3, 0, 1}}));
}

TEST_F(SchedulerTest, TheLastGivesWayToItsOwnNeedToo) {
  Make(4, 300, 4);
  Add(100);
  Add(127);
  Step();
  EXPECT_EQ(Step(), (Rows{{1, 100, 1}, {2, 127, 1}}));
  EXPECT_EQ(Step(), (Rows{{1, 101, 1}}));  // the second would need a third page
  EXPECT_EQ(scheduler_->Waiting().size(), 1u);
}

TEST_F(SchedulerTest, ChunkOfOneStillServesEverybody) {
  Make(10, 1, 4);
  Add(2);
  Add(2);
  EXPECT_EQ(Step(), (Rows{{1, 0, 1}}));
  EXPECT_EQ(Step(), (Rows{{1, 1, 1}, {2, 0, 1}}));
  EXPECT_EQ(Step(), (Rows{{1, 2, 1}, {2, 1, 1}}));
}

TEST_F(SchedulerTest, UsersTakeTurnsWithPrompts) {
  Make(100, 100, 8);
  Add(250, "one");
  Add(250, "one");
  EXPECT_EQ(Step(), (Rows{{1, 0, 100}}));
  Add(120, "two");  // begins where "one" is, and is behind from the next step on
  EXPECT_EQ(Step(), (Rows{{1, 100, 100}}));
  EXPECT_EQ(Step(), (Rows{{3, 0, 100}}));
  EXPECT_EQ(Step(), (Rows{{1, 200, 50}, {3, 100, 20}, {2, 0, 30}}));
}

TEST_F(SchedulerTest, AUserWithManyRequestsDoesNotKeepOthersOut) {
  Make(100, 100, 2);
  for (int i = 0; i < 6; ++i) Add(10, "many");
  EXPECT_EQ(Step(), (Rows{{1, 0, 10}, {2, 0, 10}}));
  Add(10, "one");
  EXPECT_EQ(Step(), (Rows{{1, 10, 1}, {2, 10, 1}}));
  EXPECT_EQ(scheduler_->Waiting().front()->id, 7u);
  scheduler_->Remove(sequences_[0].get());
  EXPECT_EQ(Step(), (Rows{{2, 11, 1}, {7, 0, 10}}));
}

TEST_F(SchedulerTest, WhatIsBeingComputedIsWaitedForAndOthersOvertake) {
  Make(100, 100, 8, true);
  Add(250, "one");
  Add(250, "one");
  Add(30, "two");
  EXPECT_EQ(Step(), (Rows{{1, 0, 100}}));
  EXPECT_EQ(Step(), (Rows{{3, 0, 30}, {1, 100, 70}}));
  EXPECT_EQ(Step(), (Rows{{3, 30, 1}, {1, 170, 80}}));
  EXPECT_EQ(Step(), (Rows{{1, 250, 1}, {3, 31, 1}, {2, 192, 58}}));
  EXPECT_EQ(sequences_[1]->usage.cached_tokens, 192u);
}

TEST_F(SchedulerTest, WhatIsRememberedGoesBeforeARequestGivesWay) {
  Make(4, 300, 4, true);
  Add(200, "one");
  Step();
  scheduler_->Remove(sequences_[0].get());
  cache_->Release(sequences_[0]->kv);
  EXPECT_EQ(cache_->used_bytes(), 3 * kPageBytes);
  Add(100, "two");
  Add(100, "three");
  EXPECT_EQ(Step(), (Rows{{2, 0, 100}, {3, 0, 100}}));
  EXPECT_EQ(Step(), (Rows{{2, 100, 1}, {3, 100, 1}}));
  EXPECT_EQ(scheduler_->preemptions(), 0u);
}

TEST_F(SchedulerTest, ARequestThatGaveWayStartsBehindWhatIsRememberedOfIt) {
  Make(5, 300, 4, true);
  Add(126, "one");
  Add(130, "two");
  Step();
  Step();
  Step();
  // The first needs a third page, for position 128; the second, which has three, gives way.
  EXPECT_EQ(Step(), (Rows{{1, 128, 1}}));
  EXPECT_EQ(scheduler_->preemptions(), 1u);
  cache_->Release(sequences_[0]->kv);
  scheduler_->Remove(sequences_[0].get());
  EXPECT_EQ(Step(), (Rows{{2, 128, 5}}));
}

}  // namespace
}  // namespace candor
