// Counts what a rendering costs and stops it at the limits. Everything that loops or allocates charges here first.
#ifndef CANDOR_CHAT_JINJA_BUDGET_H_
#define CANDOR_CHAT_JINJA_BUDGET_H_

#include <cstdint>

#include "chat/jinja/limits.h"

namespace candor::jinja {

// One thread, one rendering: the clock is that of the thread that made it.
class Budget {
 public:
  explicit Budget(const TemplateLimits& limits);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // `count` nodes evaluated or elements visited.
  void Step(uint64_t count = 1) {
    if (count > steps_left_) FailSteps();
    steps_left_ -= count;
    Work(count * kStepWork);
  }
  // `bytes` of new strings and lists.
  void Build(uint64_t bytes) {
    if (bytes > built_left_) FailBuilt();
    built_left_ -= bytes;
    Work(bytes);
  }
  // `bytes` read by a search or a comparison.
  void Scan(uint64_t bytes) { Work(bytes); }
  // A string of `bytes` is about to be made.
  void CheckLength(uint64_t bytes) const {
    if (bytes > limits_.output_bytes) FailLength();
  }

  const TemplateLimits& limits() const { return limits_; }

 private:
  // A step costs about as much time as this many bytes copied.
  static constexpr uint64_t kStepWork = 256;
  static constexpr uint64_t kWorkPerClock = 256 * 1024;

  void Work(uint64_t amount) {
    work_ += amount;
    if (work_ >= kWorkPerClock) CheckClock();
  }
  void CheckClock();
  [[noreturn]] void FailSteps() const;
  [[noreturn]] void FailBuilt() const;
  [[noreturn]] void FailLength() const;

  TemplateLimits limits_;
  uint64_t steps_left_;
  uint64_t built_left_;
  uint64_t work_ = 0;
  int64_t deadline_ns_;
};

// Counts one level of a recursion while it lives.
class DepthGuard {
 public:
  // Fails with `what` when `depth` has reached `limit`.
  DepthGuard(uint32_t& depth, uint32_t limit, const char* what);
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  uint32_t& depth_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_BUDGET_H_
