#include "kernels/spec/quantize.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "kernels/spec/float_formats.h"
#include "kernels/spec/quantize_k.h"

namespace candor::spec {
namespace {

void Put16(uint16_t bits, std::byte* out) { std::memcpy(out, &bits, sizeof bits); }

uint16_t Bfloat16FromFloat(float x) {
  const uint32_t bits = BitsFromFloat(x);
  const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  // Rounding up from beyond the largest bfloat16 would give infinity.
  return static_cast<uint16_t>((rounded & 0x7fffu) == 0x7f80u ? rounded - 1 : rounded);
}

// The nearest integer, ties away from zero. |x| < 2^23: the fraction is exact. (Adding a half and cutting off would
// round the largest number below a half up.)
int RoundAway(float x) {
  const float size = x < 0.0f ? -x : x;
  const int whole = static_cast<int>(size);
  const int nearest = whole + (size - static_cast<float>(whole) >= 0.5f ? 1 : 0);
  return x < 0.0f ? -nearest : nearest;
}

void EncodeQ8_0(const float* x, std::byte* out) {
  float max = 0.0f;
  for (int i = 0; i < 32; ++i) {
    const float size = x[i] < 0.0f ? -x[i] : x[i];
    max = size > max ? size : max;
  }
  const float scale = max / 127.0f;
  Put16(HalfFromFloat(scale), out);
  // A scale of zero, or so small that its inverse is infinite, is zero as binary16: the integers do not matter.
  const float inverse = scale > 0x1p-127f ? 1.0f / scale : 0.0f;
  for (int i = 0; i < 32; ++i) out[2 + i] = static_cast<std::byte>(RoundAway(x[i] * inverse));
}

}  // namespace

void EncodeRow(TensorType type, const float* x, size_t n, std::byte* out) {
  const TensorTypeInfo& info = InfoOf(type);
  CHECK(n % info.block_values == 0);
  const auto each = [&](auto encode) {
    for (size_t i = 0; i < n; i += info.block_values, out += info.block_bytes) encode(x + i, out);
  };
  switch (type) {
    case TensorType::kF32:
      std::memcpy(out, x, n * sizeof(float));
      return;
    case TensorType::kF16:
      return each([](const float* value, std::byte* to) { Put16(HalfFromFloat(*value), to); });
    case TensorType::kBF16:
      return each([](const float* value, std::byte* to) { Put16(Bfloat16FromFloat(*value), to); });
    case TensorType::kQ8_0:
      return each(EncodeQ8_0);
    case TensorType::kQ4_K:
      return each(EncodeQ4K);
    case TensorType::kQ6_K:
      return each(EncodeQ6K);
    default:
      CHECK(!"a type that rows are encoded in");
  }
}

}  // namespace candor::spec
