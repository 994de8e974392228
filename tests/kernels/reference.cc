#include "kernels/reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/spec/blocks.h"
#include "kernels/spec/float_formats.h"

namespace candor::reference {
namespace {

// The C library's is correct on every machine that the tests run on, and is not the kernels' own.
float Fma(float a, float b, float c) { return std::fma(a, b, c); }

float ScaleByPowerOfTwo(float x, float n) { return std::ldexp(x, static_cast<int>(n)); }

float Tree(std::array<float, 16> lanes) {
  for (size_t width = 8; width >= 1; width /= 2) {
    for (size_t i = 0; i < width; ++i) lanes[i] = lanes[i] + lanes[i + width];
  }
  return lanes[0];
}

bool IsFloat(TensorType type) { return InfoOf(type).block_values == 1; }

float FloatWeight(TensorType type, const uint8_t* row, size_t k) {
  if (type == TensorType::kF32) {
    float value;
    __builtin_memcpy(&value, row + 4 * k, 4);
    return value;
  }
  uint16_t bits;
  __builtin_memcpy(&bits, row + 2 * k, 2);
  return type == TensorType::kF16 ? spec::FloatFromHalf(bits) : spec::FloatFromBfloat16(bits);
}

}  // namespace

Quantized Quantize(std::span<const float> x, bool fifteen_bits) {
  const float limit = fifteen_bits ? 16256.0f : 127.0f;
  Quantized out;
  for (size_t block = 0; block < x.size(); block += 32) {
    float max = 0.0f;
    bool finite = true;
    for (float v : x.subspan(block, 32)) {
      finite = finite && std::isfinite(v);
      max = std::max(max, std::fabs(v));
    }
    if (!finite || max < 0x1p-100f) {
      out.scale.push_back(finite ? 0.0f : std::numeric_limits<float>::quiet_NaN());
      out.q.insert(out.q.end(), 32, 0);
      continue;
    }
    out.scale.push_back(max / limit);
    const float factor = limit / max;
    for (float v : x.subspan(block, 32)) out.q.push_back(static_cast<int>(std::nearbyint(v * factor)));
  }
  return out;
}

float IntegerProduct(TensorType type, const uint8_t* row, const Quantized& x) {
  const TensorTypeInfo& info = InfoOf(type);
  const bool two_scales = type == TensorType::kQ6_K || type == TensorType::kQ3_K || type == TensorType::kQ2_K;
  const bool minimum = type == TensorType::kQ4_1 || type == TensorType::kQ5_1 || type == TensorType::kQ4_K ||
                       type == TensorType::kQ5_K || type == TensorType::kQ2_K;
  float total = 0.0f;
  for (size_t segment = 0; segment < x.q.size(); segment += 4096) {
    const size_t end = std::min(x.q.size(), segment + 4096);
    float sum = 0.0f;
    for (size_t k = segment; k < end; k += 32) {
      spec::DecodedBlock block;
      spec::DecodeBlock(type, row + k / info.block_values * info.block_bytes, block);
      const int first = static_cast<int>(k % info.block_values);
      const float sx = x.scale[k / 32];
      int dot[2] = {0, 0};
      int sums[2] = {0, 0};
      for (int i = 0; i < 32; ++i) {
        const int q = x.q[k + static_cast<size_t>(i)];
        dot[i / 16] += spec::IntegerValue(block, first + i) * q;
        sums[i / 16] += q;
      }
      const int group = first / 16;
      if (two_scales) {
        const int isum = block.scale[group] * dot[0] + block.scale[group + 1] * dot[1];
        sum = Fma(static_cast<float>(isum), block.d * sx, sum);
        if (minimum) {
          const int imin = block.minimum[group] * sums[0] + block.minimum[group + 1] * sums[1];
          sum = Fma(static_cast<float>(-imin), block.dmin * sx, sum);
        }
      } else {
        sum = Fma(static_cast<float>(dot[0] + dot[1]), spec::ScaleOf(block, first) * sx, sum);
        if (minimum) sum = Fma(-spec::MinimumOf(block, first), sx * static_cast<float>(sums[0] + sums[1]), sum);
      }
    }
    total = segment == 0 ? sum : total + sum;
  }
  return total;
}

float ExactProduct(TensorType type, const uint8_t* row, std::span<const float> x) {
  const TensorTypeInfo& info = InfoOf(type);
  spec::DecodedBlock block;
  float total = 0.0f;
  float sum = 0.0f;
  for (size_t k = 0; k < x.size(); ++k) {
    float weight;
    if (IsFloat(type)) {
      weight = FloatWeight(type, row, k);
    } else {
      if (k % info.block_values == 0) spec::DecodeBlock(type, row + k / info.block_values * info.block_bytes, block);
      weight = spec::Value(block, static_cast<int>(k % info.block_values));
    }
    sum = Fma(weight, x[k], sum);
    if ((k + 1) % 4096 == 0 || k + 1 == x.size()) {
      total = k < 4096 ? sum : total + sum;
      sum = 0.0f;
    }
  }
  return total;
}

float Fp8Product(const uint8_t* codes, std::span<const float> scales, std::span<const float> x) {
  float total = 0.0f;
  float sum = 0.0f;
  for (size_t k = 0; k < x.size(); ++k) {
    if (k % 4096 == 0) sum = 0.0f;
    const double exact = static_cast<double>(spec::FloatFromE4M3(codes[k])) * static_cast<double>(scales[k / 128]);
    sum = Fma(static_cast<float>(exact), x[k], sum);
    if (k % 4096 == 4095 || k + 1 == x.size()) total = k < 4096 ? sum : total + sum;
  }
  return total;
}

float Exp(float x) {
  if (std::isnan(x)) return x;
  x = std::min(x, 88.0f);
  if (x < -86.0f) return 0.0f;
  const float n = std::nearbyint(static_cast<double>(x) * static_cast<double>(0x1.715476p+0f));
  float r = Fma(n, -0x1.62e4p-1f, x);
  r = Fma(n, -0x1.7f7d1cp-20f, r);
  float p = 0x1.6db42ap-10f;
  for (float c : {0x1.123b56p-7f, 0x1.55545ep-5f, 0x1.55548ep-3f, 0.5f}) p = Fma(p, r, c);
  return ScaleByPowerOfTwo(Fma(p, r * r, r) + 1.0f, n);
}

float Tanh(float x) {
  const float size = std::fabs(x);
  float value;
  if (size < 0.625f) {
    const float z = size * size;
    float p = -0x1.76ac1ap-8f;
    for (float c : {0x1.5256d8p-6f, -0x1.b84448p-5f, 0x1.110768p-3f, -0x1.555534p-2f}) p = Fma(p, z, c);
    value = Fma(p * z, size, size);
  } else {
    value = 1.0f - 2.0f / (Exp(size + size) + 1.0f);
  }
  return std::copysign(value, x);
}

std::vector<float> RmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon) {
  std::array<float, 16> lanes{};
  for (size_t i = 0; i < x.size(); ++i) lanes[i % 16] = Fma(x[i], x[i], lanes[i % 16]);
  const float mean = Tree(lanes) / static_cast<float>(x.size());
  const float inverse = 1.0f / std::sqrt(mean + epsilon);
  std::vector<float> out;
  for (size_t i = 0; i < x.size(); ++i) out.push_back((x[i] * inverse) * weight[i]);
  return out;
}

std::vector<float> LayerNorm(std::span<const float> x, std::span<const float> weight, std::span<const float> bias,
                             float epsilon) {
  const auto n = static_cast<float>(x.size());
  std::array<float, 16> lanes{};
  for (size_t i = 0; i < x.size(); ++i) lanes[i % 16] = lanes[i % 16] + x[i];
  const float mean = Tree(lanes) / n;
  lanes = {};
  for (size_t i = 0; i < x.size(); ++i) {
    const float d = x[i] - mean;
    lanes[i % 16] = Fma(d, d, lanes[i % 16]);
  }
  const float inverse = 1.0f / std::sqrt(Tree(lanes) / n + epsilon);
  std::vector<float> out;
  for (size_t i = 0; i < x.size(); ++i) {
    const float scaled = ((x[i] - mean) * inverse) * weight[i];
    out.push_back(bias.empty() ? scaled : scaled + bias[i]);
  }
  return out;
}

void Rope(std::span<float> head, std::span<const float> cosines, std::span<const float> sines, bool interleaved) {
  for (size_t i = 0; i < cosines.size(); ++i) {
    float& first = head[interleaved ? 2 * i : i];
    float& second = head[interleaved ? 2 * i + 1 : cosines.size() + i];
    const float a = first;
    const float b = second;
    first = Fma(0.0f - b, sines[i], a * cosines[i]);
    second = Fma(b, cosines[i], a * sines[i]);
  }
}

float SiluMultiply(float gate, float up) { return gate / (1.0f + Exp(0.0f - gate)) * up; }

float ClampedSiluMultiply(float gate, float up, float alpha, float limit) {
  if (gate > limit) gate = limit;
  if (up > limit) up = limit;
  if (up < -limit) up = -limit;
  const float exponent = 0.0f - alpha * gate;
  return gate / (1.0f + Exp(exponent)) * (up + 1.0f);
}

float Gelu(float x) {
  const float cubic = Fma(x * x * x, 0.044715f, x);
  return x * 0.5f * (1.0f + Tanh(cubic * 0x1.988454p-1f));
}

float GeluMultiply(float gate, float up) { return Gelu(gate) * up; }

float AddScaled(float x, float y, float factor) { return Fma(factor, y, x); }

float Softcap(float x, float cap) { return cap * Tanh(x / cap); }

std::vector<float> Attention(const AttentionInput& in) {
  const size_t dim = in.values[0].size();
  const uint32_t from = in.window == 0 || in.position < in.window ? 0 : in.position - in.window + 1;
  float max = 0.0f;
  float sum = 0.0f;
  std::vector<float> out;
  for (uint32_t tile = from / 64; tile <= in.position / 64; ++tile) {
    std::array<float, 64> score;
    float tile_max = -std::numeric_limits<float>::infinity();
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t p = tile * 64 + i;
      if (p < from || p > in.position) {
        score[i] = -std::numeric_limits<float>::infinity();
        continue;
      }
      float dot = 0.0f;
      for (size_t d = 0; d < in.query.size(); ++d) dot = Fma(in.query[d], in.keys[p][d], dot);
      score[i] = dot * in.scale;
      if (in.softcap != 0.0f) score[i] = Softcap(score[i], in.softcap);
      tile_max = std::max(tile_max, score[i]);
    }
    std::array<float, 16> lanes;
    for (uint32_t i = 0; i < 64; ++i) score[i] = Exp(score[i] - tile_max);
    for (uint32_t i = 0; i < 16; ++i) lanes[i] = ((score[i] + score[16 + i]) + score[32 + i]) + score[48 + i];
    const float tile_sum = Tree(lanes);
    std::vector<float> tile_out(dim, 0.0f);
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t p = tile * 64 + i;
      if (p > in.position) break;
      for (size_t d = 0; d < dim; ++d) tile_out[d] = Fma(score[i], in.values[p][d], tile_out[d]);
    }
    if (out.empty()) {
      max = tile_max;
      sum = tile_sum;
      out = tile_out;
      continue;
    }
    const float both = std::max(max, tile_max);
    const float old_factor = Exp(max - both);
    const float new_factor = Exp(tile_max - both);
    sum = Fma(sum, old_factor, tile_sum * new_factor);
    for (size_t d = 0; d < dim; ++d) out[d] = Fma(out[d], old_factor, tile_out[d] * new_factor);
    max = both;
  }
  if (in.sink) {
    const float both = std::max(max, *in.sink);
    const float factor = Exp(max - both);
    sum = Fma(sum, factor, Exp(*in.sink - both));
    for (float& o : out) o *= factor;
  }
  const float inverse = 1.0f / sum;
  for (float& o : out) o = o * inverse + 0.0f;
  return out;
}

std::vector<float> ThroughInt8(std::span<const float> x) {
  std::vector<float> out;
  for (size_t block = 0; block < x.size(); block += 32) {
    float max = 0.0f;
    for (float v : x.subspan(block, 32)) max = std::max(max, std::fabs(v));
    const float scale = spec::FloatFromHalf(spec::HalfFromFloat(max / 127.0f));
    for (float v : x.subspan(block, 32)) {
      const int q = scale > 0.0f ? static_cast<int>(std::nearbyint(std::clamp(v / scale, -127.0f, 127.0f))) : 0;
      out.push_back(static_cast<float>(q) * scale);
    }
  }
  return out;
}

}  // namespace candor::reference
