// Rows of a weight on their way from a file to a packed matrix: found in a tensor's piece, decoded, encoded.
#ifndef CANDOR_MODEL_WEIGHT_ROWS_H_
#define CANDOR_MODEL_WEIGHT_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/tensor_type.h"

namespace candor {

// The scales of a tensor in F8_E4M3: one for each kFp8Block by kFp8Block values, as float32 [rows / 128][columns / 128]
// (rounded up).
struct Fp8Scales {
  std::vector<float> values;
  uint64_t columns = 0;  // of the scales
  // For the tensor's row `row`: one for each kFp8Block columns.
  const float* Row(uint64_t row) const;
};

// Some rows of a tensor, as its type stores them.
struct TensorRows {
  TensorType type = TensorType::kF32;
  const std::byte* bytes = nullptr;  // of row `first`
  size_t row_bytes = 0;
  uint64_t first = 0;
  uint64_t count = 0;
  uint64_t columns = 0;
  const Fp8Scales* fp8_scales = nullptr;   // kF8_E4M3
  const std::byte* e8m0_scales = nullptr;  // kMXFP4 whose blocks are without scales, as gpt-oss stores them: of row 0

  const std::byte* Row(uint64_t row) const { return bytes + (row - first) * row_bytes; }
};

// Row `row` as float32, each value rounded once, into `columns` values.
void DecodeRow(const TensorRows& rows, uint64_t row, float* out);

// Row `row` of a tensor in MXFP4 as gpt-oss stores it, in GGUF's blocks: a scale, then 16 bytes whose low halves are
// the first 16 values. `out` has columns / 32 * 17 bytes.
void JoinMxfp4Row(const TensorRows& rows, uint64_t row, std::byte* out);

// What a weight of `columns` inputs is kept as when `quantize` is asked for: that type where its blocks divide the
// columns, Q8_0 where only its shorter ones do, and `type` itself otherwise, as for every type that is quantised
// already.
TensorType QuantizedType(TensorType type, TensorType quantize, uint64_t columns);

}  // namespace candor

#endif  // CANDOR_MODEL_WEIGHT_ROWS_H_
