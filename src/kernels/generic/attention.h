// Attention over pages of 64 positions. The order is normative: docs/numerics.md, "Attention".
#ifndef CANDOR_KERNELS_GENERIC_ATTENTION_H_
#define CANDOR_KERNELS_GENERIC_ATTENTION_H_

#include "kernels/generic/attention_values.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/kv_page.h"
#include "kernels/generic/rows_times_matrix.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

// What the rows have gathered so far, but for the values.
struct RowStates {
  alignas(64) float max[kMaxAttentionRows];  // -infinity before a row's first tile
  alignas(64) float sum[kMaxAttentionRows];
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

// Joins a tile's maxima and sums to its rows', and finds the factors for the values. A row's first tile is joined to
// the maximum -infinity and to zeros, with factors 0 and 1: it is taken as it is.
template <class V>
void Join(AttentionTile& tile, RowStates& rows) {
  using L = Lanes16<V>;
  for (int i = tile.begin / 16 * 16; i < tile.end; i += 16) {
    const L max = L::Load(rows.max + i);
    const L sum = L::Load(rows.sum + i);
    const L tile_max = L::Load(tile.max + i);
    const L both = L::Max(tile_max, max);
    const L old_factor = Exp<V>(max - both);
    const L new_factor = Exp<V>(tile_max - both);
    const L joined = L::Fma(sum, old_factor, L::Load(tile.sum + i) * new_factor);
    L::SelectRange(both, i, tile.begin, tile.end, max).Store(rows.max + i);
    L::SelectRange(joined, i, tile.begin, tile.end, sum).Store(rows.sum + i);
    old_factor.Store(tile.old_factor + i);
    new_factor.Store(tile.new_factor + i);
  }
}

template <class V, class Values>
void AttentionWith(const AttentionArgs& a) {
  using L = Lanes16<V>;
  float* key_floats = a.scratch;
  float* score_rows = key_floats + kTile * a.head_dim;
  Values values(a, score_rows + kMaxAttentionRows * kTile);
  float* scores[kMaxAttentionRows];
  for (int r = 0; r < a.rows; ++r) scores[r] = score_rows + r * kTile;
  RowStates rows = {};
  for (float& max : rows.max) max = -__builtin_inff();
  AttentionTile tile = {};
  // Few rows widen binary16 as they use it; for many it is done once, into memory.
  const bool few = a.type == KvType::kF16 && a.rows <= 2 * V::kBlockRows;
  const auto first_visible = [&](int r) {
    return a.window == 0 || a.position[r] < a.window ? 0 : a.position[r] - a.window + 1;
  };
  const uint32_t last_tile = a.position[a.rows - 1] / kTile;
  for (uint32_t index = first_visible(0) / kTile; index <= last_tile; ++index) {
    const uint32_t start = index * kTile;
    // Rows are ordered by position, so those that see something of this tile are neighbours.
    while (a.position[tile.begin] < start) ++tile.begin;
    tile.end = tile.begin;
    while (tile.end < a.rows && first_visible(tile.end) < start + kTile) ++tile.end;
    if (tile.begin == tile.end) continue;
    tile.page = a.pages[index];
    const std::byte* key_page = tile.page + a.keys;
    const int count = tile.end - tile.begin;
    if (few && !Values::kNeedsKeys) {
      const MatrixView<uint16_t> keys{reinterpret_cast<const uint16_t*>(key_page), kTile, kTile};
      Multiply<V>(a.query + tile.begin, count, a.head_dim, keys, scores + tile.begin);
    } else {
      tile.keys = KeysOf<V>(key_page, a.head_dim, a.type, key_floats);
      const MatrixView<float> keys{tile.keys, kTile, kTile};
      Multiply<V>(a.query + tile.begin, count, a.head_dim, keys, scores + tile.begin);
    }
    tile.seen = 0;
    for (int r = tile.begin; r < tile.end; ++r) {
      const uint32_t from = first_visible(r) > start ? first_visible(r) - start : 0;
      const uint32_t to = a.position[r] + 1 - start < kTile ? a.position[r] + 1 - start : kTile;
      Weights<V>(scores[r], static_cast<int>(from), static_cast<int>(to), a.scale, a.softcap, &tile.max[r],
                 &tile.sum[r]);
      tile.seen = static_cast<int>(to) > tile.seen ? static_cast<int>(to) : tile.seen;
    }
    Join<V>(tile, rows);
    values.Add(tile, scores, few);
  }
  tile.begin = 0;
  tile.end = a.rows;
  for (float& keep : tile.old_factor) keep = 1.0f;
  if (a.sinks) {
    // A sink is a last tile of one position, without a value.
    for (int r = 0; r < a.rows; ++r) {
      tile.max[r] = a.sinks[r];
      tile.sum[r] = 1.0f;
    }
    Join<V>(tile, rows);
  }
  for (int r = 0; r < a.rows; r += 16) (L::Set(1.0f) / L::Load(rows.sum + r)).Store(rows.sum + r);
  values.Finish(tile.old_factor, rows.sum);
}

template <class V>
void Attention(const AttentionArgs& a) {
  if (a.values_in_keys) return AttentionWith<V, ValuesInKeys<V>>(a);
  AttentionWith<V, PagedValues<V>>(a);
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ATTENTION_H_
