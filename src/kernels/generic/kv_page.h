// Writing a page of the KV cache (kernels/kv_page.h), and reading it as float32.
#ifndef CANDOR_KERNELS_GENERIC_KV_PAGE_H_
#define CANDOR_KERNELS_GENERIC_KV_PAGE_H_

#include "kernels/generic/elementwise.h"
#include "kernels/kv_page.h"
#include "kernels/spec/float_formats.h"

namespace candor {
namespace {

inline constexpr int kTile = kPagePositions;

inline bool AllFinite(const float* x, int n) {
  uint32_t broken = 0;
  for (int i = 0; i < n; ++i) broken |= (spec::BitsFromFloat(x[i]) & 0x7f800000u) == 0x7f800000u;
  return broken == 0;
}

// To binary16, saturating, `stride` elements apart.
template <class V>
void StoreHalves(const float* x, int n, uint16_t* out, size_t stride) {
  using L = Lanes16<V>;
  for (int i = 0; i < n; i += 16) {
    const int lanes = LanesLeft(n, i);
    const L v = L::Max(L::Set(-65504.0f), L::Min(L::Set(65504.0f), L::LoadFirst(x + i, lanes)));
    alignas(32) uint16_t halves[16];
    for (int part = 0; part < L::kParts; ++part) V::StoreHalves(v.part[part], halves + part * V::kLanes);
    for (int j = 0; j < lanes; ++j) out[static_cast<size_t>(i + j) * stride] = halves[j];
  }
}

// Blocks of 32 values to int8: the scale is max / 127 as a half, and values are divided by that half.
inline void StoreInt8(const float* x, int n, int8_t* out, uint16_t* scales) {
  for (int block = 0; block < n / static_cast<int>(kValueBlock); ++block) {
    const float* v = x + block * 32;
    float max = 0.0f;
    for (int i = 0; i < 32; ++i) {
      const float size = v[i] < 0.0f ? -v[i] : v[i];
      max = size > max ? size : max;
    }
    scales[block] = spec::HalfFromFloat(max / 127.0f);
    const float scale = spec::FloatFromHalf(scales[block]);
    for (int i = 0; i < 32; ++i) {
      float q = scale > 0.0f ? v[i] / scale : 0.0f;
      q = q < 127.0f ? q : 127.0f;
      q = q > -127.0f ? q : -127.0f;
      const float shifted = q + 12582912.0f;  // 1.5 * 2^23
      out[block * 32 + i] = static_cast<int8_t>(spec::BitsFromFloat(shifted) - 0x4B400000u);
    }
  }
}

template <class V>
bool StoreKey(const float* key, int head_dim, KvType type, std::byte* page, int slot) {
  if (type == KvType::kF32) {
    auto* out = reinterpret_cast<float*>(page) + slot;
    for (int d = 0; d < head_dim; ++d) out[d * kTile] = key[d];
  } else {
    StoreHalves<V>(key, head_dim, reinterpret_cast<uint16_t*>(page) + slot, kTile);
  }
  return AllFinite(key, head_dim);
}

template <class V>
bool StoreValue(const float* value, int value_dim, KvType type, std::byte* page, int slot) {
  const size_t at = static_cast<size_t>(slot) * static_cast<size_t>(value_dim);
  if (type == KvType::kF32) {
    auto* out = reinterpret_cast<float*>(page) + at;
    for (int d = 0; d < value_dim; ++d) out[d] = value[d];
  } else if (type == KvType::kF16) {
    StoreHalves<V>(value, value_dim, reinterpret_cast<uint16_t*>(page) + at, 1);
  } else {
    auto* scales = reinterpret_cast<uint16_t*>(page + kTile * value_dim);
    StoreInt8(value, value_dim, reinterpret_cast<int8_t*>(page) + at, scales + at / kValueBlock);
  }
  return AllFinite(value, value_dim);
}

// n halves to floats; n is a multiple of 16.
template <class V>
void Widen(const uint16_t* from, int n, float* to) {
  for (int i = 0; i < n; i += 16) Lanes16<V>::LoadHalves(from + i).Store(to + i);
}

// A page's keys as float32 [head_dim][64], in the page or in `scratch`.
template <class V>
const float* KeysOf(const std::byte* page, int head_dim, KvType type, float* scratch) {
  if (type == KvType::kF32) return reinterpret_cast<const float*>(page);
  Widen<V>(reinterpret_cast<const uint16_t*>(page), head_dim * kTile, scratch);
  return scratch;
}

// A page's values as float32 [64][width], width = value_dim rounded up to 16 (zeros behind), likewise.
template <class V>
const float* ValuesOf(const std::byte* page, int value_dim, int width, KvType type, float* scratch) {
  const bool padded = width != value_dim;
  if (type == KvType::kF32 && !padded) return reinterpret_cast<const float*>(page);
  if (type == KvType::kF16 && !padded) {
    Widen<V>(reinterpret_cast<const uint16_t*>(page), kTile * width, scratch);
    return scratch;
  }
  if (type == KvType::kQ8_0) {
    using L = Lanes16<V>;
    const auto* codes = reinterpret_cast<const int8_t*>(page);
    const auto* scales = reinterpret_cast<const uint16_t*>(page + kTile * value_dim);
    for (int i = 0; i < kTile * width; i += 16) {  // whole blocks: nothing is padded
      const L scale = L::Set(spec::FloatFromHalf(scales[i / static_cast<int>(kValueBlock)]));
      const L value = L::Each([&](int part) { return V::ToFloat(V::LoadInt8(codes + i + part * V::kLanes)); });
      (value * scale).Store(scratch + i);
    }
    return scratch;
  }
  for (int p = 0; p < kTile; ++p) {
    for (int d = 0; d < width; ++d) {
      float& out = scratch[p * width + d];
      const int at = p * value_dim + d;
      if (d >= value_dim) {
        out = 0.0f;
      } else if (type == KvType::kF32) {
        out = reinterpret_cast<const float*>(page)[at];
      } else {
        out = spec::FloatFromHalf(reinterpret_cast<const uint16_t*>(page)[at]);
      }
    }
  }
  return scratch;
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_KV_PAGE_H_
