// Fused multiply-add and square root of float32, correctly rounded, without the instructions and without libm.
#ifndef CANDOR_KERNELS_SPEC_FMA_H_
#define CANDOR_KERNELS_SPEC_FMA_H_

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

namespace candor::spec {

// a * b + c, rounded once. The product of two floats is exact in double. The sum is rounded to odd in double (the last
// bit of an inexact result is set), after which rounding to float cannot err: double has more than two bits to spare.
// (Boldo and Melquiond, Emulation of FMA and correctly rounded sums, 2008.)
static inline float Fma(float a, float b, float c) {
  const double product = static_cast<double>(a) * static_cast<double>(b);
  const double addend = static_cast<double>(c);
  double sum = product + addend;
  // Knuth's two-sum: what the addition rounded away.
  const double part = sum - product;
  const double error = (product - (sum - part)) + (addend - part);
  if (error != 0.0 && error == error) {
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if ((bits & 1) == 0) {
      bits += (error > 0.0) == (sum > 0.0) ? 1 : -1;
      memcpy(&sum, &bits, sizeof sum);
    }
  }
  return static_cast<float>(sum);
}

// SSE2, which every x86-64 has, rounds the square root correctly.
static inline float SquareRoot(float a) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); }

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_FMA_H_
