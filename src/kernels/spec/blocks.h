// The scalar definition of the quantised formats: what the values of one block of a file are.
//
// A block of any format is decoded into unsigned codes with integer and float scales; its values follow by one formula,
// written in Value() below. Packing, the reference products and the tests all start from here.
// Source: the published GGUF block layouts; OCP Microscaling Formats 1.0 for MXFP4.
#ifndef CANDOR_KERNELS_SPEC_BLOCKS_H_
#define CANDOR_KERNELS_SPEC_BLOCKS_H_

#include <stdint.h>

#include "kernels/spec/float_formats.h"
#include "kernels/tensor_type.h"

namespace candor::spec {

// What a code of a computed block format stands for: the integer code - OffsetOf(type), or CodebookOf(type)[code]
// where that is not null.
constexpr int OffsetOf(TensorType type) {
  switch (type) {
    case TensorType::kQ3_K:
      return 4;
    case TensorType::kQ4_0:
      return 8;
    case TensorType::kQ5_0:
      return 16;
    case TensorType::kQ6_K:
      return 32;
    case TensorType::kQ8_0:
      return 128;
    default:
      return 0;
  }
}
constexpr const int8_t* CodebookOf(TensorType type) {
  if (type == TensorType::kIQ4_NL || type == TensorType::kIQ4_XS) return kIq4Values;
  return type == TensorType::kMXFP4 ? kFp4DoubledValues : nullptr;
}

// The value at `bytes` of a float type (IsFloatType), of InfoOf(type).block_bytes bytes.
float FloatElement(TensorType type, const std::byte* bytes);

// Up to 256 consecutive values of one row. Codes are kept four to a dword, in column order (the first in the low byte).
struct DecodedBlock {
  int columns;             // 32 or 256
  int offset;              // OffsetOf(type)
  const int8_t* codebook;  // CodebookOf(type): 16 entries, or null
  uint32_t codes[64];      // columns / 4 of them
  float d;                 // the block's scale
  float dmin;              // the block's scale of minima; 0 when the format has none
  int16_t scale[16];       // integer scale of each group of 16 columns; 1 for the simple formats
  uint8_t minimum[16];     // integer minimum of each group of 16. Q4_1 and Q5_1 add m: dmin = -m, minimum 1
  bool finite;             // false when d or dmin is infinite or NaN
};

// Decodes the block at `bytes`, which holds InfoOf(type).block_bytes bytes. `type` is a computed block format.
void DecodeBlock(TensorType type, const uint8_t* bytes, DecodedBlock& block);

// The integer value of column k: what is multiplied with an activation's integer.
inline int IntegerValue(const DecodedBlock& block, int k) {
  const int code = static_cast<int>(block.codes[k / 4] >> (8 * (k % 4)) & 255);
  return block.codebook ? block.codebook[code] : code - block.offset;
}

// Scale and minimum of column k, exact in float32: d * scale[k/16] and dmin * minimum[k/16].
inline float ScaleOf(const DecodedBlock& block, int k) { return block.d * static_cast<float>(block.scale[k / 16]); }
inline float MinimumOf(const DecodedBlock& block, int k) {
  return block.dmin * static_cast<float>(block.minimum[k / 16]);
}

// The value of column k, rounded once: scale * integer value - minimum.
float Value(const DecodedBlock& block, int k);

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_BLOCKS_H_
