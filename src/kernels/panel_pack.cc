#include "kernels/panel_pack.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kernels/panel_layout.h"
#include "kernels/spec/float_formats.h"

namespace candor::panel {
namespace {

constexpr uint32_t kNibbleMask = 0x0f0f0f0f;
constexpr uint32_t kPairMask = 0x03030303;
constexpr uint32_t kBitMask = 0x01010101;

// Typed access to one row's ("lane") places in a unit; panels are bytes, so everything goes through memcpy.
struct Lane {
  std::byte* unit;
  int lane;

  void PutDword(size_t offset, int index, uint32_t value) const {
    std::memcpy(unit + offset + size_t(index * kRows + lane) * 4, &value, 4);
  }
  uint32_t Dword(size_t offset, int index) const {
    uint32_t value;
    std::memcpy(&value, unit + offset + size_t(index * kRows + lane) * 4, 4);
    return value;
  }
  void PutWord(size_t offset, int index, uint16_t value) const {
    std::memcpy(unit + offset + size_t(index * kRows + lane) * 2, &value, 2);
  }
  uint16_t Word(size_t offset, int index) const {
    uint16_t value;
    std::memcpy(&value, unit + offset + size_t(index * kRows + lane) * 2, 2);
    return value;
  }
  void PutByte(size_t offset, int index, int value) const {
    unit[offset + size_t(index * kRows + lane)] = static_cast<std::byte>(value);
  }
  int Byte(size_t offset, int index) const { return std::to_integer<int>(unit[offset + size_t(index * kRows + lane)]); }
  void PutHalf(size_t offset, int index, float value) const { PutWord(offset, index, spec::HalfFromFloat(value)); }
  float Half(size_t offset, int index) const { return spec::FloatFromHalf(Word(offset, index)); }
};

// ---- Codes of a block of 32 columns: eight dwords of four codes.

void PutNibbles(const Lane& to, size_t offset, const uint32_t* codes) {
  for (int c = 0; c < 4; ++c) to.PutDword(offset, c, (codes[c] & kNibbleMask) | (codes[c + 4] & kNibbleMask) << 4);
}
void GetNibbles(const Lane& from, size_t offset, uint32_t* codes) {
  for (int c = 0; c < 4; ++c) {
    const uint32_t dword = from.Dword(offset, c);
    codes[c] = dword & kNibbleMask;
    codes[c + 4] = dword >> 4 & kNibbleMask;
  }
}

void PutHighBits(const Lane& to, size_t offset, int shift, const uint32_t* codes) {
  uint32_t bits = 0;
  for (int c = 0; c < 8; ++c) bits |= (codes[c] >> shift & kBitMask) << c;
  to.PutDword(offset, 0, bits);
}
void GetHighBits(const Lane& from, size_t offset, int shift, uint32_t* codes) {
  const uint32_t bits = from.Dword(offset, 0);
  for (int c = 0; c < 8; ++c) codes[c] |= (bits >> c & kBitMask) << shift;
}

void PutPairs(const Lane& to, size_t offset, int shift, const uint32_t* codes) {
  for (int h = 0; h < 2; ++h) {
    uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) bits |= (codes[4 * h + i] >> shift & kPairMask) << (2 * i);
    to.PutDword(offset, h, bits);
  }
}
void GetPairs(const Lane& from, size_t offset, int shift, uint32_t* codes) {
  for (int h = 0; h < 2; ++h) {
    const uint32_t bits = from.Dword(offset, h);
    for (int i = 0; i < 4; ++i) codes[4 * h + i] |= (bits >> (2 * i) & kPairMask) << shift;
  }
}

// ---- Scales of a unit of 256 columns.

void PutScales6(const Lane& to, size_t offset, const spec::DecodedBlock& block) {
  uint32_t high = 0;
  for (int j = 0; j < 8; ++j) {
    const int scale = block.scale[2 * j];
    const int minimum = block.minimum[2 * j];
    to.PutByte(offset, j, (scale & 15) | (minimum & 15) << 4);
    high |= static_cast<uint32_t>(scale >> 4) << (2 * j) | static_cast<uint32_t>(minimum >> 4) << (16 + 2 * j);
  }
  to.PutDword(offset + kScales6High, 0, high);
  to.PutHalf(offset + kScales6Halves, 0, block.d);
  to.PutHalf(offset + kScales6Halves, 1, block.dmin);
}
void GetScales6(const Lane& from, size_t offset, spec::DecodedBlock& block) {
  const uint32_t high = from.Dword(offset + kScales6High, 0);
  for (int j = 0; j < 8; ++j) {
    const int low = from.Byte(offset, j);
    const int scale = (low & 15) | static_cast<int>(high >> (2 * j) & 3) << 4;
    const int minimum = low >> 4 | static_cast<int>(high >> (16 + 2 * j) & 3) << 4;
    block.scale[2 * j] = block.scale[2 * j + 1] = static_cast<int16_t>(scale);
    block.minimum[2 * j] = block.minimum[2 * j + 1] = static_cast<uint8_t>(minimum);
  }
  block.d = from.Half(offset + kScales6Halves, 0);
  block.dmin = from.Half(offset + kScales6Halves, 1);
}

void PutUnit(TensorType type, const Lane& to, const spec::DecodedBlock& block) {
  const int blocks = block.columns / 32;
  switch (type) {
    case TensorType::kQ4_0:
    case TensorType::kIQ4_NL:
      PutNibbles(to, 0, block.codes);
      to.PutHalf(kQ4Halves, 0, block.d);
      return;
    case TensorType::kMXFP4:
      PutNibbles(to, 0, block.codes);
      return;  // the scale byte is copied by the caller, which has the file's
    case TensorType::kQ4_1:
      PutNibbles(to, 0, block.codes);
      to.PutHalf(kQ4Halves, 0, block.d);
      to.PutHalf(kQ4Halves, 1, -block.dmin);
      return;
    case TensorType::kQ5_0:
      PutNibbles(to, 0, block.codes);
      PutHighBits(to, kQ5High, 4, block.codes);
      to.PutHalf(kQ5Halves, 0, block.d);
      return;
    case TensorType::kQ5_1:
      PutNibbles(to, 0, block.codes);
      PutHighBits(to, kQ5High, 4, block.codes);
      to.PutHalf(kQ5Halves, 0, block.d);
      to.PutHalf(kQ5Halves, 1, -block.dmin);
      return;
    case TensorType::kQ8_0:
      for (int c = 0; c < 8; ++c) to.PutDword(0, c, block.codes[c]);
      to.PutHalf(kQ8_0Halves, 0, block.d);
      return;
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      for (int j = 0; j < blocks; ++j) {
        PutNibbles(to, j * kNibbles, block.codes + 8 * j);
        if (type == TensorType::kQ5_K) PutHighBits(to, kQ5_KHigh + j * kHighBits, 4, block.codes + 8 * j);
      }
      PutScales6(to, type == TensorType::kQ5_K ? kQ5_KScales : kQ4_KScales, block);
      return;
    case TensorType::kQ6_K:
      for (int j = 0; j < blocks; ++j) {
        PutNibbles(to, j * kNibbles, block.codes + 8 * j);
        PutPairs(to, kQ6_KPairs + j * kPairs, 4, block.codes + 8 * j);
      }
      for (int i = 0; i < 16; ++i) to.PutByte(kQ6_KScales, i, block.scale[i] & 255);
      to.PutHalf(kQ6_KHalves, 0, block.d);
      return;
    case TensorType::kQ2_K:
      for (int j = 0; j < blocks; ++j) PutPairs(to, j * kPairs, 0, block.codes + 8 * j);
      for (int i = 0; i < 16; ++i) to.PutByte(kQ2_KScales, i, block.scale[i] | block.minimum[i] << 4);
      to.PutHalf(kQ2_KHalves, 0, block.d);
      to.PutHalf(kQ2_KHalves, 1, block.dmin);
      return;
    case TensorType::kQ3_K: {
      uint32_t high = 0;
      for (int j = 0; j < blocks; ++j) {
        PutPairs(to, j * kPairs, 0, block.codes + 8 * j);
        PutHighBits(to, kQ3_KHigh + j * kHighBits, 2, block.codes + 8 * j);
        const int first = block.scale[2 * j] + 32;
        const int second = block.scale[2 * j + 1] + 32;
        to.PutByte(kQ3_KScales, j, (first & 15) | (second & 15) << 4);
        high |= static_cast<uint32_t>(first >> 4 | (second >> 4) << 2) << (4 * j);
      }
      to.PutDword(kQ3_KScales + kScales6High, 0, high);
      to.PutHalf(kQ3_KScales + kScales6Halves, 0, block.d);
      return;
    }
    case TensorType::kIQ4_XS: {
      int high = 0;
      for (int j = 0; j < blocks; ++j) {
        PutNibbles(to, j * kNibbles, block.codes + 8 * j);
        const int scale = block.scale[2 * j] + 32;
        if (j % 2 == 1) {
          const int previous = block.scale[2 * j - 2] + 32;
          to.PutByte(kIQ4_XSScales, j / 2, (previous & 15) | (scale & 15) << 4);
        }
        high |= (scale >> 4) << (2 * j);
      }
      to.PutWord(kIQ4_XSHigh, 0, static_cast<uint16_t>(high));
      to.PutHalf(kIQ4_XSHalves, 0, block.d);
      return;
    }
    default:
      CHECK(!"a computed block format");
  }
}

}  // namespace

int PackBlockPanel(TensorType type, const std::byte* source, size_t row_bytes, uint32_t rows, uint32_t cols,
                   std::byte* panel) {
  const TensorTypeInfo& info = InfoOf(type);
  const Unit unit = UnitOf(type);
  const size_t units = cols / info.block_values;
  spec::DecodedBlock block;
  // Units outside, rows inside: a unit's few kilobytes stay in the first-level cache while its 16 rows are written.
  for (size_t u = 0; u < units; ++u) {
    for (uint32_t row = 0; row < rows; ++row) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(source) + row * row_bytes + u * info.block_bytes;
      spec::DecodeBlock(type, bytes, block);
      if (!block.finite) return static_cast<int>(row);
      const Lane to{panel + u * unit.bytes, static_cast<int>(row)};
      PutUnit(type, to, block);
      if (type == TensorType::kMXFP4) to.PutByte(kMxfp4Scales, 0, bytes[0]);
    }
  }
  return -1;
}

int PackFloatPanel(TensorType type, const std::byte* source, size_t row_bytes, uint32_t rows, uint32_t cols,
                   std::byte* panel) {
  for (uint32_t row = 0; row < rows; ++row) {
    const std::byte* from = source + row * row_bytes;
    const Lane to{panel, static_cast<int>(row)};
    for (uint32_t k = 0; k < cols; ++k) {
      if (type == TensorType::kF32) {
        uint32_t bits;
        std::memcpy(&bits, from + 4 * size_t{k}, 4);
        if ((bits & 0x7f800000u) == 0x7f800000u) return static_cast<int>(row);
        to.PutDword(size_t{k} * 64, 0, bits);
      } else {
        uint16_t bits;
        std::memcpy(&bits, from + 2 * size_t{k}, 2);
        const uint16_t exponent = type == TensorType::kF16 ? 0x7c00u : 0x7f80u;
        if ((bits & exponent) == exponent) return static_cast<int>(row);
        to.PutWord(size_t{k} * 32, 0, bits);
      }
    }
  }
  return -1;
}

// Where a unit of F8_E4M3 has the code of its column k.
static size_t Fp8Place(size_t k, int row) { return k / 4 * 64 + 4 * size_t(row) + k % 4; }

int PackFp8Panel(const std::byte* source, size_t row_bytes, uint32_t rows, uint32_t cols, const float* scales,
                 std::byte* panel) {
  const size_t blocks = (size_t{cols} + kFp8Columns - 1) / kFp8Columns;
  for (uint32_t first = 0; first < cols; first += kFp8Columns, panel += kFp8Unit) {
    const uint32_t columns = std::min<uint32_t>(kFp8Columns, cols - first);
    for (uint32_t row = 0; row < rows; ++row) {
      const auto* from = reinterpret_cast<const uint8_t*>(source) + row * row_bytes + first;
      bool nan = false;
      for (uint32_t k = 0; k < columns; ++k) {
        nan |= spec::IsNanE4M3(from[k]);
        panel[Fp8Place(k, static_cast<int>(row))] = static_cast<std::byte>(from[k]);
      }
      if (nan) return static_cast<int>(row);
      std::memcpy(panel + kFp8Scales + 4 * size_t{row}, scales + row * blocks + first / kFp8Columns, sizeof(float));
    }
  }
  return -1;
}

void UnpackFp8Row(const std::byte* panel, int lane, std::span<float> out) {
  for (size_t k = 0; k < out.size(); ++k) {
    const std::byte* unit = panel + k / kFp8Columns * kFp8Unit;
    float scale;
    std::memcpy(&scale, unit + kFp8Scales + 4 * lane, sizeof scale);
    out[k] = spec::FloatFromE4M3(std::to_integer<uint8_t>(unit[Fp8Place(k % kFp8Columns, lane)])) * scale;
  }
}

void UnpackBlock(TensorType type, const std::byte* unit, int lane, spec::DecodedBlock& block) {
  const Lane from{const_cast<std::byte*>(unit), lane};  // only read below
  const int blocks = UnitOf(type).columns / 32;
  block = {};
  block.columns = 32 * blocks;
  block.offset = spec::OffsetOf(type);
  block.codebook = spec::CodebookOf(type);
  block.finite = true;
  for (int16_t& scale : block.scale) scale = 1;
  switch (type) {
    case TensorType::kQ4_0:
    case TensorType::kIQ4_NL:
      GetNibbles(from, 0, block.codes);
      block.d = from.Half(kQ4Halves, 0);
      return;
    case TensorType::kMXFP4:
      GetNibbles(from, 0, block.codes);
      block.d = spec::HalvedFloatFromE8M0(static_cast<uint8_t>(from.Byte(kMxfp4Scales, 0)));
      return;
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ5_0: {
      const size_t halves = type == TensorType::kQ4_1 ? kQ4Halves : kQ5Halves;
      GetNibbles(from, 0, block.codes);
      if (type != TensorType::kQ4_1) GetHighBits(from, kQ5High, 4, block.codes);
      block.d = from.Half(halves, 0);
      if (type != TensorType::kQ5_0) {
        block.dmin = -from.Half(halves, 1);
        for (uint8_t& minimum : block.minimum) minimum = 1;
      }
      return;
    }
    case TensorType::kQ8_0:
      for (int c = 0; c < 8; ++c) block.codes[c] = from.Dword(0, c);
      block.d = from.Half(kQ8_0Halves, 0);
      return;
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      for (int j = 0; j < blocks; ++j) {
        GetNibbles(from, j * kNibbles, block.codes + 8 * j);
        if (type == TensorType::kQ5_K) GetHighBits(from, kQ5_KHigh + j * kHighBits, 4, block.codes + 8 * j);
      }
      GetScales6(from, type == TensorType::kQ5_K ? kQ5_KScales : kQ4_KScales, block);
      return;
    case TensorType::kQ6_K:
      for (int j = 0; j < blocks; ++j) {
        GetNibbles(from, j * kNibbles, block.codes + 8 * j);
        GetPairs(from, kQ6_KPairs + j * kPairs, 4, block.codes + 8 * j);
      }
      for (int i = 0; i < 16; ++i) block.scale[i] = static_cast<int8_t>(from.Byte(kQ6_KScales, i));
      block.d = from.Half(kQ6_KHalves, 0);
      return;
    case TensorType::kQ2_K:
      for (int j = 0; j < blocks; ++j) GetPairs(from, j * kPairs, 0, block.codes + 8 * j);
      for (int i = 0; i < 16; ++i) {
        block.scale[i] = static_cast<int16_t>(from.Byte(kQ2_KScales, i) & 15);
        block.minimum[i] = static_cast<uint8_t>(from.Byte(kQ2_KScales, i) >> 4);
      }
      block.d = from.Half(kQ2_KHalves, 0);
      block.dmin = from.Half(kQ2_KHalves, 1);
      return;
    case TensorType::kQ3_K: {
      const uint32_t high = from.Dword(kQ3_KScales + kScales6High, 0);
      for (int j = 0; j < blocks; ++j) {
        GetPairs(from, j * kPairs, 0, block.codes + 8 * j);
        GetHighBits(from, kQ3_KHigh + j * kHighBits, 2, block.codes + 8 * j);
        const int low = from.Byte(kQ3_KScales, j);
        block.scale[2 * j] = static_cast<int16_t>(((low & 15) | static_cast<int>(high >> (4 * j) & 3) << 4) - 32);
        block.scale[2 * j + 1] = static_cast<int16_t>((low >> 4 | static_cast<int>(high >> (4 * j + 2) & 3) << 4) - 32);
      }
      block.d = from.Half(kQ3_KScales + kScales6Halves, 0);
      return;
    }
    case TensorType::kIQ4_XS: {
      const int high = from.Word(kIQ4_XSHigh, 0);
      for (int j = 0; j < blocks; ++j) {
        GetNibbles(from, j * kNibbles, block.codes + 8 * j);
        const int low = from.Byte(kIQ4_XSScales, j / 2) >> (4 * (j % 2)) & 15;
        block.scale[2 * j] = block.scale[2 * j + 1] = static_cast<int16_t>((low | (high >> (2 * j) & 3) << 4) - 32);
      }
      block.d = from.Half(kIQ4_XSHalves, 0);
      return;
    }
    default:
      CHECK(!"a computed block format");
  }
}

}  // namespace candor::panel
