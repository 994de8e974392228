// What the searches of quantize_k.h share: four groups of a block side by side, one a lane, with the instructions that
// every x86-64 has. Each lane computes what plain float arithmetic does.
#ifndef CANDOR_KERNELS_SPEC_QUANTIZE_LANES_H_
#define CANDOR_KERNELS_SPEC_QUANTIZE_LANES_H_

#include <emmintrin.h>

#include <algorithm>
#include <cstdint>

#include "kernels/spec/float_formats.h"

namespace candor::spec {

using Four = __m128;

inline Four Set(float a) { return _mm_set1_ps(a); }
inline Four Min(Four a, Four b) { return _mm_min_ps(a, b); }
inline Four Max(Four a, Four b) { return _mm_max_ps(a, b); }
inline Four Clamp(Four a, float low, float high) { return Min(Max(a, Set(low)), Set(high)); }
// To the nearest integer, ties to even, for |a| < 2^22: 1.5 * 2^23 leaves no room for a fraction.
inline Four Round(Four a) {
  const Four shift = Set(12582912.0f);
  return (a + shift) - shift;
}
// a / b, or 0 where b is not positive.
inline Four DivideOrZero(Four a, Four b) {
  const Four zero = Set(0.0f);
  return b > zero ? a / b : zero;
}
inline float Total(Four a) { return (a[0] + a[1]) + (a[2] + a[3]); }

// Values group by group to lanes: out[i][lane] is value i of group `lane`.
template <int kGroup>
void ToLanes(const float* from, Four* out) {
  for (int i = 0; i < kGroup; i += 4) {
    Four* square = out + i;
    for (int lane = 0; lane < 4; ++lane) square[lane] = _mm_loadu_ps(from + kGroup * lane + i);
    _MM_TRANSPOSE4_PS(square[0], square[1], square[2], square[3]);
  }
}

// A block of 256 values, brought near 1 by a power of two, which rounds nothing: no sum of squares overflows.
struct NormalisedBlock {
  float x[256];
  float factor;   // what the values were multiplied with
  float inverse;  // of it

  // False for a block that is zero in any format whose scales are binary16.
  bool Set(const float* values) {
    const Four magnitude = _mm_castsi128_ps(_mm_set1_epi32(0x7fffffff));
    Four largest = spec::Set(0.0f);
    for (int i = 0; i < 256; i += 4) largest = Max(largest, _mm_and_ps(_mm_loadu_ps(values + i), magnitude));
    const float max = std::max(std::max(largest[0], largest[1]), std::max(largest[2], largest[3]));
    if (max < 0x1p-40f) return false;
    inverse = FloatFromBits(BitsFromFloat(max) >> 23 << 23);  // the power of two of max
    factor = 1.0f / inverse;
    for (int i = 0; i < 256; ++i) x[i] = values[i] * factor;
    return true;
  }

  // A factor of scales as binary16. One that rounds to zero becomes the smallest number: the integers that multiply it
  // are found for what is stored, and make the best of it.
  uint16_t ToHalf(float scale) const {
    const uint16_t half = HalfFromFloat(scale * inverse);
    return (half & 0x7fffu) == 0 && scale != 0.0f ? static_cast<uint16_t>(half | 1u) : half;
  }
  float FromHalf(uint16_t half) const { return FloatFromHalf(half) * factor; }
};

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_QUANTIZE_LANES_H_
