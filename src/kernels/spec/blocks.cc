#include "kernels/spec/blocks.h"

#include <string.h>

#include <cmath>

#include "base/check.h"
#include "kernels/spec/float_formats.h"

namespace candor::spec {
namespace {

constexpr uint32_t kNibbleMask = 0x0f0f0f0f;
constexpr uint32_t kPairMask = 0x03030303;
constexpr uint32_t kBitMask = 0x01010101;

uint32_t Dword(const uint8_t* bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

uint16_t Word(const uint8_t* bytes) {
  uint16_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

float Half(const uint8_t* bytes) { return FloatFromHalf(Word(bytes)); }

// Four bits to the lowest bits of four bytes.
uint32_t SpreadBits(uint32_t four) { return (four & 1) | (four & 2) << 7 | (four & 4) << 14 | (four & 8) << 21; }

void FillScales(DecodedBlock& block, int16_t scale, uint8_t minimum) {
  for (int i = 0; i < 16; ++i) {
    block.scale[i] = scale;
    block.minimum[i] = minimum;
  }
}

// 16 bytes whose low nibbles are columns 0 to 15 and whose high nibbles are 16 to 31.
void Nibbles32(const uint8_t* bytes, uint32_t* codes) {
  for (int i = 0; i < 4; ++i) {
    const uint32_t dword = Dword(bytes + 4 * i);
    codes[i] = dword & kNibbleMask;
    codes[4 + i] = dword >> 4 & kNibbleMask;
  }
}

void AddHighBits32(uint32_t bits, uint32_t* codes) {
  for (int i = 0; i < 8; ++i) codes[i] |= SpreadBits(bits >> (4 * i) & 15) << 4;
}

// 128 bytes in four groups of 32: a group's low nibbles are 32 columns, its high nibbles the next 32.
void Nibbles256(const uint8_t* bytes, uint32_t* codes) {
  for (int group = 0; group < 4; ++group) {
    for (int i = 0; i < 8; ++i) {
      const uint32_t dword = Dword(bytes + 32 * group + 4 * i);
      codes[16 * group + i] = dword & kNibbleMask;
      codes[16 * group + 8 + i] = dword >> 4 & kNibbleMask;
    }
  }
}

// The 6-bit scales and minima of Q4_K and Q5_K: 12 bytes for 8 blocks of 32.
void Scales6(const uint8_t* s, DecodedBlock& block) {
  for (int j = 0; j < 8; ++j) {
    const int scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    const int minimum = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
    block.scale[2 * j] = block.scale[2 * j + 1] = static_cast<int16_t>(scale);
    block.minimum[2 * j] = block.minimum[2 * j + 1] = static_cast<uint8_t>(minimum);
  }
}

// 64 bytes, two groups of 32; bits 2j, 2j + 1 of byte l of group n are column 128 n + 32 j + l.
void Pairs256(const uint8_t* bytes, uint32_t* codes) {
  for (int n = 0; n < 2; ++n) {
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 8; ++i) {
        codes[32 * n + 8 * j + i] = Dword(bytes + 32 * n + 4 * i) >> (2 * j) & kPairMask;
      }
    }
  }
}

// 32 bytes; bit g of byte l is column 32 g + l.
void AddBits256(const uint8_t* bytes, int shift, uint32_t* codes) {
  for (int g = 0; g < 8; ++g) {
    for (int i = 0; i < 8; ++i) codes[8 * g + i] |= (Dword(bytes + 4 * i) >> g & kBitMask) << shift;
  }
}

void DecodeQ6K(const uint8_t* bytes, DecodedBlock& block) {
  const uint8_t* low = bytes;
  const uint8_t* high = bytes + 128;
  for (int n = 0; n < 2; ++n) {
    for (int i = 0; i < 8; ++i) {
      const uint32_t a = Dword(low + 64 * n + 4 * i);
      const uint32_t b = Dword(low + 64 * n + 32 + 4 * i);
      const uint32_t h = Dword(high + 32 * n + 4 * i);
      uint32_t* codes = block.codes + 32 * n + i;
      codes[0] = (a & kNibbleMask) | (h & kPairMask) << 4;
      codes[8] = (b & kNibbleMask) | (h >> 2 & kPairMask) << 4;
      codes[16] = (a >> 4 & kNibbleMask) | (h >> 4 & kPairMask) << 4;
      codes[24] = (b >> 4 & kNibbleMask) | (h >> 6 & kPairMask) << 4;
    }
  }
  for (int i = 0; i < 16; ++i) block.scale[i] = static_cast<int8_t>(bytes[192 + i]);
  block.d = Half(bytes + 208);
}

void DecodeQ3K(const uint8_t* bytes, DecodedBlock& block) {
  Pairs256(bytes + 32, block.codes);
  AddBits256(bytes, 2, block.codes);
  const uint8_t* s = bytes + 96;
  for (int i = 0; i < 16; ++i) {
    const int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4;
    const int high = s[8 + i % 4] >> (2 * (i / 4)) & 3;
    block.scale[i] = static_cast<int16_t>((low | high << 4) - 32);
  }
  block.d = Half(bytes + 108);
}

void DecodeIq4Xs(const uint8_t* bytes, DecodedBlock& block) {
  block.d = Half(bytes);
  const int high = Word(bytes + 2);
  for (int j = 0; j < 8; ++j) {
    Nibbles32(bytes + 8 + 16 * j, block.codes + 8 * j);
    const int scale = (bytes[4 + j / 2] >> (4 * (j % 2)) & 15) | (high >> (2 * j) & 3) << 4;
    block.scale[2 * j] = block.scale[2 * j + 1] = static_cast<int16_t>(scale - 32);
  }
}

}  // namespace

float FloatElement(TensorType type, const std::byte* bytes) {
  if (type == TensorType::kF32) {
    float value;
    memcpy(&value, bytes, sizeof value);
    return value;
  }
  uint16_t bits;
  memcpy(&bits, bytes, sizeof bits);
  return type == TensorType::kF16 ? FloatFromHalf(bits) : FloatFromBfloat16(bits);
}

void DecodeBlock(TensorType type, const uint8_t* bytes, DecodedBlock& block) {
  block.columns = static_cast<int>(InfoOf(type).block_values);
  block.offset = OffsetOf(type);
  block.codebook = CodebookOf(type);
  block.dmin = 0.0f;
  FillScales(block, 1, 0);
  switch (type) {
    case TensorType::kQ4_0:
      block.d = Half(bytes);
      Nibbles32(bytes + 2, block.codes);
      break;
    case TensorType::kQ4_1:
      block.d = Half(bytes);
      block.dmin = -Half(bytes + 2);
      FillScales(block, 1, 1);
      Nibbles32(bytes + 4, block.codes);
      break;
    case TensorType::kQ5_0:
      block.d = Half(bytes);
      Nibbles32(bytes + 6, block.codes);
      AddHighBits32(Dword(bytes + 2), block.codes);
      break;
    case TensorType::kQ5_1:
      block.d = Half(bytes);
      block.dmin = -Half(bytes + 2);
      FillScales(block, 1, 1);
      Nibbles32(bytes + 8, block.codes);
      AddHighBits32(Dword(bytes + 4), block.codes);
      break;
    case TensorType::kQ8_0:
      block.d = Half(bytes);
      for (int i = 0; i < 8; ++i) block.codes[i] = Dword(bytes + 2 + 4 * i) ^ 0x80808080u;
      break;
    case TensorType::kIQ4_NL:
      block.d = Half(bytes);
      Nibbles32(bytes + 2, block.codes);
      break;
    case TensorType::kMXFP4:
      block.d = bytes[0] == 255 ? FloatFromBits(0x7fc00000u) : HalvedFloatFromE8M0(bytes[0]);
      Nibbles32(bytes + 1, block.codes);
      break;
    case TensorType::kQ2_K:
      Pairs256(bytes + 16, block.codes);
      for (int i = 0; i < 16; ++i) {
        block.scale[i] = bytes[i] & 15;
        block.minimum[i] = bytes[i] >> 4;
      }
      block.d = Half(bytes + 80);
      block.dmin = Half(bytes + 82);
      break;
    case TensorType::kQ3_K:
      DecodeQ3K(bytes, block);
      break;
    case TensorType::kQ4_K:
      block.d = Half(bytes);
      block.dmin = Half(bytes + 2);
      Scales6(bytes + 4, block);
      Nibbles256(bytes + 16, block.codes);
      break;
    case TensorType::kQ5_K:
      block.d = Half(bytes);
      block.dmin = Half(bytes + 2);
      Scales6(bytes + 4, block);
      Nibbles256(bytes + 48, block.codes);
      AddBits256(bytes + 16, 4, block.codes);
      break;
    case TensorType::kQ6_K:
      DecodeQ6K(bytes, block);
      break;
    case TensorType::kIQ4_XS:
      DecodeIq4Xs(bytes, block);
      break;
    default:
      CHECK(!"a computed block format");
  }
  block.finite = std::isfinite(block.d) && std::isfinite(block.dmin);
}

float Value(const DecodedBlock& block, int k) {
  // The product is exact in double (19 bits of scale, 9 of integer), and so is the sum with the minimum: both are
  // multiples of 2^-48 below 2^30, but for subnormal scales, where they have even fewer bits. One rounding.
  const double scaled = static_cast<double>(ScaleOf(block, k)) * IntegerValue(block, k);
  return static_cast<float>(scaled - static_cast<double>(MinimumOf(block, k)));
}

}  // namespace candor::spec
