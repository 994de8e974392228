// Q4_K: x = d * scale * q - dmin * minimum, with q in 0..15 and the integers scale and minimum in 0..63 for each of 8
// groups of 32. In what follows low = -dmin * minimum.
#include <cstdint>
#include <cstring>

#include "kernels/spec/quantize_k.h"
#include "kernels/spec/quantize_lanes.h"

namespace candor::spec {
namespace {

constexpr int kGroup = 32;
constexpr int kHalves = 2;  // of a block: four groups each
constexpr float kLargestCode = 15.0f;
constexpr float kLargestInteger = 63.0f;

// Shares of a group's range, from its smallest value (or 0) to its largest: what is beyond the ends is cut off.
struct Start {
  float low, high;
};
constexpr Start kStarts[] = {{0.97f, 0.97f}, {1.03f, 0.94f}, {0.97f, 1.03f}, {0.94f, 1.06f},
                             {1.00f, 0.97f}, {1.06f, 0.94f}, {0.91f, 1.00f}, {1.03f, 1.06f}};
constexpr int kRefits = 2;

struct Groups {
  Four x[kGroup];
  Four sum, squares;

  explicit Groups(const float* from) {
    ToLanes<kGroup>(from, x);
    sum = squares = Set(0.0f);
    for (const Four& v : x) {
      sum += v;
      squares += v * v;
    }
  }
};

Four Code(Four x, Four inverse, Four low) { return Round(Clamp((x - low) * inverse, 0.0f, kLargestCode)); }

// x = scale * q + low.
struct Line {
  Four scale, low, error;
};

// The line that suits best the codes to which a scale (its inverse) and a low end lead. No low end is above 0.
Line Refit(const Groups& groups, Four inverse, Four low) {
  const Four zero = Set(0.0f), n = Set(kGroup);
  Four q_sum = zero, qq_sum = zero, qx_sum = zero;
  for (const Four& x : groups.x) {
    const Four q = Code(x, inverse, low);
    q_sum += q;
    qq_sum += q * q;
    qx_sum += q * x;
  }
  Line line;
  line.scale = DivideOrZero(n * qx_sum - groups.sum * q_sum, n * qq_sum - q_sum * q_sum);
  line.low = (groups.sum - line.scale * q_sum) / n;
  line.scale = Max(line.low > zero ? DivideOrZero(qx_sum, qq_sum) : line.scale, zero);
  line.low = Min(line.low, zero);
  line.error = groups.squares - line.scale * qx_sum - line.low * groups.sum;
  return line;
}

Line SearchLine(const Groups& groups) {
  Four low = Set(0.0f), high = groups.x[0];
  for (const Four& x : groups.x) {
    low = Min(low, x);
    high = Max(high, x);
  }
  Line best = {Set(0.0f), Set(0.0f), groups.squares};
  const auto take = [&](const Line& line) {
    const auto better = line.error < best.error;
    best = {better ? line.scale : best.scale, better ? line.low : best.low, better ? line.error : best.error};
  };
  for (const Start& start : kStarts) {
    const Four begin = low * Set(start.low);
    take(Refit(groups, DivideOrZero(Set(kLargestCode), high * Set(start.high) - begin), begin));
  }
  for (int i = 0; i < kRefits; ++i) take(Refit(groups, DivideOrZero(Set(1.0f), best.scale), best.low));
  return best;
}

// The integers of four groups.
struct Integers {
  Four scale, minimum, error;
};

// The error of the nearest codes, and the low end that would suit these codes best.
Four ErrorOf(const Groups& groups, Four scale, Four low, Four& better_low) {
  const Four inverse = DivideOrZero(Set(1.0f), scale);
  Four error = Set(0.0f), q_sum = Set(0.0f);
  for (const Four& x : groups.x) {
    const Four q = Code(x, inverse, low);
    const Four difference = x - (scale * q + low);
    q_sum += q;
    error += difference * difference;
  }
  better_low = (groups.sum - scale * q_sum) / Set(kGroup);
  return error;
}

// For given factors: integers near the line's scale, each with the minimum that the line has and one refitted to it.
Integers SearchIntegers(const Groups& groups, const Line& line, float d, float dmin) {
  const Four inverse_dmin = DivideOrZero(Set(1.0f), Set(dmin));
  const auto minimum_of = [&](Four low) {
    return Round(Clamp((Set(0.0f) - low) * inverse_dmin, 0.0f, kLargestInteger));
  };
  const Four nearest = Round(Clamp(line.scale * DivideOrZero(Set(1.0f), Set(d)), 0.0f, kLargestInteger));
  Integers best = {Set(0.0f), Set(0.0f), groups.squares};
  for (const float step : {0.0f, -1.0f, 1.0f}) {
    const Four scale = Clamp(nearest + Set(step), 0.0f, kLargestInteger);
    Four minimum = minimum_of(line.low);
    for (int i = 0; i < 2; ++i) {
      Four low;
      const Four error = ErrorOf(groups, Set(d) * scale, Set(0.0f) - Set(dmin) * minimum, low);
      const auto better = error < best.error;
      best = {better ? scale : best.scale, better ? minimum : best.minimum, better ? error : best.error};
      minimum = minimum_of(low);
    }
  }
  return best;
}

struct Factors {
  float d, dmin;
};

class Search {
 public:
  explicit Search(const NormalisedBlock& block)
      : block_(block),
        groups_{Groups(block.x), Groups(block.x + 128)},
        lines_{SearchLine(groups_[0]), SearchLine(groups_[1])} {
    float scale = 0.0f, minimum = 0.0f;
    for (const Line& line : lines_) {
      for (int lane = 0; lane < 4; ++lane) {
        scale = std::max(scale, line.scale[lane]);
        minimum = std::max(minimum, 0.0f - line.low[lane]);
      }
    }
    best_ = WithFactors({scale / kLargestInteger, minimum / kLargestInteger});
    const Result second = WithFactors(Refit());
    if (second.error < best_.error) best_ = second;
  }

  void Store(std::byte* out) const {
    std::memcpy(out, &best_.d, 2);
    std::memcpy(out + 2, &best_.dmin, 2);
    StoreIntegers(reinterpret_cast<uint8_t*>(out) + 4);
    auto* codes = reinterpret_cast<uint8_t*>(out) + 16;
    for (int h = 0; h < kHalves; ++h) {
      const Four step = Set(d()) * best_.integers[h].scale;
      const Four inverse = DivideOrZero(Set(1.0f), step);
      const Four low = Low(h);
      for (int i = 0; i < kGroup; ++i) {
        alignas(16) int32_t q[4];
        _mm_store_si128(reinterpret_cast<__m128i*>(q), _mm_cvttps_epi32(Code(groups_[h].x[i], inverse, low)));
        codes[64 * h + i] = static_cast<uint8_t>(q[0] | q[1] << 4);
        codes[64 * h + 32 + i] = static_cast<uint8_t>(q[2] | q[3] << 4);
      }
    }
  }

 private:
  struct Result {
    uint16_t d, dmin;
    Integers integers[kHalves];
    float error;
  };

  float d() const { return block_.FromHalf(best_.d); }
  Four Low(int half) const { return Set(0.0f) - Set(block_.FromHalf(best_.dmin)) * best_.integers[half].minimum; }

  Result WithFactors(const Factors& factors) const {
    Result out = {block_.ToHalf(factors.d), block_.ToHalf(factors.dmin), {}, 0.0f};
    for (int h = 0; h < kHalves; ++h) {
      out.integers[h] = SearchIntegers(groups_[h], lines_[h], block_.FromHalf(out.d), block_.FromHalf(out.dmin));
      out.error += Total(out.integers[h].error);
    }
    return out;
  }

  // The factors that suit the best integers and their codes: least squares for d and dmin. Those there are where the
  // codes do not determine both.
  Factors Refit() const {
    const Four zero = Set(0.0f);
    Four aa = zero, ab = zero, bb = zero, ax = zero, bx = zero;  // a = scale * q, b = minimum
    for (int h = 0; h < kHalves; ++h) {
      const Four scale = best_.integers[h].scale, minimum = best_.integers[h].minimum;
      const Four inverse = DivideOrZero(Set(1.0f), Set(d()) * scale), low = Low(h);
      for (const Four& x : groups_[h].x) {
        const Four a = scale * Code(x, inverse, low);
        aa += a * a;
        ab += a * minimum;
        ax += a * x;
      }
      bb += minimum * minimum * Set(kGroup);
      bx += minimum * groups_[h].sum;
    }
    const double saa = Total(aa), sab = Total(ab), sbb = Total(bb), sax = Total(ax), sbx = Total(bx);
    const double determinant = saa * sbb - sab * sab;
    if (determinant <= 0.0) return {d(), block_.FromHalf(best_.dmin)};
    return {static_cast<float>(std::max(0.0, (sax * sbb - sab * sbx) / determinant)),
            static_cast<float>(std::max(0.0, (sab * sax - saa * sbx) / determinant))};
  }

  // 12 bytes: the low six bits of 0-3 and 4-7 are the scales and minima of groups 0 to 3, their upper two those of
  // groups 4 to 7, whose lower four are in bytes 8-11.
  void StoreIntegers(uint8_t* to) const {
    for (int j = 0; j < 4; ++j) {
      const auto integer = [&](const Four& a) { return static_cast<unsigned>(a[j]); };
      const unsigned scale = integer(best_.integers[0].scale), minimum = integer(best_.integers[0].minimum);
      const unsigned scale4 = integer(best_.integers[1].scale), minimum4 = integer(best_.integers[1].minimum);
      to[j] = static_cast<uint8_t>(scale | scale4 >> 4 << 6);
      to[4 + j] = static_cast<uint8_t>(minimum | minimum4 >> 4 << 6);
      to[8 + j] = static_cast<uint8_t>((scale4 & 15u) | (minimum4 & 15u) << 4);
    }
  }

  const NormalisedBlock& block_;
  Groups groups_[kHalves];
  Line lines_[kHalves];
  Result best_;
};

}  // namespace

void EncodeQ4K(const float* x, std::byte* out) {
  NormalisedBlock block;
  if (block.Set(x)) {
    Search(block).Store(out);
  } else {
    std::memset(out, 0, 144);
  }
}

}  // namespace candor::spec
