// Sixteen float lanes on any vector type: the width that the definition of sums and elementwise functions names.
#ifndef CANDOR_KERNELS_GENERIC_LANES16_H_
#define CANDOR_KERNELS_GENERIC_LANES16_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace candor {
namespace {

template <class V>
struct Lanes16 {
  static constexpr int kParts = 16 / V::kLanes;
  typename V::Floats part[kParts];

  template <class F>
  static Lanes16 Each(F f) {
    Lanes16 out;
#pragma GCC unroll 2
    for (int i = 0; i < kParts; ++i) out.part[i] = f(i);
    return out;
  }
  static Lanes16 Set(float a) {
    return Each([&](int) { return V::Set(a); });
  }
  static Lanes16 Load(const float* p) {
    return Each([&](int i) { return V::Load(p + i * V::kLanes); });
  }
  // The first n lanes (0 to 16), zeros after them.
  static Lanes16 LoadFirst(const float* p, int n) {
    if (n >= 16) return Load(p);
    alignas(64) float lanes[16] = {};
    memcpy(lanes, p, static_cast<size_t>(n) * 4);
    return Load(lanes);
  }
  void Store(float* p) const {
#pragma GCC unroll 2
    for (int i = 0; i < kParts; ++i) V::Store(part[i], p + i * V::kLanes);
  }
  void StoreFirst(float* p, int n) const {
    if (n >= 16) return Store(p);
    alignas(64) float lanes[16];
    Store(lanes);
    memcpy(p, lanes, static_cast<size_t>(n) * 4);
  }
  static Lanes16 LoadHalves(const uint16_t* p) {
    return Each([&](int i) { return V::LoadHalves(p + i * V::kLanes); });
  }

  // The fixed tree of the definition: lane j with lane j + 8, then + 4, + 2, + 1.
  float TreeAdd() const {
    if constexpr (kParts == 1) {
      return V::TreeAdd(part[0]);
    } else {
      return V::TreeAdd(V::Add(part[0], part[1]));
    }
  }
  float TreeMax() const {
    if constexpr (kParts == 1) {
      return V::TreeMax(part[0]);
    } else {
      return V::TreeMax(V::Max(part[0], part[1]));
    }
  }

  friend Lanes16 operator+(Lanes16 a, Lanes16 b) {
    return Each([&](int i) { return V::Add(a.part[i], b.part[i]); });
  }
  friend Lanes16 operator-(Lanes16 a, Lanes16 b) {
    return Each([&](int i) { return V::Sub(a.part[i], b.part[i]); });
  }
  friend Lanes16 operator*(Lanes16 a, Lanes16 b) {
    return Each([&](int i) { return V::Mul(a.part[i], b.part[i]); });
  }
  friend Lanes16 operator/(Lanes16 a, Lanes16 b) {
    return Each([&](int i) { return V::Div(a.part[i], b.part[i]); });
  }
  // a * b + c, rounded once.
  static Lanes16 Fma(Lanes16 a, Lanes16 b, Lanes16 c) {
    return Each([&](int i) { return V::Fma(a.part[i], b.part[i], c.part[i]); });
  }
  // a < b ? a : b and a > b ? a : b.
  static Lanes16 Min(Lanes16 a, Lanes16 b) {
    return Each([&](int i) { return V::Min(a.part[i], b.part[i]); });
  }
  static Lanes16 Max(Lanes16 a, Lanes16 b) {
    return Each([&](int i) { return V::Max(a.part[i], b.part[i]); });
  }
  static Lanes16 SelectLess(Lanes16 a, Lanes16 b, Lanes16 yes, Lanes16 no) {
    return Each([&](int i) { return V::SelectLess(a.part[i], b.part[i], yes.part[i], no.part[i]); });
  }
  // Lane i where offset + i is in [begin, end), else `other`.
  static Lanes16 SelectRange(Lanes16 a, int offset, int begin, int end, Lanes16 other) {
    return Each([&](int i) { return V::SelectRange(a.part[i], offset + i * V::kLanes, begin, end, other.part[i]); });
  }
  static Lanes16 AbsoluteValue(Lanes16 a) {
    const typename V::Ints mask = V::SetInt(0x7fffffff);
    return Each([&](int i) { return V::Float(V::AndInts(V::Int(a.part[i]), mask)); });
  }
  // `magnitude` (not negative) with the sign of `sign`.
  static Lanes16 WithSignOf(Lanes16 magnitude, Lanes16 sign) {
    const typename V::Ints mask = V::SetInt(INT32_MIN);
    return Each(
        [&](int i) { return V::Float(V::OrInts(V::Int(magnitude.part[i]), V::AndInts(V::Int(sign.part[i]), mask))); });
  }
  // p * 2^n, where n is an integer as a float plus the rounding constant of ExpLanes and p is near 1.
  static Lanes16 ScaleByPowerOfTwo(Lanes16 p, Lanes16 shifted) {
    return Each(
        [&](int i) { return V::Float(V::Add(V::Int(p.part[i]), V::ShiftLeftInts(V::Int(shifted.part[i]), 23))); });
  }
};

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_LANES16_H_
