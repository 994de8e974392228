// CHECK(condition): stops the process when an invariant of our own is broken. Never reachable from input.
#ifndef CANDOR_BASE_CHECK_H_
#define CANDOR_BASE_CHECK_H_

namespace candor::internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace candor::internal

#define CHECK(condition) \
  (static_cast<bool>(condition) ? (void)0 : ::candor::internal::CheckFailed(#condition, __FILE__, __LINE__))

#endif  // CANDOR_BASE_CHECK_H_
