#include "model/weight_rows.h"

#include "base/check.h"
#include "kernels/spec/blocks.h"
#include "kernels/spec/float_formats.h"
#include "model/tensor_table.h"

namespace candor {
namespace {

constexpr size_t kMxfp4Values = 32;
constexpr size_t kMxfp4Codes = 16;  // bytes

}  // namespace

const float* Fp8Scales::Row(uint64_t row) const { return values.data() + row / kFp8Block * columns; }

void DecodeRow(const TensorRows& rows, uint64_t row, float* out) {
  const std::byte* bytes = rows.Row(row);
  const TensorTypeInfo& info = InfoOf(rows.type);
  if (IsFloatType(rows.type)) {
    for (uint64_t k = 0; k < rows.columns; ++k) out[k] = spec::FloatElement(rows.type, bytes + k * info.block_bytes);
    return;
  }
  if (rows.type == TensorType::kF8_E4M3) {
    const float* scales = rows.fp8_scales->Row(row);
    for (uint64_t k = 0; k < rows.columns; ++k) {
      out[k] = spec::FloatFromE4M3(static_cast<uint8_t>(bytes[k])) * scales[k / kFp8Block];
    }
    return;
  }
  CHECK(info.computed);
  spec::DecodedBlock block;
  for (uint64_t k = 0; k < rows.columns; k += info.block_values, bytes += info.block_bytes) {
    spec::DecodeBlock(rows.type, reinterpret_cast<const uint8_t*>(bytes), block);
    for (int i = 0; i < block.columns; ++i) out[k + static_cast<uint64_t>(i)] = spec::Value(block, i);
  }
}

void JoinMxfp4Row(const TensorRows& rows, uint64_t row, std::byte* out) {
  const uint64_t blocks = rows.columns / kMxfp4Values;
  const std::byte* codes = rows.Row(row);
  const std::byte* scales = rows.e8m0_scales + row * blocks;
  for (uint64_t b = 0; b < blocks; ++b, codes += kMxfp4Codes) {
    *out++ = scales[b];
    // The file has values 2i and 2i + 1 in byte i; a block has values i and i + 16.
    const auto value = [&](size_t i) { return codes[i / 2] >> (i % 2 * 4) & std::byte{15}; };
    for (size_t i = 0; i < kMxfp4Codes; ++i) *out++ = value(i) | value(i + kMxfp4Codes) << 4;
  }
}

TensorType QuantizedType(TensorType type, TensorType quantize, uint64_t columns) {
  if (!IsFloatType(type) && type != TensorType::kF8_E4M3) return type;
  if (columns % InfoOf(quantize).block_values == 0) return quantize;
  return columns % InfoOf(TensorType::kQ8_0).block_values == 0 ? TensorType::kQ8_0 : type;
}

}  // namespace candor
