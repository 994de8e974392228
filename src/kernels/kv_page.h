// The format of the KV cache: what a page of 64 positions holds of one key-value head.
//
//   keys     [head_dim][64], so that lanes are positions
//   values   [64][value_dim], so that lanes are dimensions
//
// in binary16 or float32. With kQ8_0 keys are binary16; values are int8 [64][value_dim], followed by a binary16 scale
// for every 32 of them, [64][value_dim / 32].
#ifndef CANDOR_KERNELS_KV_PAGE_H_
#define CANDOR_KERNELS_KV_PAGE_H_

#include <stddef.h>
#include <stdint.h>

namespace candor {

inline constexpr uint32_t kPagePositions = 64;
inline constexpr uint32_t kValueBlock = 32;  // values that share a scale; kQ8_0 needs whole blocks

enum class KvType : uint8_t { kF16, kF32, kQ8_0 };

constexpr size_t KeyPageBytes(size_t head_dim, KvType type) {
  return head_dim * kPagePositions * (type == KvType::kF32 ? 4 : 2);
}
constexpr size_t ValuePageBytes(size_t value_dim, KvType type) {
  const size_t values = value_dim * kPagePositions;
  return type == KvType::kQ8_0 ? values + values / kValueBlock * 2 : values * (type == KvType::kF32 ? 4 : 2);
}

}  // namespace candor

#endif  // CANDOR_KERNELS_KV_PAGE_H_
