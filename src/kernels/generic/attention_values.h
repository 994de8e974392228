// The weighted sums of values in attention: where values have pages of their own, and where they are the first
// dimensions of the keys. One formula (docs/numerics.md, "Attention"), two arrangements: with pages of values
// [position][dimension] lanes are dimensions; keys are [dimension][position], so that with them lanes are query rows.
#ifndef CANDOR_KERNELS_GENERIC_ATTENTION_VALUES_H_
#define CANDOR_KERNELS_GENERIC_ATTENTION_VALUES_H_

#include "kernels/generic/elementwise.h"
#include "kernels/generic/kv_page.h"
#include "kernels/generic/rows_times_matrix.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

// One tile for the rows [begin, end), which are those that see something of it.
struct AttentionTile {
  int begin, end;
  const std::byte* page;
  const float* keys;  // float32 [head_dim][64]; null where nobody needs them
  int seen;           // positions from here on have weight 0 in every row: they add nothing
  // By row: the tile's largest score and its sum of weights, and what the row's and the tile's values are multiplied
  // with when they join.
  alignas(64) float max[kMaxAttentionRows];
  alignas(64) float sum[kMaxAttentionRows];
  alignas(64) float old_factor[kMaxAttentionRows];
  alignas(64) float new_factor[kMaxAttentionRows];
};

template <class V>
class PagedValues {
 public:
  static constexpr bool kNeedsKeys = false;

  PagedValues(const AttentionArgs& args, float* scratch)
      : args_(args),
        width_((args.value_dim + 15) / 16 * 16),
        values_(scratch),
        sums_(values_ + kTile * width_),
        gathered_(sums_ + kMaxAttentionRows * width_) {
    memset(gathered_, 0, static_cast<size_t>(args.rows * width_) * sizeof(float));
  }

  // Adds a tile's weighted values; `weights` are [rows][64].
  void Add(const AttentionTile& tile, float* const* weights, bool halves) {
    using L = Lanes16<V>;
    const std::byte* page = tile.page + args_.values;
    float* sums[kMaxAttentionRows];
    for (int r = tile.begin; r < tile.end; ++r) sums[r] = sums_ + r * width_;
    const float* const* rows = weights + tile.begin;
    const int count = tile.end - tile.begin;
    if (halves && width_ == args_.value_dim) {
      const MatrixView<uint16_t> values{reinterpret_cast<const uint16_t*>(page), width_, width_};
      Multiply<V>(rows, count, tile.seen, values, sums + tile.begin);
    } else {
      const MatrixView<float> values{ValuesOf<V>(page, args_.value_dim, width_, args_.type, values_), width_, width_};
      Multiply<V>(rows, count, tile.seen, values, sums + tile.begin);
    }
    for (int r = tile.begin; r < tile.end; ++r) {
      const L old_factor = L::Set(tile.old_factor[r]);
      const L new_factor = L::Set(tile.new_factor[r]);
      float* gathered = gathered_ + r * width_;
      for (int i = 0; i < width_; i += 16) {
        L::Fma(L::Load(gathered + i), old_factor, L::Load(sums[r] + i) * new_factor).Store(gathered + i);
      }
    }
  }

  // out = (values * keep) * inverse + 0, where `keep` and `inverse` are by row.
  void Finish(const float* keep, const float* inverse) const {
    using L = Lanes16<V>;
    for (int r = 0; r < args_.rows; ++r) {
      for (int i = 0; i < args_.value_dim; i += 16) {
        const L value = L::Load(gathered_ + r * width_ + i) * L::Set(keep[r]) * L::Set(inverse[r]) + L::Set(0.0f);
        value.StoreFirst(args_.out[r] + i, LanesLeft(args_.value_dim, i));
      }
    }
  }

 private:
  const AttentionArgs& args_;
  int width_;
  float* values_;    // [64][width]
  float* sums_;      // [rows][width], of one tile
  float* gathered_;  // [rows][width]
};

template <class V>
class ValuesInKeys {
 public:
  static constexpr bool kNeedsKeys = true;

  ValuesInKeys(const AttentionArgs& args, float* scratch)
      : args_(args),
        lanes_((args.rows + 15) / 16 * 16),
        weights_(scratch),
        gathered_(weights_ + kTile * kMaxAttentionRows) {
    memset(gathered_, 0, static_cast<size_t>(args.value_dim * lanes_) * sizeof(float));
  }

  void Add(const AttentionTile& tile, float* const* weights, bool) {
    using L = Lanes16<V>;
    for (int p = 0; p < tile.seen; ++p) {
      for (int r = tile.begin; r < tile.end; ++r) weights_[p * lanes_ + r] = weights[r][p];
    }
    const int first = tile.begin / 16 * 16;
    const MatrixView<float> matrix{weights_ + first, (tile.end - first + 15) / 16 * 16, lanes_};
    // Rows that do not see the tile share lanes with those that do, and stay as they are.
    const auto join = [&](L sum, float* gathered, int lane) {
      const int row = first + lane;
      const L old = L::Load(gathered);
      const L joined = L::Fma(old, L::Load(tile.old_factor + row), sum * L::Load(tile.new_factor + row));
      const bool whole = tile.begin <= row && row + 16 <= tile.end;
      (whole ? joined : L::SelectRange(joined, row, tile.begin, tile.end, old)).Store(gathered);
    };
    constexpr int kDims = 16 * V::kBlockRows;
    for (int dim = 0; dim < args_.value_dim; dim += kDims) {
      const int dims = args_.value_dim - dim < kDims ? args_.value_dim - dim : kDims;
      const float* keys[kDims];
      float* gathered[kDims];
      for (int d = 0; d < dims; ++d) {
        keys[d] = tile.keys + (dim + d) * kTile;
        gathered[d] = gathered_ + (dim + d) * lanes_ + first;
      }
      Multiply<V>(keys, dims, tile.seen, matrix, gathered, join);
    }
  }

  void Finish(const float* keep, const float* inverse) const {
    using L = Lanes16<V>;
    for (int row = 0; row < args_.rows; row += 16) {
      const int rows = LanesLeft(args_.rows, row);
      for (int dim = 0; dim < args_.value_dim; dim += 16) {
        const int dims = LanesLeft(args_.value_dim, dim);
        alignas(64) float square[16][16];  // [dimension][row]
        for (int d = 0; d < dims; ++d) {
          const L values = L::Load(gathered_ + (dim + d) * lanes_ + row);
          (values * L::Load(keep + row) * L::Load(inverse + row) + L::Set(0.0f)).Store(square[d]);
        }
        for (int r = 0; r < rows; ++r) {
          for (int d = 0; d < dims; ++d) args_.out[row + r][dim + d] = square[d][r];
        }
      }
    }
  }

 private:
  const AttentionArgs& args_;
  int lanes_;        // rows, rounded up
  float* weights_;   // [64][lanes]
  float* gathered_;  // [value_dim][lanes]
};

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ATTENTION_VALUES_H_
