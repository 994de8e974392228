// The weights that tokens are drawn by (docs/numerics-sampling.md), added up.
#ifndef CANDOR_KERNELS_GENERIC_SAMPLING_WEIGHTS_H_
#define CANDOR_KERNELS_GENERIC_SAMPLING_WEIGHTS_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/generic/exponentials.h"

namespace candor {
namespace {

// Adds the weights of kLanes logits to `sums`.
template <int kLanes>
inline void AddWeights(const float* logits, float largest, double temperature,
                       typename Binary64<kLanes>::Values* sums) {
  using Values = typename Binary64<kLanes>::Values;
  typename Binary64<kLanes>::Floats floats;
  __builtin_memcpy(&floats, logits, sizeof floats);
  const Values x0 = (__builtin_convertvector(floats, Values) - static_cast<double>(largest)) / temperature;
  const Values x = x0 < -24.0 ? Values{} - 24.0 : x0;  // the weight is 0 for both
  Values power = x;
  Exponentiate<kLanes>(power);
  // Adding 2^20 leaves no bits below 2^-32: the sum rounds half to even there.
  const Values weight = (power + 0x1p20) - 0x1p20;
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
