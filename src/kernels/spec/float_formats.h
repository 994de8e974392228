// The scalar definition of the small float formats: bit patterns to float32 and back. Every kernel agrees with these.
//
// `static inline`: the instruction-set objects include this header too, and a shared inline symbol compiled with their
// flags must never be linked into the rest of the program.
#ifndef CANDOR_KERNELS_SPEC_FLOAT_FORMATS_H_
#define CANDOR_KERNELS_SPEC_FLOAT_FORMATS_H_

#include <stdint.h>
#include <string.h>

namespace candor::spec {

static inline float FloatFromBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t BitsFromFloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// IEEE 754 binary16, exact. NaNs become quiet, as the hardware conversion makes them.
static inline float FloatFromHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 31) return FloatFromBits(sign | 0x7f800000u | (fraction ? 0x400000u | fraction << 13 : 0u));
  if (exponent != 0) return FloatFromBits(sign | (exponent + 112) << 23 | fraction << 13);
  // Subnormal: fraction * 2^-24, exact in float32.
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return FloatFromBits(sign | BitsFromFloat(magnitude));
}

// float32 to binary16, round to nearest even; beyond the largest finite half, that half (keys and values saturate). A
// NaN stays one, made quiet, with the upper bits of its payload, as the hardware conversion does it.
static inline uint16_t HalfFromFloat(float value) {
  const uint32_t bits = BitsFromFloat(value);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
  if (magnitude >= 0x477fe000u) return static_cast<uint16_t>(sign | 0x7bffu);  // 65504 and more
  if (magnitude < 0x38800000u) {
    // Below 2^-14: adding 1/2 puts the last bit of the half at the last bit of the float, rounding on the way.
    const float shifted = FloatFromBits(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (BitsFromFloat(shifted) - 0x3f000000u));
  }
  const uint32_t odd = magnitude >> 13 & 1u;
  const uint32_t half = (magnitude + 0xfffu + odd - (112u << 23)) >> 13;
  return static_cast<uint16_t>(sign | (half > 0x7bffu ? 0x7bffu : half));
}

// bfloat16: the upper half of a float32, exact.
static inline float FloatFromBfloat16(uint16_t bits) { return FloatFromBits(static_cast<uint32_t>(bits) << 16); }

// FP8 E4M3 (OCP 8-bit Floating Point Specification 1.0): sign, 4 bits of exponent with bias 7, 3 of fraction; subnormal
// numbers, no infinities, and one NaN of each sign, where all other bits are set. The largest number is 448. Exact.
inline constexpr float kLargestE4M3 = 448.0f;
static inline bool IsNanE4M3(uint8_t code) { return (code & 0x7fu) == 0x7fu; }
static inline float FloatFromE4M3(uint8_t code) {
  const uint32_t sign = static_cast<uint32_t>(code & 0x80u) << 24;
  const uint32_t exponent = (code >> 3) & 15u;
  const uint32_t fraction = code & 7u;
  if (IsNanE4M3(code)) return FloatFromBits(sign | 0x7fc00000u);
  if (exponent != 0) return FloatFromBits(sign | (exponent + 120) << 23 | fraction << 20);
  return FloatFromBits(sign | BitsFromFloat(static_cast<float>(fraction) * 0x1p-9f));
}

// E8M0, the scale of the OCP microscaling formats: 2^(code - 127), here halved, because the values of MXFP4 are stored
// doubled as integers. 255 is NaN and refused when weights are packed.
static inline float HalvedFloatFromE8M0(uint8_t code) {
  if (code >= 2) return FloatFromBits(static_cast<uint32_t>(code - 1) << 23);
  return FloatFromBits(0x200000u << code);  // 2^-128 and 2^-127 are subnormal
}

// The sixteen values of FP4 (E2M1), doubled, by code: OCP Microscaling Formats 1.0, section 5.3.3.
inline constexpr int8_t kFp4DoubledValues[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The sixteen values of the non-linear 4-bit formats IQ4_NL and IQ4_XS, by code: GGUF's published table.
inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

}  // namespace candor::spec

#endif  // CANDOR_KERNELS_SPEC_FLOAT_FORMATS_H_
