// Float rows to the inputs of products with weights: integers with a scale per block of 32, or floats, in token tiles.
#ifndef CANDOR_KERNELS_GENERIC_ACTIVATIONS_H_
#define CANDOR_KERNELS_GENERIC_ACTIVATIONS_H_

#include "kernels/generic/lanes16.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

// The parts of one block of 32 columns in a tile of `tokens` tokens.
struct ActivationBlock {
  static constexpr size_t Bytes(int planes, int tokens) {
    return static_cast<size_t>(tokens) * static_cast<size_t>(32 * planes + 20);
  }
};

// 32 values to integers of `limit` (127, or 127 * 128 for two planes): scale max / limit, nearest integers, ties to
// even. A block whose largest magnitude is below 2^-100 is zero; one with a value that is not finite has a NaN scale.
template <class V, int kPlanes>
void QuantizeBlock(const float* x, int8_t* planes, float* scale, float* scaled_sum, int32_t* minus_first,
                   int32_t* minus_second, int32_t* minus_both) {
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;
  constexpr int kVectors = 32 / V::kLanes;
  constexpr float kLimit = kPlanes == 1 ? 127.0f : 16256.0f;
  Floats v[kVectors];
  // Magnitudes compare as integers; infinity and NaN are the largest.
  Ints largest = V::SetInt(0);
  for (int i = 0; i < kVectors; ++i) {
    v[i] = V::Load(x + i * V::kLanes);
    largest = V::MaxInts(largest, V::AndInts(V::Int(v[i]), V::SetInt(0x7fffffff)));
  }
  const int32_t bits = V::LargestLane(largest);
  float max;
  memcpy(&max, &bits, 4);
  if (bits >= 0x7f800000 || max < 0x1p-100f) {
    memset(planes, 0, 32 * kPlanes);
    const int32_t nan = 0x7fc00000;
    if (bits >= 0x7f800000) memcpy(&max, &nan, 4);
    *scale = bits >= 0x7f800000 ? max : 0.0f;
    *scaled_sum = *scale;
    *minus_first = *minus_second = *minus_both = 0;
    return;
  }
  *scale = max / kLimit;
  const Floats factor = V::Set(kLimit / max);
  const Floats shift = V::Set(12582912.0f);  // 1.5 * 2^23
  Ints q[kVectors];
  for (int i = 0; i < kVectors; ++i) {
    const Ints shifted = V::Int(V::Add(V::Mul(v[i], factor), shift));
    q[i] = V::Sub(shifted, V::SetInt(0x4B400000));
  }
  int32_t sums[2] = {0, 0};
  for (int half = 0; half < 2; ++half) {
    Ints sum = V::SetInt(0);
    for (int i = half * kVectors / 2; i < (half + 1) * kVectors / 2; ++i) sum = V::Add(sum, q[i]);
    sums[half] = V::SumOfLanes(sum);
  }
  for (int i = 0; i < kVectors; ++i) {
    if constexpr (kPlanes == 1) {
      V::StoreInt8(q[i], planes + i * V::kLanes);
    } else if constexpr (V::kPairSums) {
      V::StoreInt16(q[i], planes + 2 * i * V::kLanes);
    } else {
      // q = 128 high + low with low in [-64, 63].
      const Ints high = V::ShiftRightSigned(V::Add(q[i], V::SetInt(64)), 7);
      V::StoreInt8(high, planes + i * V::kLanes);
      V::StoreInt8(V::Sub(q[i], V::ShiftLeftInts(high, 7)), planes + 32 + i * V::kLanes);
    }
  }
  *scaled_sum = *scale * static_cast<float>(sums[0] + sums[1]);
  *minus_first = -sums[0];
  *minus_second = -sums[1];
  *minus_both = -sums[0] - sums[1];
}

template <class V, int kPlanes>
void QuantizeTile(const float* x, size_t stride, int tokens, int k, std::byte* out) {
  for (int block = 0; block < k / 32; ++block) {
    std::byte* codes = out + static_cast<size_t>(block) * ActivationBlock::Bytes(kPlanes, tokens);
    auto* scale = reinterpret_cast<float*>(codes + tokens * 32 * kPlanes);
    auto* first = reinterpret_cast<int32_t*>(scale + 2 * tokens);
    for (int t = 0; t < tokens; ++t) {
      QuantizeBlock<V, kPlanes>(x + static_cast<size_t>(t) * stride + block * 32,
                                reinterpret_cast<int8_t*>(codes) + t * 32 * kPlanes, scale + t, scale + tokens + t,
                                first + t, first + tokens + t, first + 2 * tokens + t);
    }
  }
}

template <class V>
void MakeActivations(ActivationKind kind, const float* x, size_t stride, int tokens, int k, std::byte* out) {
  if (kind == ActivationKind::kInt8) return QuantizeTile<V, 1>(x, stride, tokens, k, out);
  if (kind == ActivationKind::kInt15) return QuantizeTile<V, 2>(x, stride, tokens, k, out);
  auto* floats = reinterpret_cast<float*>(out);
  for (int t = 0; t < tokens; ++t) {
    for (int i = 0; i < k; ++i) floats[i * tokens + t] = x[static_cast<size_t>(t) * stride + static_cast<size_t>(i)];
  }
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ACTIVATIONS_H_
