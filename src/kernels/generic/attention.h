// Attention over pages of 64 positions. The order is normative: docs/numerics.md, "Attention".
#ifndef CANDOR_KERNELS_GENERIC_ATTENTION_H_
#define CANDOR_KERNELS_GENERIC_ATTENTION_H_

#include "kernels/generic/elementwise.h"
#include "kernels/generic/kv_page.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

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
  const bool halves = a.type == KvType::kF16 && width == a.value_dim && a.rows <= 2 * V::kBlockRows;
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
    const std::byte* key_page = a.pages[tile] + a.keys;
    const std::byte* value_page = a.pages[tile] + a.values;
    if (halves) {
      Multiply<V>(a.query + begin, end - begin, a.head_dim, reinterpret_cast<const uint16_t*>(key_page), kTile,
                  scores + begin);
    } else {
      Multiply<V>(a.query + begin, end - begin, a.head_dim, KeysOf<V>(key_page, a.head_dim, a.type, keys), kTile,
                  scores + begin);
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
      Multiply<V>(scores + begin, end - begin, seen, reinterpret_cast<const uint16_t*>(value_page), width,
                  tile_values + begin);
    } else {
      Multiply<V>(scores + begin, end - begin, seen, ValuesOf<V>(value_page, a.value_dim, width, a.type, values), width,
                  tile_values + begin);
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

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ATTENTION_H_
