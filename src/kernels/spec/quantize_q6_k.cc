// Q6_K: x = d * scale * q, with q in -32..31 and an integer scale in -128..127 for each of 16 groups of 16.
#include <cstdint>
#include <cstring>

#include "kernels/spec/quantize_k.h"
#include "kernels/spec/quantize_lanes.h"

namespace candor::spec {
namespace {

constexpr int kGroup = 16;
constexpr int kQuarters = 4;  // of a block: four groups each
constexpr float kLowestCode = -32.0f;
constexpr float kHighestCode = 31.0f;
constexpr float kLowestScale = -128.0f;
constexpr float kHighestScale = 127.0f;

// The codes that a group's largest value begins with.
constexpr float kStarts[] = {-32.0f, -31.0f, -30.0f, -29.0f, -28.0f, -27.0f, -26.0f, -32.5f};
constexpr int kRefits = 2;

Four Code(Four x, Four inverse) { return Round(Clamp(x * inverse, kLowestCode, kHighestCode)); }
// 1 / a, or 0.
Four InverseOrZero(Four a) {
  const Four zero = Set(0.0f);
  return a != zero ? Set(1.0f) / a : zero;
}

struct Groups {
  Four x[kGroup];
  Four squares;

  explicit Groups(const float* from) {
    ToLanes<kGroup>(from, x);
    squares = Set(0.0f);
    for (const Four& v : x) squares += v * v;
  }
};

struct Scale {
  Four scale, error;
};

// The scale that suits best the codes to which a scale (its inverse) leads.
Scale Refit(const Groups& groups, Four inverse) {
  Four qq_sum = Set(0.0f), qx_sum = Set(0.0f);
  for (const Four& x : groups.x) {
    const Four q = Code(x, inverse);
    qq_sum += q * q;
    qx_sum += q * x;
  }
  const Four scale = DivideOrZero(qx_sum, qq_sum);
  return {scale, groups.squares - scale * qx_sum};
}

Scale SearchScale(const Groups& groups) {
  // The value of the largest magnitude, with its sign.
  Four low = groups.x[0], high = groups.x[0];
  for (const Four& x : groups.x) {
    low = Min(low, x);
    high = Max(high, x);
  }
  const Four largest = high > Set(0.0f) - low ? high : low;
  Scale best = {Set(0.0f), groups.squares};
  const auto take = [&](const Scale& scale) {
    const auto better = scale.error < best.error;
    best = {better ? scale.scale : best.scale, better ? scale.error : best.error};
  };
  const Four inverse = InverseOrZero(largest);
  for (const float start : kStarts) take(Refit(groups, Set(start) * inverse));
  for (int i = 0; i < kRefits; ++i) take(Refit(groups, InverseOrZero(best.scale)));
  return best;
}

Four ErrorOf(const Groups& groups, Four scale) {
  const Four inverse = InverseOrZero(scale);
  Four error = Set(0.0f);
  for (const Four& x : groups.x) {
    const Four difference = x - scale * Code(x, inverse);
    error += difference * difference;
  }
  return error;
}

// For a given factor: the integer near a group's scale that has the smallest error.
Scale SearchInteger(const Groups& groups, const Scale& found, float d) {
  const Four nearest = Round(Clamp(found.scale * InverseOrZero(Set(d)), kLowestScale, kHighestScale));
  Scale best = {Set(0.0f), groups.squares};
  for (const float step : {0.0f, -1.0f, 1.0f}) {
    const Four scale = Clamp(nearest + Set(step), kLowestScale, kHighestScale);
    const Four error = ErrorOf(groups, Set(d) * scale);
    const auto better = error < best.error;
    best = {better ? scale : best.scale, better ? error : best.error};
  }
  return best;
}

class Search {
 public:
  explicit Search(const NormalisedBlock& block)
      : block_(block), groups_{Groups(block.x), Groups(block.x + 64), Groups(block.x + 128), Groups(block.x + 192)} {
    float largest = 0.0f;
    for (int i = 0; i < kQuarters; ++i) {
      scales_[i] = SearchScale(groups_[i]);
      for (int lane = 0; lane < 4; ++lane) {
        const float scale = scales_[i].scale[lane];
        if (std::max(scale, 0.0f - scale) > std::max(largest, 0.0f - largest)) largest = scale;
      }
    }
    best_ = WithFactor(largest / kLowestScale);
    const Result second = WithFactor(Refit());
    if (second.error < best_.error) best_ = second;
  }

  // Of each 128 values, 32 bytes hold the low halves of values 0-31 and 64-95, 32 those of 32-63 and 96-127; then come
  // the upper two bits of all, four values 32 apart to a byte; then the scales and d.
  void Store(std::byte* out) const {
    alignas(16) int32_t codes[kQuarters][kGroup][4];  // plus 32
    for (int i = 0; i < kQuarters; ++i) {
      const Four inverse = InverseOrZero(Set(d()) * best_.scales[i].scale);
      for (int k = 0; k < kGroup; ++k) {
        const Four code = Code(groups_[i].x[k], inverse) - Set(kLowestCode);
        _mm_store_si128(reinterpret_cast<__m128i*>(codes[i][k]), _mm_cvttps_epi32(code));
      }
    }
    auto* low = reinterpret_cast<uint8_t*>(out);
    uint8_t* high = low + 128;
    for (int half = 0; half < 2; ++half, low += 64, high += 32) {
      for (int k = 0; k < 32; ++k) {
        // Value 32 n + k of this half.
        const auto code = [&](int n) { return codes[2 * half + n / 2][k % 16][2 * (n % 2) + k / 16]; };
        low[k] = static_cast<uint8_t>((code(0) & 15) | (code(2) & 15) << 4);
        low[32 + k] = static_cast<uint8_t>((code(1) & 15) | (code(3) & 15) << 4);
        high[k] = static_cast<uint8_t>(code(0) >> 4 | code(1) >> 4 << 2 | code(2) >> 4 << 4 | code(3) >> 4 << 6);
      }
    }
    for (int j = 0; j < 16; ++j) {
      out[192 + j] = static_cast<std::byte>(static_cast<int>(best_.scales[j / 4].scale[j % 4]));
    }
    std::memcpy(out + 208, &best_.d, 2);
  }

 private:
  struct Result {
    uint16_t d;
    Scale scales[kQuarters];  // integers
    float error;
  };

  float d() const { return block_.FromHalf(best_.d); }

  Result WithFactor(float d) const {
    Result out = {block_.ToHalf(d), {}, 0.0f};
    for (int i = 0; i < kQuarters; ++i) {
      out.scales[i] = SearchInteger(groups_[i], scales_[i], block_.FromHalf(out.d));
      out.error += Total(out.scales[i].error);
    }
    return out;
  }

  // The factor that suits the best integers and their codes, by least squares.
  float Refit() const {
    Four aa = Set(0.0f), ax = Set(0.0f);  // a = scale * q
    for (int i = 0; i < kQuarters; ++i) {
      const Four scale = best_.scales[i].scale;
      const Four inverse = InverseOrZero(Set(d()) * scale);
      for (const Four& x : groups_[i].x) {
        const Four a = scale * Code(x, inverse);
        aa += a * a;
        ax += a * x;
      }
    }
    const float squares = Total(aa);
    return squares > 0.0f ? Total(ax) / squares : d();
  }

  const NormalisedBlock& block_;
  Groups groups_[kQuarters];
  Scale scales_[kQuarters];
  Result best_;
};

}  // namespace

void EncodeQ6K(const float* x, std::byte* out) {
  NormalisedBlock block;
  if (block.Set(x)) {
    Search(block).Store(out);
  } else {
    std::memset(out, 0, 210);
  }
}

}  // namespace candor::spec
