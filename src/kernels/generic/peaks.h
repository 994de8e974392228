// What the machine can do at most: loops without anything but the instruction that is measured.
#ifndef CANDOR_KERNELS_GENERIC_PEAKS_H_
#define CANDOR_KERNELS_GENERIC_PEAKS_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace candor {
namespace {

// Independent chains, enough to keep every unit busy through the instruction's latency.
template <class V>
constexpr int kDotChains = V::kLanes == 16 && V::kMaxTile > 1 ? 12 : 8;

// Products that are summed in 16 bits before they are widened, in the best case: codes of four bits.
inline constexpr int kPairsInBurst = 8;

// `rounds` times dot products of int8 in kDotChains chains. Returns the operations done (a multiplication and an
// addition are two).
template <class V>
uint64_t DotBurst(uint64_t rounds) {
  typename V::Ints sums[kDotChains<V>];
  for (auto& sum : sums) sum = V::SetInt(0);
  alignas(64) uint8_t codes[64];
  memset(codes, 1, sizeof codes);
  const typename V::Ints x = V::SetInt(0x02010201);
  typename V::Bytes weights = V::LoadBytes(codes);
  for (uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kDotChains<V>; ++i) {
      V::Opaque(weights);
      if constexpr (V::kPairSums) {
        typename V::Ints pairs = V::template PairProducts<false>(weights, x);
#pragma GCC unroll 8
        for (int j = 1; j < kPairsInBurst; ++j) {
          V::Opaque(weights);
          pairs = V::AddPairs(pairs, V::template PairProducts<false>(weights, x));
        }
        sums[i] = V::Add(sums[i], V::SumPairs(pairs));
      } else {
        sums[i] = V::template Dot<false>(sums[i], weights, x);
      }
    }
  }
  typename V::Ints total = sums[0];
  for (int i = 1; i < kDotChains<V>; ++i) total = V::Add(total, sums[i]);
  __asm__ volatile("" : : "m"(total));
  return rounds * static_cast<uint64_t>(kDotChains<V> * (V::kPairSums ? kPairsInBurst : 1) * V::kLanes * 4 * 2);
}

// Reads `bytes` (a multiple of 256) in order, once.
template <class V>
void ReadBurst(const void* data, size_t bytes) {
  constexpr size_t kWidth = sizeof(typename V::Bytes);
  const auto* p = static_cast<const uint8_t*>(data);
  typename V::Bytes sums[4];
  for (auto& sum : sums) sum = V::LoadBytes(p);
  for (size_t at = 0; at < bytes; at += 4 * kWidth) {
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) sums[i] = V::Or(sums[i], V::LoadBytes(p + at + i * kWidth));
  }
  const typename V::Bytes total = V::Or(V::Or(sums[0], sums[1]), V::Or(sums[2], sums[3]));
  __asm__ volatile("" : : "m"(total));
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_PEAKS_H_
