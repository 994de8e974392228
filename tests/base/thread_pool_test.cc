#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <atomic>
#include <thread>
#include <vector>

namespace candor {
namespace {

TEST(ThreadPool, SharesCoverTheWorkOnceForAnyNumberOfThreads) {
  for (int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (size_t units : {0u, 1u, 2u, 7u, 64u}) {
      std::vector<std::atomic<int>> seen(units);
      pool.Run([&](Worker& worker) {
        const Range share = worker.Share(units);
        for (size_t i = share.begin; i < share.end; ++i) seen[i]++;
      });
      for (const auto& count : seen) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, PartsCoverTheWorkOnceWhoeverIsLate) {
  for (int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (int late = 0; late < threads; ++late) {
      for (size_t units : {0u, 1u, 2u, 7u, 64u, 1000u}) {
        for (size_t grain : {1u, 3u, 5000u}) {
          std::vector<std::atomic<int>> seen(units);
          pool.Run([&](Worker& worker) {
            for (int loop = 1; loop <= 3; ++loop) {
              if (worker.rank() == late) std::this_thread::yield();
              worker.ForParts(units, grain, [&](Range part) {
                EXPECT_LT(part.begin, part.end);
                EXPECT_LE(part.end - part.begin, grain);
                for (size_t i = part.begin; i < part.end; ++i) seen[i]++;
              });
              worker.Barrier();
              for (const auto& count : seen) EXPECT_EQ(count, loop);
              worker.Barrier();
            }
          });
        }
      }
    }
  }
}

TEST(ThreadPool, AThreadThatIsThroughTakesPartsOfOneThatIsLate) {
  ThreadPool pool(2);
  std::atomic<int> taken_by_first{0};
  std::atomic<bool> first_is_through{false};
  pool.Run([&](Worker& worker) {
    if (worker.rank() == 1) {
      while (!first_is_through) std::this_thread::yield();
    }
    worker.ForParts(8, 1, [&](Range) { taken_by_first += worker.rank() == 0; });
    if (worker.rank() == 0) first_is_through = true;
    worker.Barrier();
  });
  EXPECT_EQ(taken_by_first, 8);
}

TEST(ThreadPool, ABarrierMakesEarlierWritesVisible) {
  ThreadPool pool(3);
  std::vector<int> cells(3);
  std::atomic<int> wrong{0};
  for (int round = 0; round < 2000; ++round) {
    pool.Run([&](Worker& worker) {
      for (int step = 1; step <= 3; ++step) {
        cells[static_cast<size_t>(worker.rank())] = 10 * round + step;
        worker.Barrier();
        for (int cell : cells) wrong += cell != 10 * round + step;
        worker.Barrier();
      }
    });
  }
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, EveryThreadKeepsDenormalsAndTheCallersModeComesBack) {
  ThreadPool pool(2);
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero: what a host program compiled with -ffast-math sets
  std::atomic<int> wrong{0};
  pool.Run([&](Worker&) { wrong += (_mm_getcsr() & ~0x3fu) != 0x1F80; });
  EXPECT_EQ(_mm_getcsr() & 0x8040, 0x8040u);
  _mm_setcsr(before);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace candor
