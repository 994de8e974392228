// Attention over pages of 64 positions, and the rows that go into them. The order is normative: docs/numerics.md,
// "Attention".
#ifndef CANDOR_KERNELS_GENERIC_ATTENTION_H_
#define CANDOR_KERNELS_GENERIC_ATTENTION_H_

#include "kernels/generic/elementwise.h"
#include "kernels/kernel_table.h"
#include "kernels/spec/float_formats.h"

namespace candor {
namespace {

inline constexpr int kTile = 64;

template <class V>
Lanes16<V> LoadFloats(const float* p) {
  return Lanes16<V>::Load(p);
}
template <class V>
Lanes16<V> LoadFloats(const uint16_t* p) {
  return Lanes16<V>::LoadHalves(p);
}

// out[r][0, 16 kVectors) = sum over i of a[r][i] * b[i][...], i in order: scores (i = dimension, lanes = positions) and
// weighted values (i = position, lanes = dimensions) are both this. Element is float, or uint16_t for binary16.
template <class V, int kRows, int kVectors, class Element>
void Block(const float* const* a, int inner, const Element* b, size_t b_stride, float* const* out, int out_offset) {
  using L = Lanes16<V>;
  L sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = L::Set(0.0f);
  }
  for (int i = 0; i < inner; ++i, b += b_stride) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const L vector = LoadFloats<V>(b + 16 * v);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) sum[r][v] = L::Fma(L::Set(a[r][i]), vector, sum[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v].Store(out[r] + out_offset + 16 * v);
  }
}

template <class V, int kRows, class Element>
void RowsTimesMatrix(const float* const* a, int inner, const Element* b, int width, float* const* out) {
  int column = 0;
  for (; column + 16 * V::kBlockVectors <= width; column += 16 * V::kBlockVectors) {
    Block<V, kRows, V::kBlockVectors>(a, inner, b + column, static_cast<size_t>(width), out, column);
  }
  for (; column < width; column += 16) {
    Block<V, kRows, 1>(a, inner, b + column, static_cast<size_t>(width), out, column);
  }
}

// b is [inner][width], width a multiple of 16.
template <class V, class Element>
void Multiply(const float* const* a, int rows, int inner, const Element* b, int width, float* const* out) {
  int row = 0;
  for (; row + V::kBlockRows <= rows; row += V::kBlockRows) {
    RowsTimesMatrix<V, V::kBlockRows>(a + row, inner, b, width, out + row);
  }
  constexpr int kFew = V::kBlockRows >= 4 ? V::kBlockRows / 2 : 1;
  for (; row + kFew <= rows; row += kFew) RowsTimesMatrix<V, kFew>(a + row, inner, b, width, out + row);
  for (; row < rows; ++row) RowsTimesMatrix<V, 1>(a + row, inner, b, width, out + row);
}

// n halves to floats; n is a multiple of 16.
template <class V>
void Widen(const uint16_t* from, int n, float* to) {
  for (int i = 0; i < n; i += 16) Lanes16<V>::LoadHalves(from + i).Store(to + i);
}

// A page's keys as float32 [head_dim][64].
template <class V>
const float* KeysOf(const AttentionArgs& a, uint32_t tile, float* scratch) {
  if (a.format == KvFormat::kF32) return reinterpret_cast<const float*>(a.key_pages[tile]);
  Widen<V>(reinterpret_cast<const uint16_t*>(a.key_pages[tile]), a.head_dim * kTile, scratch);
  return scratch;
}

// A page's values as float32 [64][width], width = value_dim rounded up to 16 (zeros behind).
template <class V>
const float* ValuesOf(const AttentionArgs& a, uint32_t tile, int width, float* scratch) {
  const std::byte* page = a.value_pages[tile];
  const bool padded = width != a.value_dim;
  if (a.format == KvFormat::kF32 && !padded) return reinterpret_cast<const float*>(page);
  if (a.format == KvFormat::kF16 && !padded) {
    Widen<V>(reinterpret_cast<const uint16_t*>(page), kTile * width, scratch);
    return scratch;
  }
  const auto* codes = reinterpret_cast<const int8_t*>(page);
  const auto* scales = reinterpret_cast<const uint16_t*>(codes + kTile * a.value_dim);
  for (int p = 0; p < kTile; ++p) {
    for (int d = 0; d < width; ++d) {
      float& out = scratch[p * width + d];
      const int at = p * a.value_dim + d;
      if (d >= a.value_dim) {
        out = 0.0f;
      } else if (a.format == KvFormat::kF32) {
        out = reinterpret_cast<const float*>(page)[at];
      } else if (a.format == KvFormat::kF16) {
        out = spec::FloatFromHalf(reinterpret_cast<const uint16_t*>(page)[at]);
      } else {
        out = static_cast<float>(codes[at]) * spec::FloatFromHalf(scales[at / 32]);
      }
    }
  }
  return scratch;
}

// What one query row has gathered so far.
struct RowState {
  float max;
  float sum;
  bool started;
};

// Scores of one row and tile to weights: scale, softcap, mask, exp against the tile's own maximum. Positions outside
// [begin, end) get weight 0.
template <class V>
void Weights(float* scores, int begin, int end, float scale, float softcap, float* max_out, float* sum_out) {
  using L = Lanes16<V>;
  const L hidden = L::Set(-__builtin_inff());
  L s[4];
  for (int i = 0; i < 4; ++i) {
    s[i] = L::Load(scores + 16 * i) * L::Set(scale);
    if (softcap != 0.0f) s[i] = Softcap<V>(s[i], softcap);
    s[i] = L::SelectRange(s[i], 16 * i, begin, end, hidden);
  }
  const float max = L::Max(L::Max(L::Max(s[0], s[1]), s[2]), s[3]).TreeMax();
  for (int i = 0; i < 4; ++i) {
    s[i] = Exp<V>(s[i] - L::Set(max));
    s[i].Store(scores + 16 * i);
  }
  *max_out = max;
  *sum_out = (((s[0] + s[1]) + s[2]) + s[3]).TreeAdd();
}

// Joins a tile's result (max, sum, values) to a row's.
template <class V>
void Merge(float max, float sum, const float* values, int width, RowState& row, float* gathered) {
  using L = Lanes16<V>;
  if (!row.started) {
    row = {max, sum, true};
    for (int i = 0; i < width; i += 16) L::Load(values + i).Store(gathered + i);
    return;
  }
  const float both = max > row.max ? max : row.max;
  const L old_factor = Exp<V>(L::Set(row.max) - L::Set(both));
  const L new_factor = Exp<V>(L::Set(max) - L::Set(both));
  alignas(64) float sums[16];
  L::Fma(L::Set(row.sum), old_factor, L::Set(sum) * new_factor).Store(sums);
  row.max = both;
  row.sum = sums[0];
  for (int i = 0; i < width; i += 16) {
    L::Fma(L::Load(gathered + i), old_factor, L::Load(values + i) * new_factor).Store(gathered + i);
  }
}

template <class V>
void Attention(const AttentionArgs& a) {
  using L = Lanes16<V>;
  const int width = (a.value_dim + 15) / 16 * 16;
  float* keys = a.scratch;
  float* values = keys + kTile * a.head_dim;
  float* score_rows = values + kTile * width;
  float* tile_rows = score_rows + kMaxAttentionRows * kTile;
  float* gathered_rows = tile_rows + kMaxAttentionRows * width;
  float* scores[kMaxAttentionRows];
  float* tile_values[kMaxAttentionRows];
  RowState state[kMaxAttentionRows];
  for (int r = 0; r < a.rows; ++r) {
    scores[r] = score_rows + r * kTile;
    tile_values[r] = tile_rows + r * width;
    state[r] = {0.0f, 0.0f, false};
  }
  // Few rows widen binary16 as they use it; for many it is done once, into memory.
  const bool halves = a.format == KvFormat::kF16 && width == a.value_dim && a.rows <= 2 * V::kBlockRows;
  const auto first_visible = [&](int r) {
    return a.window == 0 || a.position[r] < a.window ? 0 : a.position[r] - a.window + 1;
  };
  const uint32_t last_tile = a.position[a.rows - 1] / kTile;
  for (uint32_t tile = first_visible(0) / kTile; tile <= last_tile; ++tile) {
    const uint32_t start = tile * kTile;
    // Rows are ordered by position, so those that see something of this tile are neighbours.
    int begin = 0;
    while (a.position[begin] < start) ++begin;
    int end = begin;
    while (end < a.rows && first_visible(end) < start + kTile) ++end;
    if (begin == end) continue;
    if (halves) {
      Multiply<V>(a.query + begin, end - begin, a.head_dim, reinterpret_cast<const uint16_t*>(a.key_pages[tile]), kTile,
                  scores + begin);
    } else {
      Multiply<V>(a.query + begin, end - begin, a.head_dim, KeysOf<V>(a, tile, keys), kTile, scores + begin);
    }
    float max[kMaxAttentionRows];
    float sum[kMaxAttentionRows];
    int seen = 0;  // positions behind the last visible one have weight 0 in every row: they add nothing
    for (int r = begin; r < end; ++r) {
      const uint32_t from = first_visible(r) > start ? first_visible(r) - start : 0;
      const uint32_t to = a.position[r] + 1 - start < kTile ? a.position[r] + 1 - start : kTile;
      Weights<V>(scores[r], static_cast<int>(from), static_cast<int>(to), a.scale, a.softcap, &max[r], &sum[r]);
      seen = static_cast<int>(to) > seen ? static_cast<int>(to) : seen;
    }
    if (halves) {
      Multiply<V>(scores + begin, end - begin, seen, reinterpret_cast<const uint16_t*>(a.value_pages[tile]), width,
                  tile_values + begin);
    } else {
      Multiply<V>(scores + begin, end - begin, seen, ValuesOf<V>(a, tile, width, values), width, tile_values + begin);
    }
    for (int r = begin; r < end; ++r) {
      Merge<V>(max[r], sum[r], tile_values[r], width, state[r], gathered_rows + r * width);
    }
  }
  for (int r = 0; r < a.rows; ++r) {
    const L inverse = L::Set(1.0f) / L::Set(state[r].sum);
    for (int i = 0; i < a.value_dim; i += 16) {
      // Adding zero turns -0 into +0: a sum's sign of zero must not tell how many hidden positions were passed.
      const L value = L::Load(gathered_rows + r * width + i) * inverse + L::Set(0.0f);
      value.StoreFirst(a.out[r] + i, LanesLeft(a.value_dim, i));
    }
  }
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
template <class V>
void StoreInt8(const float* x, int n, int8_t* out, uint16_t* scales) {
  for (int block = 0; block < n / 32; ++block) {
    const float* v = x + block * 32;
    float max = 0.0f;
    for (int i = 0; i < 32; ++i) {
      const float size = v[i] < 0.0f ? -v[i] : v[i];
      // Written so that NaN wins.
      if (!(size <= max)) max = size;
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

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ATTENTION_H_
