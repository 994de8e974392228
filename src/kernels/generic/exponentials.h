// e^x in binary64, several at once, and their sum (docs/numerics-sampling.md, "Log-probabilities").
#ifndef CANDOR_KERNELS_GENERIC_EXPONENTIALS_H_
#define CANDOR_KERNELS_GENERIC_EXPONENTIALS_H_

#include <stddef.h>
#include <stdint.h>

namespace candor {
namespace {

// Binary64 is no vector type of ours; the compiler's own, half as many lanes as V has, become registers of the set that
// this is compiled for.
template <int kLanes>
struct Binary64 {
  typedef double Values __attribute__((vector_size(kLanes * 8)));
  typedef uint64_t Bits __attribute__((vector_size(kLanes * 8)));
  typedef float Floats __attribute__((vector_size(kLanes * 4)));
};

// x becomes e^x, for x from -64 to 0: the steps of spec::Exp side by side. By reference, because how vectors are passed
// depends on the instruction set.
template <int kLanes>
inline void Exponentiate(typename Binary64<kLanes>::Values& x) {
  using Values = typename Binary64<kLanes>::Values;
  constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52
  const Values shifted = x * 1.4426950408889634 + kShift;
  const Values whole = shifted - kShift;
  const Values r = (x - whole * 0x1.62e42fefap-1) - whole * 0x1.cf79abc9e3b398p-40;
  Values value = Values{} + 1.0 / 6227020800.0;
  value = value * r + 1.0 / 479001600;
  value = value * r + 1.0 / 39916800;
  value = value * r + 1.0 / 3628800;
  value = value * r + 1.0 / 362880;
  value = value * r + 1.0 / 40320;
  value = value * r + 1.0 / 5040;
  value = value * r + 1.0 / 720;
  value = value * r + 1.0 / 120;
  value = value * r + 1.0 / 24;
  value = value * r + 1.0 / 6;
  value = value * r + 1.0 / 2;
  value = value * r + 1.0;
  value = value * r + 1.0;
  // The low bits of `shifted` are `whole` in two's complement.
  typename Binary64<kLanes>::Bits bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  Values power;
  __builtin_memcpy(&power, &bits, sizeof power);
  x = value * power;
}

template <class V>
double SumOfExponentials(const float* logits, size_t n, float largest) {
  constexpr int kLanes = V::kLanes / 2;
  constexpr int kVectors = 16 / kLanes;
  using Values = typename Binary64<kLanes>::Values;
  Values sums[kVectors] = {};
  float last[16];
  for (size_t begin = 0; begin < n; begin += 16) {
    const float* block = logits + begin;
    if (n - begin < 16) {
      for (size_t i = 0; i < 16; ++i) last[i] = begin + i < n ? block[i] : -__builtin_inff();
      block = last;
    }
    for (int v = 0; v < kVectors; ++v) {
      typename Binary64<kLanes>::Floats floats;
      __builtin_memcpy(&floats, block + v * kLanes, sizeof floats);
      const Values x = __builtin_convertvector(floats, Values) - static_cast<double>(largest);
      Values power = x < -64.0 ? Values{} - 64.0 : x;
      Exponentiate<kLanes>(power);
      sums[v] += x < -64.0 ? Values{} : power;
    }
  }
  double lane[16];
  __builtin_memcpy(lane, sums, sizeof lane);
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_EXPONENTIALS_H_
