// Products with FP8 weights (E4M3 with a scale per row and 128 columns) and float activations: each weight is rounded
// to float32, then one fma per column. The order is normative: docs/numerics.md, "Products with weights".
//
// Four columns' codes of 16 rows are turned into floats together. A code's seven lower bits, moved to where a float32
// has its exponent and fraction, are its value with another bias, and 256 times a row's scale makes up for the bias.
// That is exact for all codes but those with an exponent of zero, which are rare and put right behind a branch. (By way
// of binary16, which has those numbers too, a token alone takes a third longer. The subnormal numbers of float32 would
// do without the branch, but some processors are slow with them.)
#ifndef CANDOR_KERNELS_GENERIC_FP8_H_
#define CANDOR_KERNELS_GENERIC_FP8_H_

#include "kernels/generic/lanes16.h"
#include "kernels/generic/tile_output.h"
#include "kernels/kernel_table.h"
#include "kernels/panel_layout.h"

namespace candor {
namespace {

// How far ahead of the weights in use memory is asked for.
inline constexpr size_t kFp8PrefetchBytes = 4096;

// Codes with an exponent of zero came out as 2^-15 (1 + m / 8) instead of 2^-14 m / 8; no other is below 2^-14.
template <class V>
Lanes16<V> WithSubnormals(Lanes16<V> value) {
  using L = Lanes16<V>;
  const L border = L::Set(0x1p-14f);
  const L size = L::AbsoluteValue(value);
  return L::WithSignOf(L::SelectLess(size, border, (size + size) - border, size), value);
}

// The codes of 16 rows and four columns as floats, divided by 256.
template <class V>
[[gnu::always_inline]] inline void LoadFp8(const std::byte* codes, Lanes16<V> (&value)[4]) {
  using L = Lanes16<V>;
  bool subnormal = false;
#pragma GCC unroll 2
  for (int i = 0; i < L::kParts; ++i) {
    typename V::Floats part[4];
    subnormal |= V::LoadE4M3(codes + 4 * i * V::kLanes, part);
    for (int j = 0; j < 4; ++j) value[j].part[i] = part[j];
  }
  if (subnormal) [[unlikely]] {
    for (L& v : value) v = WithSubnormals<V>(v);
  }
}

// kTokens tokens against kPanels panels, `panel_bytes` apart, all columns. `to` is where the first panel's rows go.
template <class V, int kTokens, int kPanels>
void Fp8Tile(const std::byte* unit, size_t panel_bytes, int columns, const float* x, const TileOutput& to) {
  using L = Lanes16<V>;
  for (int segment = 0; segment < columns; segment += kSegmentColumns) {
    const int end = columns - segment < kSegmentColumns ? columns : segment + kSegmentColumns;
    L sum[kPanels][kTokens];
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) sum[p][t] = L::Set(0.0f);
    }
    for (int column = segment; column < end; column += panel::kFp8Columns, unit += panel::kFp8Unit) {
      const int used = end - column < panel::kFp8Columns ? end - column : panel::kFp8Columns;
      L scale[kPanels];
      for (int p = 0; p < kPanels; ++p) {
        const std::byte* scales = unit + p * panel_bytes + panel::kFp8Scales;
        scale[p] = L::Load(reinterpret_cast<const float*>(scales)) * L::Set(256.0f);
      }
      const auto add = [&](int k, int count) __attribute__((always_inline)) {
#pragma GCC unroll 2
        for (int p = 0; p < kPanels; ++p) {
          const std::byte* codes = unit + p * panel_bytes + k * panel::kRows;
          __builtin_prefetch(codes + kFp8PrefetchBytes);
          L value[4];
          LoadFp8<V>(codes, value);
#pragma GCC unroll 4
          for (int j = 0; j < count; ++j) {
            const L weight = value[j] * scale[p];
#pragma GCC unroll 8
            for (int t = 0; t < kTokens; ++t) sum[p][t] = L::Fma(weight, L::Set(x[j * kTokens + t]), sum[p][t]);
          }
        }
        x += count * kTokens;
      };
      int k = 0;
      for (; k + 4 <= used; k += 4) add(k, 4);
      if (k < used) add(k, used - k);
    }
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) {
        for (int i = 0; i < L::kParts; ++i) {
          const int row = p * panel::kRows + i * V::kLanes;
          const TileOutput rows{to.out + row, to.stride, to.bias ? to.bias + row : nullptr};
          StoreSegment<V>(sum[p][t].part[i], segment == 0, end == columns, rows, t);
        }
      }
    }
  }
}

// `panels` panels from p on, for the tile of kTokens tokens that begins at `token`.
template <class V, int kTokens>
void Fp8Panels(const MatmulArgs& a, uint32_t p, uint32_t panels, int token) {
  const size_t output = p * static_cast<size_t>(panel::kRows);
  const TileOutput to{a.out + static_cast<size_t>(token) * a.out_stride + output, a.out_stride,
                      a.bias ? a.bias + output : nullptr};
  const std::byte* first = a.weights.data + p * a.weights.panel_bytes;
  const int columns = static_cast<int>(a.weights.cols);
  const auto* x = reinterpret_cast<const float*>(a.activations) + static_cast<size_t>(token) * a.weights.cols;
  // One or two tokens have too few sums in one panel: each addition would wait for the one before it.
  if constexpr (kTokens <= 2) {
    if (panels == 2) return Fp8Tile<V, kTokens, 2>(first, a.weights.panel_bytes, columns, x, to);
  }
  for (uint32_t i = 0; i < panels; ++i) {
    const size_t row = i * static_cast<size_t>(panel::kRows);
    Fp8Tile<V, kTokens, 1>(first + i * a.weights.panel_bytes, 0, columns, x,
                           {to.out + row, to.stride, to.bias ? to.bias + row : nullptr});
  }
}

// Two panels outside, token tiles inside: panels are read from memory once, and from a cache for every tile.
template <class V>
void Fp8Matmul(const MatmulArgs& a) {
  for (uint32_t p = a.panel_begin; p < a.panel_end; p += 2) {
    const uint32_t panels = a.panel_end - p < 2 ? 1 : 2;
    for (int token = 0; token < a.tokens;) {
      const int tile = TileTokens(a.tokens - token, V::kMaxTile);
      if (tile == 1) Fp8Panels<V, 1>(a, p, panels, token);
      if constexpr (V::kMaxTile >= 2) {
        if (tile == 2) Fp8Panels<V, 2>(a, p, panels, token);
      }
      if constexpr (V::kMaxTile >= 4) {
        if (tile == 4) Fp8Panels<V, 4>(a, p, panels, token);
      }
      if constexpr (V::kMaxTile >= 8) {
        if (tile == 8) Fp8Panels<V, 8>(a, p, panels, token);
      }
      token += tile;
    }
  }
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_FP8_H_
