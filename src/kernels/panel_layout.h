// Where the parts of a packed weight matrix lie: the bytes between PackedMatrix and the kernels.
//
// A panel is 16 rows, all columns. Along the columns it is a sequence of units: 32 columns for the simple formats, 256
// for the K-quants and IQ4_XS, 128 for FP8, 1 for the other float formats. A unit's parts keep the file's own widths,
// so that a packed matrix is as large as the tensor in the file; only their order differs.
//
// Integer codes (the file's values plus an offset, so that they are not negative) go by chunks: chunk c of a block of
// 32 columns is 16 rows by columns 4c..4c+3, with row r's four codes in dword r. So one dot-product instruction takes
// a chunk and four activations, and its lanes are rows.
//   nibbles     64 dwords: dword 16c + r (c < 4) holds the low four bits of chunk c in its low nibbles and of chunk
//               c + 4 in its high nibbles
//   high bits   16 dwords: bit c of each byte of dword r is the top bit of chunk c
//   pairs       2 x 16 dwords: bits 2i, 2i+1 of each byte of dword 16h + r are two bits of chunk 4h + i
//   bytes       128 dwords: chunk by chunk, 8-bit codes
// Scales are 16 at a time, one a row.
#ifndef CANDOR_KERNELS_PANEL_LAYOUT_H_
#define CANDOR_KERNELS_PANEL_LAYOUT_H_

#include <stddef.h>

#include "kernels/tensor_type.h"

namespace candor::panel {

inline constexpr int kRows = 16;
inline constexpr size_t kNibbles = 256;    // bytes of a block's nibbles
inline constexpr size_t kHighBits = 64;    // bytes of a block's high bits
inline constexpr size_t kPairs = 128;      // bytes of a block's two-bit pairs
inline constexpr size_t kBytes = 512;      // bytes of a block's 8-bit codes
inline constexpr size_t kHalfScales = 32;  // one binary16 a row

// Simple formats: codes, then the scale d, then the minimum m where there is one.
inline constexpr size_t kQ4Halves = kNibbles;  // Q4_0, Q4_1, IQ4_NL
inline constexpr size_t kQ4_0Unit = kQ4Halves + kHalfScales;
inline constexpr size_t kQ4_1Unit = kQ4Halves + 2 * kHalfScales;
inline constexpr size_t kQ5High = kNibbles;  // Q5_0, Q5_1
inline constexpr size_t kQ5Halves = kQ5High + kHighBits;
inline constexpr size_t kQ5_0Unit = kQ5Halves + kHalfScales;
inline constexpr size_t kQ5_1Unit = kQ5Halves + 2 * kHalfScales;
inline constexpr size_t kQ8_0Halves = kBytes;
inline constexpr size_t kQ8_0Unit = kQ8_0Halves + kHalfScales;
inline constexpr size_t kMxfp4Scales = kNibbles;  // one E8M0 byte a row
inline constexpr size_t kMxfp4Unit = kMxfp4Scales + kRows;

// Q4_K and Q5_K: nibbles of 8 blocks, (Q5_K: high bits of 8 blocks), then the 6-bit scales and minima: bytes [8][16]
// with the scale's low nibble low and the minimum's high; one dword a row with the two high bits of the scale of block
// i at bit 2i and of the minimum at bit 16 + 2i; d; dmin.
inline constexpr size_t kScales6High = 8 * kRows;  // from the beginning of the scales
inline constexpr size_t kScales6Halves = kScales6High + 4 * kRows;
inline constexpr size_t kQ4_KScales = 8 * kNibbles;
inline constexpr size_t kQ4_KUnit = kQ4_KScales + kScales6Halves + 2 * kHalfScales;
inline constexpr size_t kQ5_KHigh = 8 * kNibbles;
inline constexpr size_t kQ5_KScales = kQ5_KHigh + 8 * kHighBits;
inline constexpr size_t kQ5_KUnit = kQ5_KScales + kScales6Halves + 2 * kHalfScales;

// Q6_K: nibbles, pairs (the two high bits), int8 scales [16][16] (two to a block), d.
inline constexpr size_t kQ6_KPairs = 8 * kNibbles;
inline constexpr size_t kQ6_KScales = kQ6_KPairs + 8 * kPairs;
inline constexpr size_t kQ6_KHalves = kQ6_KScales + 16 * kRows;
inline constexpr size_t kQ6_KUnit = kQ6_KHalves + kHalfScales;

// Q2_K: pairs, bytes [16][16] with the scale low and the minimum high, d, dmin.
inline constexpr size_t kQ2_KScales = 8 * kPairs;
inline constexpr size_t kQ2_KHalves = kQ2_KScales + 16 * kRows;
inline constexpr size_t kQ2_KUnit = kQ2_KHalves + 2 * kHalfScales;

// Q3_K: pairs, high bits, 6-bit scales: bytes [8][16] with the low nibbles of a block's two scales; one dword a row
// with their high bits at 4i and 4i + 2; d.
inline constexpr size_t kQ3_KHigh = 8 * kPairs;
inline constexpr size_t kQ3_KScales = kQ3_KHigh + 8 * kHighBits;
inline constexpr size_t kQ3_KUnit = kQ3_KScales + kScales6Halves + kHalfScales;

// IQ4_XS: nibbles, 6-bit scales: bytes [4][16] with the low nibbles of two blocks' scales; 16 bits a row with the high
// bits of block i at 2i; d.
inline constexpr size_t kIQ4_XSScales = 8 * kNibbles;
inline constexpr size_t kIQ4_XSHigh = kIQ4_XSScales + 4 * kRows;
inline constexpr size_t kIQ4_XSHalves = kIQ4_XSHigh + 2 * kRows;
inline constexpr size_t kIQ4_XSUnit = kIQ4_XSHalves + kHalfScales;

// F8_E4M3: chunks as above, chunk c at 64 c (the code of column k and row r at k / 4 * 64 + 4 r + k % 4), then a
// float32 scale a row. The last unit of a panel is as large as the others: columns behind the matrix's have zero codes.
inline constexpr int kFp8Columns = 128;
inline constexpr size_t kFp8Scales = size_t{kFp8Columns} * kRows;
inline constexpr size_t kFp8Unit = kFp8Scales + 4 * kRows;

// Columns and bytes of a unit of each computed type.
struct Unit {
  int columns;
  size_t bytes;
};
constexpr Unit UnitOf(TensorType type) {
  switch (type) {
    case TensorType::kF32:
      return {1, 64};
    case TensorType::kF16:
    case TensorType::kBF16:
      return {1, 32};
    case TensorType::kF8_E4M3:
      return {kFp8Columns, kFp8Unit};
    case TensorType::kQ4_0:
    case TensorType::kIQ4_NL:
      return {32, kQ4_0Unit};
    case TensorType::kQ4_1:
      return {32, kQ4_1Unit};
    case TensorType::kQ5_0:
      return {32, kQ5_0Unit};
    case TensorType::kQ5_1:
      return {32, kQ5_1Unit};
    case TensorType::kQ8_0:
      return {32, kQ8_0Unit};
    case TensorType::kMXFP4:
      return {32, kMxfp4Unit};
    case TensorType::kQ2_K:
      return {256, kQ2_KUnit};
    case TensorType::kQ3_K:
      return {256, kQ3_KUnit};
    case TensorType::kQ4_K:
      return {256, kQ4_KUnit};
    case TensorType::kQ5_K:
      return {256, kQ5_KUnit};
    case TensorType::kQ6_K:
      return {256, kQ6_KUnit};
    case TensorType::kIQ4_XS:
      return {256, kIQ4_XSUnit};
    default:
      return {0, 0};
  }
}

}  // namespace candor::panel

#endif  // CANDOR_KERNELS_PANEL_LAYOUT_H_
