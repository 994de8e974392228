#include "base/thread_pool.h"

#include <sched.h>
#include <xmmintrin.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/float_mode.h"

namespace candor {
namespace {

// An operation of a small model takes some microseconds, a wake-up from a futex up to a hundred: a thread that parks is
// late at the next barrier, where the others park in turn. So threads spin for about 20 microseconds, then look again
// each time that the scheduler comes back to them, for as long as an operation can take, and only then park. Spinning
// alone takes the CPU from the thread that is waited for when other programs keep the machine busy.
constexpr std::chrono::microseconds kSpin{20};
constexpr std::chrono::microseconds kYield{1000};

// Which part of a thread's share is next: (loop << kPartBits) + part. A counter left by an earlier loop is stale,
// whoever comes first brings it up to date: so a late thread's share can be taken before it has begun.
struct alignas(64) PartCounter {
  std::atomic<uint64_t> value{0};
};
constexpr int kPartBits = 24;

// Waits until `word` no longer holds `old`.
void WaitForChange(const std::atomic<uint32_t>& word, uint32_t old, bool spin) {
  if (spin) {
    const auto start = std::chrono::steady_clock::now();
    do {
      // No pause instruction: many of them in a row make a virtual machine leave the guest, which costs more than the
      // wait (a model of 135 million parameters decoded 30 % slower).
      for (int i = 0; i < 256; ++i) {
        if (word.load(std::memory_order_acquire) != old) return;
      }
    } while (std::chrono::steady_clock::now() - start < kSpin);
    do {
      if (word.load(std::memory_order_acquire) != old) return;
      ::sched_yield();
    } while (std::chrono::steady_clock::now() - start < kYield);
  }
  while (word.load(std::memory_order_acquire) == old) word.wait(old, std::memory_order_acquire);
}

}  // namespace

int AvailableCpus() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

struct ThreadPool::Impl {
  explicit Impl(int threads) : size(threads), spin(threads <= AvailableCpus()), parts(static_cast<size_t>(threads)) {}

  const int size;
  const bool spin;
  const std::function<void(Worker&)>* body = nullptr;
  std::atomic<bool> stopping{false};
  // Each on a cache line of its own: one is written at every arrival, the others are spun upon.
  alignas(64) std::atomic<uint32_t> run{0};
  alignas(64) std::atomic<uint32_t> phase{0};
  alignas(64) std::atomic<int> arrived{0};
  alignas(64) std::vector<std::thread> threads;
  std::vector<PartCounter> parts;  // of each thread's share
  uint64_t loops = 0;              // calls of ForParts in the Runs before

  void Barrier() {
    if (size == 1) return;
    const uint32_t current = phase.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
      arrived.store(0, std::memory_order_relaxed);
      phase.store(current + 1, std::memory_order_release);
      phase.notify_all();
    } else {
      WaitForChange(phase, current, spin);
    }
  }
};

ThreadPool::ThreadPool(int threads) {
  CHECK(threads >= 1);
  impl_ = std::make_unique<Impl>(threads);
  for (int rank = 1; rank < threads; ++rank) {
    impl_->threads.emplace_back([this, rank] {
      const FloatMode mode;
      Worker worker(this, rank, impl_->size, 0);
      for (uint32_t seen = 0;; ++seen) {
        WaitForChange(impl_->run, seen, impl_->spin);
        if (impl_->stopping.load(std::memory_order_acquire)) return;
        (*impl_->body)(worker);
        impl_->Barrier();
      }
    });
  }
}

ThreadPool::~ThreadPool() {
  impl_->stopping.store(true, std::memory_order_release);
  impl_->run.fetch_add(1, std::memory_order_release);
  impl_->run.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

int ThreadPool::size() const { return impl_->size; }

void ThreadPool::Run(const std::function<void(Worker&)>& body) {
  const FloatMode mode;
  impl_->body = &body;
  impl_->run.fetch_add(1, std::memory_order_release);
  impl_->run.notify_all();
  Worker worker(this, 0, impl_->size, impl_->loops);
  body(worker);
  impl_->loops = worker.loop_;
  impl_->Barrier();
}

size_t Worker::TakePart(int owner) {
  std::atomic<uint64_t>& counter = pool_->impl_->parts[static_cast<size_t>(owner)].value;
  uint64_t seen = counter.load(std::memory_order_relaxed);
  while (seen >> kPartBits != loop_) {
    if (counter.compare_exchange_weak(seen, (loop_ << kPartBits) + 1, std::memory_order_relaxed)) return 0;
  }
  const uint64_t part = counter.fetch_add(1, std::memory_order_relaxed) & ((uint64_t{1} << kPartBits) - 1);
  CHECK(part + 1 < uint64_t{1} << kPartBits);  // or the next would count a loop
  return part;
}

Range Worker::ShareOf(int rank, size_t units) const {
  const auto parts = static_cast<size_t>(size_);
  const auto part = static_cast<size_t>(rank);
  const size_t each = units / parts;
  const size_t more = units % parts;
  const size_t begin = part * each + (part < more ? part : more);
  return {begin, begin + each + (part < more ? 1 : 0)};
}

void Worker::Barrier() { pool_->impl_->Barrier(); }

}  // namespace candor
