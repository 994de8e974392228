// The floating-point mode that all numerics assume: round to nearest, denormals kept, no traps.
#ifndef CANDOR_BASE_FLOAT_MODE_H_
#define CANDOR_BASE_FLOAT_MODE_H_

#include <xmmintrin.h>

namespace candor {

// Sets the mode for this thread and restores the one that was there: programs that use the library may flush denormals
// or round otherwise.
class FloatMode {
 public:
  FloatMode() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
  ~FloatMode() { _mm_setcsr(saved_); }
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;

 private:
  unsigned saved_;
};

}  // namespace candor

#endif  // CANDOR_BASE_FLOAT_MODE_H_
