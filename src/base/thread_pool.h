// Threads that run one function together, each on a fixed part of the work.
//
// A step of the model is one Run(): every thread walks through the same code, works on its own part of each operation
// and meets the others at barriers. Which part a thread gets depends on the number of threads alone; results never
// depend on it, because no sum crosses parts. Rejected: a task queue (work stealing costs a shared counter per task
// and moves weights between cores).
#ifndef CANDOR_BASE_THREAD_POOL_H_
#define CANDOR_BASE_THREAD_POOL_H_

#include <cstddef>
#include <functional>
#include <memory>

namespace candor {

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
  Range Share(size_t units) const;
  // Returns when every thread of the Run has arrived; what they wrote before is visible after.
  void Barrier();

 private:
  friend class ThreadPool;
  Worker(ThreadPool* pool, int rank, int size) : pool_(pool), rank_(rank), size_(size) {}
  ThreadPool* pool_;
  int rank_;
  int size_;
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
