// The scalar number formats and elementary functions against the C library and the compiler.
#include "kernels/spec/float_formats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "kernels/spec/fma.h"
#include "kernels/spec/math.h"

namespace candor {
namespace {

// The value of a binary16 by its definition: sign, exponent, fraction.
double HalfValue(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const double fraction = half & 0x3ff;
  const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  return half & 0x8000 ? -size : size;
}

TEST(Half, EveryFiniteHalfIsExactAndComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00) continue;
    EXPECT_EQ(spec::FloatFromHalf(half), HalfValue(half));
    EXPECT_EQ(spec::HalfFromFloat(spec::FloatFromHalf(half)), half);
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const double low = HalfValue(half);
    const double high = HalfValue(static_cast<uint16_t>(half + 1));
    const auto middle = static_cast<float>((low + high) / 2);  // exact in float
    EXPECT_EQ(spec::HalfFromFloat(middle), half % 2 == 0 ? half : half + 1) << half;
    EXPECT_EQ(spec::HalfFromFloat(std::nextafterf(middle, 0.0f)), half);
    EXPECT_EQ(spec::HalfFromFloat(std::nextafterf(middle, 1e9f)), half + 1);
  }
}

// The specification's formula: (-1)^s * 2^(e - 7) * (1 + m / 8), and 2^-6 * m / 8 where e is 0.
TEST(E4M3, EveryCodeHasItsValue) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    if ((code & 127) == 127) {
      EXPECT_TRUE(spec::IsNanE4M3(byte));
      EXPECT_TRUE(std::isnan(spec::FloatFromE4M3(byte)));
      continue;
    }
    EXPECT_FALSE(spec::IsNanE4M3(byte));
    const int exponent = code >> 3 & 15;
    const int fraction = code & 7;
    const double size = exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10);
    EXPECT_EQ(spec::FloatFromE4M3(byte), code & 128 ? -size : size) << code;
    EXPECT_EQ(std::signbit(spec::FloatFromE4M3(byte)), code >= 128) << code;
  }
  EXPECT_EQ(spec::FloatFromE4M3(0x7e), spec::kLargestE4M3);
  EXPECT_EQ(spec::FloatFromE4M3(0x01), 0x1p-9f);
  EXPECT_EQ(spec::FloatFromE4M3(0xb8), -1.0f);
}

TEST(E8M0, HalvesPowersOfTwo) {
  for (int code = 0; code < 255; ++code) {
    EXPECT_EQ(spec::HalvedFloatFromE8M0(static_cast<uint8_t>(code)), std::ldexp(1.0, code - 128)) << code;
  }
}

TEST(Fma, IsRoundedOnceForAnyBits) {
  std::mt19937 random(11);
  for (int i = 0; i < 2'000'000; ++i) {
    float a = std::bit_cast<float>(static_cast<uint32_t>(random()));
    float b = std::bit_cast<float>(static_cast<uint32_t>(random()));
    float c = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (i % 2 == 0) {
      // Sums that nearly cancel, where double rounding would show.
      a = 1.0f + std::ldexp(static_cast<float>(random() % 4096), -12);
      b = 1.0f + std::ldexp(static_cast<float>(random() % (1 << 23)), -23);
      c = static_cast<float>(std::ldexp(static_cast<double>(random() % 64) - 32, static_cast<int>(random() % 60) - 50));
    }
    const float want = std::fma(a, b, c);
    const float got = spec::Fma(a, b, c);
    ASSERT_TRUE(std::bit_cast<uint32_t>(got) == std::bit_cast<uint32_t>(want) || (std::isnan(got) && std::isnan(want)))
        << a << " * " << b << " + " << c << " = " << want << ", got " << got;
  }
}

// Two units in the last place, as the header says; the C library's functions are within one.
TEST(Math, AgreesWithTheCLibrary) {
  std::mt19937_64 random(12);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  for (int i = 0; i < 200'000; ++i) {
    const double x = uniform(random);
    EXPECT_NEAR(spec::Exp(700 * x) / std::exp(700 * x), 1.0, 5e-16);
    const double y = std::exp(100 * x);
    EXPECT_NEAR(spec::Log(y), std::log(y), 5e-16 * std::max(1.0, std::fabs(std::log(y))));
    const double angle = 1e6 * (1 + x);
    EXPECT_NEAR(spec::SinCosOf(angle).sin, std::sin(angle), 3e-16);
    EXPECT_NEAR(spec::SinCosOf(angle).cos, std::cos(angle), 3e-16);
  }
  EXPECT_EQ(spec::Exp(0.0), 1.0);
  EXPECT_EQ(spec::Exp(-1000.0), 0.0);
  EXPECT_EQ(spec::Exp(1000.0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(spec::Log(0.0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(spec::Log(1.0), 0.0);
  EXPECT_TRUE(std::isnan(spec::Log(-1.0)));
}

}  // namespace
}  // namespace candor
