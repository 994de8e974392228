// Threads that run one function together, each on its part of the work.
//
// A step of the model is one Run(): every thread walks through the same code, works on its own part of each operation,
// or on what a late thread has not come to, and meets the others at barriers. Results never depend on who does which
// part, because no sum crosses parts. Rejected: a task queue (every task through one shared counter, and weights that
// move between cores from one step to the next).
#ifndef CANDOR_BASE_THREAD_POOL_H_
#define CANDOR_BASE_THREAD_POOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace candor {

// The CPUs that this process may use: its affinity mask, which a container or taskset narrows.
int AvailableCpus();

class ThreadPool;

struct Range {
  size_t begin;
  size_t end;
};

// What one thread sees inside ThreadPool::Run.
class Worker {
 public:
  int rank() const { return rank_; }  // 0 is the caller of Run
  int size() const { return size_; }
  // This thread's contiguous share of [0, units): shares differ by one unit at most.
  Range Share(size_t units) const { return ShareOf(rank_, units); }
  // Calls `use(part)` for parts of [0, units), of `grain` units or fewer, until every unit was given to one thread:
  // each takes the parts of its own share in order, and then what others have not come to, because on a busy machine
  // one is always late. A barrier comes before the next call. Which thread gets what depends on time.
  template <class Use>
  void ForParts(size_t units, size_t grain, Use use) {
    ++loop_;
    for (int i = 0; i < size_; ++i) {
      const int owner = (rank_ + i) % size_;
      const Range share = ShareOf(owner, units);
      for (;;) {
        const size_t begin = share.begin + TakePart(owner) * grain;
        if (begin >= share.end) break;
        use(Range{begin, begin + grain < share.end ? begin + grain : share.end});
      }
    }
  }
  // Returns when every thread of the Run has arrived; what they wrote before is visible after.
  void Barrier();

 private:
  friend class ThreadPool;
  Worker(ThreadPool* pool, int rank, int size, uint64_t loop) : pool_(pool), rank_(rank), size_(size), loop_(loop) {}
  Range ShareOf(int rank, size_t units) const;
  // The number of the next part of `owner`'s share in the current loop, now this thread's.
  size_t TakePart(int owner);

  ThreadPool* pool_;
  int rank_;
  int size_;
  uint64_t loop_;  // calls of ForParts so far, in all Runs: the same on every thread
};

class ThreadPool {
 public:
  // Starts threads - 1 threads; threads >= 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls `body` once on every thread, the calling one included, and returns when all have returned. Every thread
  // computes with MXCSR = 0x1F80 (round to nearest, denormals kept), and the caller's is restored. `body` must not
  // throw. One Run at a time; not from inside a Run.
  void Run(const std::function<void(Worker&)>& body);

 private:
  friend class Worker;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_BASE_THREAD_POOL_H_
