#include "kernels/spec/math.h"

#include <cstdint>
#include <cstring>
#include <limits>

namespace candor::spec {
namespace {

uint64_t Bits(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

double FromBits(uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// 2^n for -1022 <= n <= 1023.
double PowerOfTwo(int n) { return FromBits(static_cast<uint64_t>(n + 1023) << 52); }

// Nearest integer, ties to even, for |x| < 2^51.
double Nearest(double x) {
  constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52
  return (x + kShift) - kShift;
}

// ln 2 and pi / 2 in parts: products of the leading parts with integers below 2^20 (2^32 for pi / 2) are exact.
constexpr double kLn2High = 0x1.62e42fefap-1;
constexpr double kLn2Low = 0x1.cf79abc9e3b398p-40;
constexpr double kPi2A = 0x1.921fb4p+0;
constexpr double kPi2B = 0x1.4442dp-24;
constexpr double kPi2C = 0x1.8469898cc5170p-48;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double Exp(double x) {
  if (x != x) return x;
  if (x > 709.782712893384) return kInfinity;
  if (x < -745.2) return 0.0;
  const double n = Nearest(x * 1.4426950408889634);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  // Taylor series: |r| <= 0.3466, so that r^14 / 14! is below 2^-53.
  double sum = 1.0 / 6227020800.0;
  constexpr double kInverseFactorial[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  for (double c : kInverseFactorial) sum = sum * r + c;
  // In two steps, because 2^n alone may leave the range.
  const int whole = static_cast<int>(n);
  const int half = whole / 2;
  return sum * PowerOfTwo(half) * PowerOfTwo(whole - half);
}

double Log(double x) {
  if (x != x || x < 0) return kNan;
  if (x == 0) return -kInfinity;
  if (x == kInfinity) return x;
  int exponent = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    exponent = -54;
  }
  uint64_t bits = Bits(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = FromBits((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);  // [1, 2)
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  // ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716: s^22 / 23 is below 2^-58.
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double sum = 0.0;
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * z;
  const double e = exponent;
  return e * kLn2High + (2.0 * s + (2.0 * s * sum + e * kLn2Low));
}

double Pow(double x, double y) {
  if (y == 0.0) return 1.0;
  if (y == 1.0) return x;
  return Exp(y * Log(x));
}

SinCos SinCosOf(double x) {
  const double n = Nearest(x * 0.6366197723675814);
  const double r = ((x - n * kPi2A) - n * kPi2B) - n * kPi2C;
  const double z = r * r;
  // Taylor series on |r| <= pi/4, to r^19 and r^18.
  double sine = 0.0;
  for (int k = 18; k >= 2; k -= 2) sine = (1.0 - sine) * z / (k * (k + 1.0));
  sine = r * (1.0 - sine);
  double cosine = 0.0;
  for (int k = 18; k >= 2; k -= 2) cosine = (1.0 - cosine) * z / (k * (k - 1.0));
  cosine = 1.0 - cosine;
  switch (static_cast<int64_t>(n) & 3) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

}  // namespace candor::spec
