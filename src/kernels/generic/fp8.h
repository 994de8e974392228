// Products with FP8 weights (E4M3 with a scale per row and 128 columns) and float activations: each weight is rounded
// to float32, then one fma per column. The order is normative: docs/numerics.md, "Products with weights".
//
// A code becomes a float by way of binary16: its seven lower bits, moved up by seven, are the binary16 of the value
// divided by 256, subnormal values included, and the 256 joins the scale. Both steps are exact. (A lookup of 256 floats
// takes a gather; the bits of a float32 would make subnormal numbers on the way, which some processors are slow with.)
// All 16 rows are computed at once, on any vector type: with fewer, a token alone has too few sums to add to.
#ifndef CANDOR_KERNELS_GENERIC_FP8_H_
#define CANDOR_KERNELS_GENERIC_FP8_H_

#include "kernels/generic/lanes16.h"
#include "kernels/generic/tile_output.h"
#include "kernels/kernel_table.h"
#include "kernels/panel_layout.h"

namespace candor {
namespace {

// kTokens tokens against one panel, all columns.
template <class V, int kTokens>
void Fp8Tile(const std::byte* unit, int columns, const float* x, const TileOutput& to) {
  using L = Lanes16<V>;
  for (int segment = 0; segment < columns; segment += kSegmentColumns) {
    const int end = columns - segment < kSegmentColumns ? columns : segment + kSegmentColumns;
    L sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = L::Set(0.0f);
    for (int column = segment; column < end; column += panel::kFp8Columns, unit += panel::kFp8Unit) {
      const int used = end - column < panel::kFp8Columns ? end - column : panel::kFp8Columns;
      const L scale = L::Load(reinterpret_cast<const float*>(unit + panel::kFp8Scales)) * L::Set(256.0f);
      for (int k = 0; k < used; ++k, x += kTokens) {
        const std::byte* codes = unit + k * panel::kRows;
        const L weight = L::Each([&](int i) { return V::LoadE4M3Over256(codes + i * V::kLanes); }) * scale;
#pragma GCC unroll 8
        for (int t = 0; t < kTokens; ++t) sum[t] = L::Fma(weight, L::Set(x[t]), sum[t]);
      }
    }
    for (int t = 0; t < kTokens; ++t) {
      for (int i = 0; i < L::kParts; ++i) {
        const int row = i * V::kLanes;
        const TileOutput rows{to.out + row, to.stride, to.bias ? to.bias + row : nullptr};
        StoreSegment<V>(sum[t].part[i], segment == 0, end == columns, rows, t);
      }
    }
  }
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_FP8_H_
