#include "chat/jinja/budget.h"

#include <time.h>

#include <string>

#include "chat/jinja/failure.h"

namespace candor::jinja {
namespace {

int64_t ThreadNanoseconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Budget::Budget(const TemplateLimits& limits)
    : limits_(limits),
      steps_left_(limits.steps),
      built_left_(limits.built_bytes),
      deadline_ns_(ThreadNanoseconds() + std::chrono::nanoseconds(limits.time).count()) {}

void Budget::CheckClock() {
  work_ = 0;
  if (ThreadNanoseconds() > deadline_ns_) {
    FailLimit("rendering takes longer than " + std::to_string(limits_.time.count()) + " ms");
  }
}

void Budget::FailSteps() const { FailLimit("rendering takes more than " + std::to_string(limits_.steps) + " steps"); }

void Budget::FailBuilt() const {
  FailLimit("rendering builds more than " + std::to_string(limits_.built_bytes) + " bytes of values");
}

void Budget::FailLength() const {
  FailLimit("a string would be longer than " + std::to_string(limits_.output_bytes) + " bytes");
}

DepthGuard::DepthGuard(uint32_t& depth, uint32_t limit, const char* what) : depth_(depth) {
  if (depth >= limit) FailLimit(std::string(what) + " deeper than " + std::to_string(limit));
  ++depth;
}

}  // namespace candor::jinja
