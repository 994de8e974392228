// Products with packed weights: lanes are outputs, columns are summed in order. The order is normative:
// docs/numerics.md, "Products with weights".
#ifndef CANDOR_KERNELS_GENERIC_MATMUL_H_
#define CANDOR_KERNELS_GENERIC_MATMUL_H_

#include <bit>

#include "kernels/generic/activations.h"
#include "kernels/generic/block_formats.h"
#include "kernels/generic/fp8.h"
#include "kernels/generic/tile_output.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

// What one token asks memory for ahead of the weights in use.
inline constexpr size_t kPrefetchBytes = 16384;

// The lines that are to come into the second-level cache while tiles are computed: an equal number with each block of
// 32 columns, so that memory is busy all the time and few lines are on their way at once.
struct Prefetch {
  const std::byte* next;
  const std::byte* end;
  int lines_per_block;

  [[gnu::always_inline]] void Block() {
    if (next >= end) return;
    for (int line = 0; line < lines_per_block; ++line, next += 64) __builtin_prefetch(next, 0, 2);
  }
};

// For one panel that `tiles` tiles use. A single tile reads the panel as it comes; of several the first reads what
// was fetched during the panel before, and together they fetch the next one.
inline Prefetch PrefetchFor(const std::byte* panel, size_t panel_bytes, int columns, int tiles) {
  const std::byte* begin = panel + (tiles == 1 ? kPrefetchBytes : panel_bytes);
  const size_t blocks = static_cast<size_t>(columns) / 32 * static_cast<size_t>(tiles);
  return {begin, begin + panel_bytes, static_cast<int>((panel_bytes / 64 + blocks) / blocks)};
}

// Calls `use` with the numbers 0 to 3 as types: which bits of a byte belong to a chunk must be known to the compiler.
template <int kValue>
struct Chunk {
  static constexpr int value = kValue;
};
template <class Use>
[[gnu::always_inline]] inline void ForChunks(Use use) {
  use(Chunk<0>());
  use(Chunk<1>());
  use(Chunk<2>());
  use(Chunk<3>());
}

template <class Format>
inline constexpr bool kWide = Format::kLargestCode > 127;

// How many of a block's four steps (a chunk of either half) sums of pairs in 16 bits can hold: a step adds to each sum
// two products, with `kHalves` == 1 four. Zero where not even one fits: wide codes.
template <class Format, int kHalves>
constexpr int StepsInPairs() {
  const int products = kHalves == 1 ? 4 : 2;
  const int steps = 32767 / (products * 127 * Format::kLargestCode);
  return steps >= 4 ? 4 : steps >= 2 ? 2 : steps;
}

// Whether activations of 15 bits are words of 16 bits instead of two planes of int8: without an instruction for four
// products of int8, the two planes would take twice as many multiplications.
template <class V, int kPlanes>
inline constexpr bool kWords = V::kPairSums&& kPlanes == 2;

// Adds the dot products of one block with words: `dot` of kTokens tokens, of the block's halves apart or together.
template <class V, class Format, int kTokens, int kHalves>
[[gnu::always_inline]] inline void AddWordProducts(const std::byte* panel, int block, int row, const std::byte* x,
                                                   typename V::Ints (&dot)[kTokens][kHalves][1]) {
  ForChunks([&](auto chunk) __attribute__((always_inline)) {
    constexpr int c = decltype(chunk)::value;
    typename V::Bytes low, high;
    Format::template Pair<c>(panel, block, row, low, high);
    const typename V::Ints words[4] = {V::template Words<false>(low), V::template Words<true>(low),
                                       V::template Words<false>(high), V::template Words<true>(high)};
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const auto* q = reinterpret_cast<const int8_t*>(x) + t * 64 + 8 * c;
      typename V::Ints& first = dot[t][0][0];
      first = V::Add(first, V::WordProducts(words[0], q));
      first = V::Add(first, V::WordProducts(words[1], q + 4));
      typename V::Ints& second = dot[t][kHalves - 1][0];
      second = V::Add(second, V::WordProducts(words[2], q + 32));
      second = V::Add(second, V::WordProducts(words[3], q + 36));
    }
  });
}

// The same with planes of int8.
template <class V, class Format, int kTokens, int kHalves, int kPlanes>
[[gnu::always_inline]] inline void AddDotProducts(const std::byte* panel, int block, int row, const std::byte* x,
                                                  typename V::Ints (&dot)[kTokens][kHalves][kPlanes]) {
  using Ints = typename V::Ints;
  constexpr int kSteps = V::kPairSums ? StepsInPairs<Format, kHalves>() : 0;
  Ints pairs[kTokens][kHalves][kPlanes];  // where kSteps > 0
  ForChunks([&](auto chunk) __attribute__((always_inline)) {
    constexpr int c = decltype(chunk)::value;
    typename V::Bytes low, high;
    Format::template Pair<c>(panel, block, row, low, high);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
      for (int p = 0; p < kPlanes; ++p) {
        const auto* q = reinterpret_cast<const int8_t*>(x) + (t * kPlanes + p) * 32;
        if constexpr (kSteps > 0) {
          Ints first = V::template PairProducts<false>(low, V::SetFour(q + 4 * c));
          Ints second = V::template PairProducts<false>(high, V::SetFour(q + 16 + 4 * c));
          if constexpr (kHalves == 1) first = V::AddPairs(first, second);
          pairs[t][0][p] = c % kSteps == 0 ? first : V::AddPairs(pairs[t][0][p], first);
          if constexpr (kHalves == 2) pairs[t][1][p] = c % kSteps == 0 ? second : V::AddPairs(pairs[t][1][p], second);
          if constexpr (c % kSteps == kSteps - 1) {
            for (int h = 0; h < kHalves; ++h) dot[t][h][p] = V::Add(dot[t][h][p], V::SumPairs(pairs[t][h][p]));
          }
        } else {
          dot[t][0][p] = V::template Dot<kWide<Format>>(dot[t][0][p], low, q + 4 * c);
          Ints& other = dot[t][kHalves - 1][p];
          other = V::template Dot<kWide<Format>>(other, high, q + 16 + 4 * c);
        }
      }
    }
  });
}

// kTokens tokens against kLanes rows of one panel, all columns, for a block format with integer activations.
template <class V, class Format, int kTokens, int kPlanes>
void IntegerTile(const std::byte* panel, int row, int columns, const std::byte* x, const TileOutput& to,
                 Prefetch& prefetch) {
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;
  constexpr int kHalves = Format::kTwoScales ? 2 : 1;
  constexpr int kUnitColumns = 32 * Format::kBlocks;
  constexpr int kSums = kWords<V, kPlanes> ? 1 : kPlanes;
  // Wide codes that are multiplied as signed numbers have no offset left to remove.
  constexpr int kOffset = kWide<Format> && V::kPairSums && !kWords<V, kPlanes> ? 0 : Format::kOffset;
  constexpr int kOffsetBits = std::countr_zero(static_cast<unsigned>(Format::kOffset));
  static_assert(kOffset == 0 || kOffset == 1 << kOffsetBits);

  Prefetch ahead = prefetch;
  for (int segment = 0; segment < columns; segment += kSegmentColumns) {
    const int end = columns - segment < kSegmentColumns ? columns : segment + kSegmentColumns;
    Floats sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = V::Set(0.0f);
    for (int column = segment; column < end; column += kUnitColumns, panel += Format::kUnitBytes) {
      typename Format::Scales scales;
      Format::LoadScales(panel, row, scales);
#pragma GCC unroll 1
      for (int block = 0; block < Format::kBlocks; ++block) {
        ahead.Block();
        const auto* scale = reinterpret_cast<const float*>(x + kTokens * 32 * kPlanes);
        const float* scaled_sum = scale + kTokens;
        const auto* minus_first = reinterpret_cast<const int32_t*>(scaled_sum + kTokens);
        const int32_t* minus_second = minus_first + kTokens;
        const int32_t* minus_both = minus_second + kTokens;
        // The offset is removed once, from the last plane, which has weight 1: where a dot product starts.
        Ints dot[kTokens][kHalves][kSums];
#pragma GCC unroll 8
        for (int t = 0; t < kTokens; ++t) {
          for (int p = 0; p < kSums; ++p) {
            for (int h = 0; h < kHalves; ++h) dot[t][h][p] = V::SetInt(0);
          }
          if constexpr (kOffset != 0) {
            // As broadcasts from memory and a shift: a multiplication before it costs a tenth of the tile.
            if constexpr (kHalves == 2) {
              dot[t][0][kSums - 1] = V::ShiftLeftInts(V::SetInt(minus_first[t]), kOffsetBits);
              dot[t][1][kSums - 1] = V::ShiftLeftInts(V::SetInt(minus_second[t]), kOffsetBits);
            } else {
              dot[t][0][kSums - 1] = V::ShiftLeftInts(V::SetInt(minus_both[t]), kOffsetBits);
            }
          }
        }
        if constexpr (kWords<V, kPlanes>) {
          AddWordProducts<V, Format>(panel, block, row, x, dot);
        } else {
          AddDotProducts<V, Format>(panel, block, row, x, dot);
        }
#pragma GCC unroll 8
        for (int t = 0; t < kTokens; ++t) {
          Ints whole[kHalves];
          for (int h = 0; h < kHalves; ++h) {
            whole[h] = kSums == 2 ? V::Add(V::ShiftLeftInts(dot[t][h][0], 7), dot[t][h][kSums - 1]) : dot[t][h][0];
          }
          const Floats sx = V::Set(scale[t]);
          if constexpr (Format::kTwoScales) {
            const Ints first = scales.scale[2 * block];
            const Ints second = scales.scale[2 * block + 1];
            Floats product;
            if constexpr (kPlanes == 1) {
              // Below 2^24 even together, so floats are as exact as integers, and faster.
              product = V::Mul(V::ToFloat(second), V::ToFloat(whole[kHalves - 1]));
              product = V::Fma(V::ToFloat(first), V::ToFloat(whole[0]), product);
            } else {
              product = V::ToFloat(V::Add(V::Mul(first, whole[0]), V::Mul(second, whole[kHalves - 1])));
            }
            sum[t] = V::Fma(product, V::Mul(scales.d, sx), sum[t]);
            if constexpr (Format::kMinimum) {
              const Ints negative = V::Add(V::Mul(scales.minimum[2 * block], V::SetInt(minus_first[t])),
                                           V::Mul(scales.minimum[2 * block + 1], V::SetInt(minus_second[t])));
              sum[t] = V::Fma(V::ToFloat(negative), V::Mul(scales.dmin, sx), sum[t]);
            }
          } else {
            sum[t] = V::Fma(V::ToFloat(whole[0]), V::Mul(scales.scale[block], sx), sum[t]);
            if constexpr (Format::kMinimum) {
              const Floats minimum = V::Sub(V::Set(0.0f), scales.minimum[block]);
              sum[t] = V::Fma(minimum, V::Set(scaled_sum[t]), sum[t]);
            }
          }
        }
        x += ActivationBlock::Bytes(kPlanes, kTokens);
      }
    }
    for (int t = 0; t < kTokens; ++t) StoreSegment<V>(sum[t], segment == 0, end == columns, to, t);
  }
  prefetch = ahead;
}

// The same for a block format with float activations: each weight is rounded to float32, then one fma per column.
// Not tuned: it is there to check the others, and one function a format keeps the program small.
template <class V, class Format>
void ExactTile(int tokens, const std::byte* panel, int row, int columns, const float* x, const TileOutput& to) {
  using Floats = typename V::Floats;
  using Ints = typename V::Ints;
  for (int segment = 0; segment < columns; segment += kSegmentColumns) {
    const int end = columns - segment < kSegmentColumns ? columns : segment + kSegmentColumns;
    Floats sum[V::kMaxTile];
    for (int t = 0; t < tokens; ++t) sum[t] = V::Set(0.0f);
    for (int column = segment; column < end; column += 32 * Format::kBlocks, panel += Format::kUnitBytes) {
      typename Format::Scales scales;
      Format::LoadScales(panel, row, scales);
      for (int block = 0; block < Format::kBlocks; ++block) {
        typename V::Bytes chunks[8];
        ForChunks([&](auto chunk) {
          constexpr int c = decltype(chunk)::value;
          Format::template Pair<c>(panel, block, row, chunks[c], chunks[c + 4]);
        });
        for (int k = 0; k < 32; ++k, x += tokens) {
          Ints codes;
          memcpy(&codes, &chunks[k / 4], sizeof codes);
          codes = V::AndInts(V::ShiftRightInts(codes, 8 * (k % 4)), V::SetInt(255));
          const Floats value = V::ToFloat(V::Sub(codes, V::SetInt(Format::kOffset)));
          Floats weight;
          if constexpr (Format::kTwoScales) {
            weight = V::Mul(V::Mul(scales.d, V::ToFloat(scales.scale[2 * block + k / 16])), value);
            if constexpr (Format::kMinimum) {
              const Floats minimum = V::Mul(scales.dmin, V::ToFloat(scales.minimum[2 * block + k / 16]));
              weight = V::Sub(weight, minimum);
            }
          } else if constexpr (Format::kMinimum) {
            weight = V::Fma(scales.scale[block], value, V::Sub(V::Set(0.0f), scales.minimum[block]));
          } else {
            weight = V::Mul(scales.scale[block], value);
          }
          for (int t = 0; t < tokens; ++t) sum[t] = V::Fma(weight, V::Set(x[t]), sum[t]);
        }
      }
    }
    for (int t = 0; t < tokens; ++t) StoreSegment<V>(sum[t], segment == 0, end == columns, to, t);
  }
}

// Float weights: kWidth bytes each, converted exactly.
template <class V, TensorType kType>
struct FloatWeights {
  static constexpr int kWidth = kType == TensorType::kF32 ? 4 : 2;
  static typename V::Floats Load(const std::byte* p) {
    if constexpr (kType == TensorType::kF32) {
      return V::Load(reinterpret_cast<const float*>(p));
    } else if constexpr (kType == TensorType::kF16) {
      return V::LoadHalves(p);
    } else {
      return V::LoadBfloat16(p);
    }
  }
};

template <class V, TensorType kType, int kTokens>
void FloatTile(const std::byte* panel, int row, int columns, const float* x, const TileOutput& to) {
  using Floats = typename V::Floats;
  constexpr int kWidth = FloatWeights<V, kType>::kWidth;
  const std::byte* w = panel + row * kWidth;
  for (int segment = 0; segment < columns; segment += kSegmentColumns) {
    const int end = columns - segment < kSegmentColumns ? columns : segment + kSegmentColumns;
    Floats sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = V::Set(0.0f);
    for (int k = segment; k < end; ++k, w += panel::kRows * kWidth, x += kTokens) {
      const Floats weight = FloatWeights<V, kType>::Load(w);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) sum[t] = V::Fma(weight, V::Set(x[t]), sum[t]);
    }
    for (int t = 0; t < kTokens; ++t) StoreSegment<V>(sum[t], segment == 0, end == columns, to, t);
  }
}

// One tile of each kind as a class, so that the loop below is written once.
template <class V, class Format, int kPlanes>
struct IntegerKernel {
  template <int kTokens>
  static void Tile(const std::byte* panel, int row, int columns, const std::byte* x, const TileOutput& to,
                   Prefetch& prefetch) {
    IntegerTile<V, Format, kTokens, kPlanes>(panel, row, columns, x, to, prefetch);
  }
};
template <class V, class Format>
struct ExactKernel {
  template <int kTokens>
  static void Tile(const std::byte* panel, int row, int columns, const std::byte* x, const TileOutput& to, Prefetch&) {
    ExactTile<V, Format>(kTokens, panel, row, columns, reinterpret_cast<const float*>(x), to);
  }
};
template <class V, TensorType kType>
struct FloatKernel {
  template <int kTokens>
  static void Tile(const std::byte* panel, int row, int columns, const std::byte* x, const TileOutput& to, Prefetch&) {
    FloatTile<V, kType, kTokens>(panel, row, columns, reinterpret_cast<const float*>(x), to);
  }
};

template <class V, class Kernel>
void RunTile(int tile, const std::byte* panel, int row, int columns, const std::byte* x, const TileOutput& to,
             Prefetch& prefetch) {
  if (tile == 1) return Kernel::template Tile<1>(panel, row, columns, x, to, prefetch);
  if constexpr (V::kMaxTile >= 2) {
    if (tile == 2) return Kernel::template Tile<2>(panel, row, columns, x, to, prefetch);
  }
  if constexpr (V::kMaxTile >= 4) {
    if (tile == 4) return Kernel::template Tile<4>(panel, row, columns, x, to, prefetch);
  }
  if constexpr (V::kMaxTile >= 8) Kernel::template Tile<8>(panel, row, columns, x, to, prefetch);
}

// Panels outside, token tiles inside: a panel is read from memory once, and from the first-level cache for every tile.
template <class V, class Kernel>
void Panels(const MatmulArgs& a) {
  const int columns = static_cast<int>(a.weights.cols);
  const size_t token_bytes = ActivationBytes(a.kind, a.weights.cols);
  const int tiles = TileCount(a.tokens, V::kMaxTile) * (panel::kRows / V::kLanes);
  for (uint32_t p = a.panel_begin; p < a.panel_end; ++p) {
    const std::byte* panel = a.weights.data + p * a.weights.panel_bytes;
    Prefetch prefetch = PrefetchFor(panel, a.weights.panel_bytes, columns, tiles);
    for (int row = 0; row < panel::kRows; row += V::kLanes) {
      const size_t output = p * static_cast<size_t>(panel::kRows) + static_cast<size_t>(row);
      for (int token = 0; token < a.tokens;) {
        const int tile = TileTokens(a.tokens - token, V::kMaxTile);
        const TileOutput to{a.out + static_cast<size_t>(token) * a.out_stride + output, a.out_stride,
                            a.bias ? a.bias + output : nullptr};
        RunTile<V, Kernel>(tile, panel, row, columns, a.activations + static_cast<size_t>(token) * token_bytes, to,
                           prefetch);
        token += tile;
      }
    }
  }
}

template <class V, class Format>
void BlockMatmul(const MatmulArgs& a) {
  switch (a.kind) {
    case ActivationKind::kInt8:
      return Panels<V, IntegerKernel<V, Format, 1>>(a);
    case ActivationKind::kInt15:
      return Panels<V, IntegerKernel<V, Format, 2>>(a);
    case ActivationKind::kFloat:
      return Panels<V, ExactKernel<V, Format>>(a);
  }
}

template <class V>
void Matmul(const MatmulArgs& a) {
  switch (a.weights.type) {
    case TensorType::kF32:
      return Panels<V, FloatKernel<V, TensorType::kF32>>(a);
    case TensorType::kF16:
      return Panels<V, FloatKernel<V, TensorType::kF16>>(a);
    case TensorType::kBF16:
      return Panels<V, FloatKernel<V, TensorType::kBF16>>(a);
    case TensorType::kF8_E4M3:
      return Fp8Matmul<V>(a);
    case TensorType::kQ4_0:
      return BlockMatmul<V, Q4_0Format<V>>(a);
    case TensorType::kQ4_1:
      return BlockMatmul<V, Q4_1Format<V>>(a);
    case TensorType::kQ5_0:
      return BlockMatmul<V, Q5_0Format<V>>(a);
    case TensorType::kQ5_1:
      return BlockMatmul<V, Q5_1Format<V>>(a);
    case TensorType::kQ8_0:
      return BlockMatmul<V, Q8_0Format<V>>(a);
    case TensorType::kIQ4_NL:
      return BlockMatmul<V, Iq4NlFormat<V>>(a);
    case TensorType::kMXFP4:
      return BlockMatmul<V, Mxfp4Format<V>>(a);
    case TensorType::kQ2_K:
      return BlockMatmul<V, Q2_KFormat<V>>(a);
    case TensorType::kQ3_K:
      return BlockMatmul<V, Q3_KFormat<V>>(a);
    case TensorType::kQ4_K:
      return BlockMatmul<V, Q4_KFormat<V>>(a);
    case TensorType::kQ5_K:
      return BlockMatmul<V, Q5_KFormat<V>>(a);
    case TensorType::kQ6_K:
      return BlockMatmul<V, Q6_KFormat<V>>(a);
    case TensorType::kIQ4_XS:
      return BlockMatmul<V, Iq4XsFormat<V>>(a);
    default:
      return;  // a PackedMatrix has a computed type
  }
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_MATMUL_H_
