// Where the sums of a product go: segment by segment, then the bias (docs/numerics.md, "Products with weights").
#ifndef CANDOR_KERNELS_GENERIC_TILE_OUTPUT_H_
#define CANDOR_KERNELS_GENERIC_TILE_OUTPUT_H_

#include <stddef.h>

namespace candor {
namespace {

inline constexpr int kSegmentColumns = 4096;

// Where a tile's results go: tokens `stride` floats apart, from the rows of one vector.
struct TileOutput {
  float* out;
  size_t stride;
  const float* bias;  // of these rows, or null
};

// A segment's sums join those of the segments before it; the bias comes last.
template <class V>
void StoreSegment(typename V::Floats sum, bool first, bool last, const TileOutput& to, int token) {
  float* out = to.out + static_cast<size_t>(token) * to.stride;
  if (!first) sum = V::Add(V::Load(out), sum);
  if (last && to.bias) sum = V::Add(sum, V::Load(to.bias));
  V::Store(sum, out);
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_TILE_OUTPUT_H_
