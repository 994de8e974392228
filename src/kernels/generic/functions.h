// exp and tanh of float32 lanes. The steps are normative: docs/numerics.md.
#ifndef CANDOR_KERNELS_GENERIC_FUNCTIONS_H_
#define CANDOR_KERNELS_GENERIC_FUNCTIONS_H_

#include "kernels/generic/lanes16.h"

namespace candor {
namespace {

// e^x: x is limited to 88 above; below -86 the result is 0; NaN stays NaN. Range reduction by multiples of ln 2 in two
// parts (Cody and Waite 1980), then 1 + r + r^2 P(r) with a minimax P on |r| <= 0.3466. Within 2 units in the last
// place; exact for 0.
template <class V>
Lanes16<V> Exp(Lanes16<V> x) {
  using L = Lanes16<V>;
  x = L::Min(L::Set(88.0f), x);
  // 1.5 * 2^23: adding it rounds to an integer, ties to even, and leaves that integer in the low bits.
  const L shift = L::Set(12582912.0f);
  const L shifted = L::Fma(L::Max(L::Set(-88.0f), x), L::Set(0x1.715476p+0f), shift);
  const L n = shifted - shift;
  L r = L::Fma(n, L::Set(-0x1.62e4p-1f), x);
  r = L::Fma(n, L::Set(-0x1.7f7d1cp-20f), r);
  L p = L::Set(0x1.6db42ap-10f);
  p = L::Fma(p, r, L::Set(0x1.123b56p-7f));
  p = L::Fma(p, r, L::Set(0x1.55545ep-5f));
  p = L::Fma(p, r, L::Set(0x1.55548ep-3f));
  p = L::Fma(p, r, L::Set(0.5f));
  p = L::Fma(p, r * r, r) + L::Set(1.0f);
  return L::SelectLess(x, L::Set(-86.0f), L::Set(0.0f), L::ScaleByPowerOfTwo(p, shifted));
}

// tanh x: an odd minimax polynomial below 0.625, 1 - 2 / (e^2x + 1) from there on.
template <class V>
Lanes16<V> Tanh(Lanes16<V> x) {
  using L = Lanes16<V>;
  const L size = L::AbsoluteValue(x);
  const L z = size * size;
  L p = L::Set(-0x1.76ac1ap-8f);
  p = L::Fma(p, z, L::Set(0x1.5256d8p-6f));
  p = L::Fma(p, z, L::Set(-0x1.b84448p-5f));
  p = L::Fma(p, z, L::Set(0x1.110768p-3f));
  p = L::Fma(p, z, L::Set(-0x1.555534p-2f));
  const L small = L::Fma(p * z, size, size);
  const L large = L::Set(1.0f) - L::Set(2.0f) / (Exp<V>(size + size) + L::Set(1.0f));
  return L::WithSignOf(L::SelectLess(size, L::Set(0.625f), small, large), x);
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_FUNCTIONS_H_
