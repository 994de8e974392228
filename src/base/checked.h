// Arithmetic on sizes that come from outside. A result that does not fit throws LimitError naming `what`.
#ifndef CANDOR_BASE_CHECKED_H_
#define CANDOR_BASE_CHECKED_H_

#include <concepts>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"

namespace candor {

template <std::unsigned_integral T>
T CheckedAdd(T a, T b, const char* what) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) throw LimitError(std::string(what) + ": sum overflows");
  return result;
}

template <std::unsigned_integral T>
T CheckedMul(T a, T b, const char* what) {
  T result;
  if (__builtin_mul_overflow(a, b, &result)) throw LimitError(std::string(what) + ": product overflows");
  return result;
}

// `value` rounded up to a multiple of `alignment` (a power of two).
template <std::unsigned_integral T>
T CheckedAlignUp(T value, T alignment, const char* what) {
  return CheckedAdd(value, static_cast<T>(alignment - 1), what) & ~static_cast<T>(alignment - 1);
}

// `value` as To, or LimitError when it does not fit.
template <std::integral To, std::integral From>
To CheckedCast(From value, const char* what) {
  if (!std::in_range<To>(value))
    throw LimitError(std::string(what) + ": " + std::to_string(value) + " is out of range");
  return static_cast<To>(value);
}

}  // namespace candor

#endif  // CANDOR_BASE_CHECKED_H_
