// The weights that tokens are drawn by (docs/numerics-sampling.md), added up.
#ifndef CANDOR_KERNELS_GENERIC_SAMPLING_WEIGHTS_H_
#define CANDOR_KERNELS_GENERIC_SAMPLING_WEIGHTS_H_

#include <stddef.h>
#include <stdint.h>

namespace candor {
namespace {

// Binary64 is no vector type of ours; the compiler's own, half as many lanes as V has, become registers of the set that
// this is compiled for. Sums of weights are exact, so lanes are free.
template <int kLanes>
struct Binary64 {
  typedef double Values __attribute__((vector_size(kLanes * 8)));
  typedef uint64_t Bits __attribute__((vector_size(kLanes * 8)));
  typedef float Floats __attribute__((vector_size(kLanes * 4)));
};

// Adds the weights of kLanes logits to `sums`: the steps of spec::Exp side by side.
template <int kLanes>
inline void AddWeights(const float* logits, float largest, double temperature,
                       typename Binary64<kLanes>::Values* sums) {
  using Values = typename Binary64<kLanes>::Values;
  constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52
  typename Binary64<kLanes>::Floats floats;
  __builtin_memcpy(&floats, logits, sizeof floats);
  const Values x0 = (__builtin_convertvector(floats, Values) - static_cast<double>(largest)) / temperature;
  const Values x = x0 < -24.0 ? Values{} - 24.0 : x0;  // the weight is 0 for both
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
  // Adding 2^20 leaves no bits below 2^-32: the sum rounds half to even there.
  const Values weight = (value * power + 0x1p20) - 0x1p20;
  *sums += x < -23.0 ? Values{} : weight;
}

template <class V>
double SumOfWeights(const float* logits, size_t n, float largest, double temperature, float cut) {
  constexpr int kLanes = V::kLanes / 2;
  constexpr size_t kBlock = 32;
  typename Binary64<kLanes>::Values sums = {};
  float last[kBlock];
  for (size_t begin = 0; begin < n; begin += kBlock) {
    const float* block = logits + begin;
    if (n - begin < kBlock) {
      for (size_t i = 0; i < kBlock; ++i) last[i] = begin + i < n ? block[i] : -__builtin_inff();
      block = last;
    }
    uint32_t any = 0;
    for (size_t i = 0; i < kBlock; ++i) any |= block[i] >= cut;
    if (any == 0) continue;
    for (size_t i = 0; i < kBlock; i += kLanes) AddWeights<kLanes>(block + i, largest, temperature, &sums);
  }
  double total = 0;
  for (int lane = 0; lane < kLanes; ++lane) total += sums[lane];
  return total;
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_SAMPLING_WEIGHTS_H_
