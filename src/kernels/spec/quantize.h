// Floats to the blocks of a quantised format: what `--quantize` does to the weights of a file while it is loaded.
//
// The same floats give the same bytes on every machine: plain float arithmetic in a fixed order, no libm. Each row is
// on its own, so that any number of threads may encode rows.
#ifndef CANDOR_KERNELS_SPEC_QUANTIZE_H_
#define CANDOR_KERNELS_SPEC_QUANTIZE_H_

#include <cstddef>

#include "kernels/tensor_type.h"

namespace candor::spec {

// Encodes `n` finite floats, a multiple of the type's block, in the file's layout of `type` (kernels/spec/blocks.h): to
// n / block_values * block_bytes bytes at `out`.
//   kF32          as they are
//   kF16, kBF16   rounded to the nearest, ties to even; beyond the largest finite number, that number
//   kQ8_0         scale max|x| / 127 and integers x / scale rounded to the nearest, ties away from zero: the format's
//                 published rule
//   kQ4_K, kQ6_K  scales, minima and integers that a search finds to make the sum of squared errors small
//                 (kernels/spec/quantize_k.h)
void EncodeRow(TensorType type, const float* x, size_t n, std::byte* out);

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_QUANTIZE_H_
