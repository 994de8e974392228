// The vector type without vectors: 16 lanes as arrays, for every x86-64 and as the plain meaning of the others.
#ifndef CANDOR_KERNELS_ISA_VEC_SCALAR_H_
#define CANDOR_KERNELS_ISA_VEC_SCALAR_H_

#include <stdint.h>
#include <string.h>

#include "kernels/spec/float_formats.h"
#include "kernels/spec/fma.h"

namespace candor {
namespace {

struct Scalar {
  static constexpr int kLanes = 16;
  static constexpr int kMaxTile = 1;
  static constexpr int kBlockRows = 1;
  static constexpr int kBlockVectors = 1;
  static constexpr bool kPairSums = false;

  struct Bytes {
    uint8_t v[64];
  };
  struct Ints {
    int32_t v[16];
  };
  struct Floats {
    float v[16];
  };

  template <class Out, class F>
  static Out Each(F f) {
    Out out;
    for (int i = 0; i < static_cast<int>(sizeof out.v / sizeof out.v[0]); ++i) out.v[i] = f(i);
    return out;
  }

  static Bytes LoadBytes(const void* p) {
    Bytes out;
    memcpy(out.v, p, 64);
    return out;
  }
  // Makes the compiler forget what it knows of a value.
  static void Opaque(Bytes& a) { __asm__ volatile("" : "+m"(a)); }
  static Bytes And(Bytes a, uint8_t mask) {
    return Each<Bytes>([&](int i) { return static_cast<uint8_t>(a.v[i] & mask); });
  }
  static Bytes Or(Bytes a, Bytes b) {
    return Each<Bytes>([&](int i) { return static_cast<uint8_t>(a.v[i] | b.v[i]); });
  }
  template <int kBits>
  static Bytes ShiftLeft(Bytes a) {
    return Each<Bytes>([&](int i) { return static_cast<uint8_t>(a.v[i] << kBits); });
  }
  template <int kBits>
  static Bytes ShiftRight(Bytes a) {
    return Each<Bytes>([&](int i) { return static_cast<uint8_t>(a.v[i] >> kBits); });
  }
  static Bytes Lookup(const uint8_t* table16, Bytes index) {
    return Each<Bytes>([&](int i) { return table16[index.v[i]]; });
  }
  template <bool kWide>
  static Ints Dot(Ints sum, Bytes codes, const int8_t* x) {
    int32_t four;
    memcpy(&four, x, 4);
    return Dot<kWide>(sum, codes, SetInt(four));
  }
  template <bool kWide>
  static Ints Dot(Ints sum, Bytes codes, Ints activations) {
    return Each<Ints>([&](int i) {
      int8_t a[4];
      memcpy(a, &activations.v[i], 4);
      const uint8_t* c = codes.v + 4 * i;
      return sum.v[i] + c[0] * a[0] + c[1] * a[1] + c[2] * a[2] + c[3] * a[3];
    });
  }

  static Ints SetInt(int32_t a) {
    return Each<Ints>([&](int) { return a; });
  }
  static Ints Add(Ints a, Ints b) {
    return Each<Ints>([&](int i) { return a.v[i] + b.v[i]; });
  }
  static Ints Sub(Ints a, Ints b) {
    return Each<Ints>([&](int i) { return a.v[i] - b.v[i]; });
  }
  static Ints Mul(Ints a, Ints b) {
    return Each<Ints>([&](int i) { return a.v[i] * b.v[i]; });
  }
  static Ints AndInts(Ints a, Ints b) {
    return Each<Ints>([&](int i) { return a.v[i] & b.v[i]; });
  }
  static Ints OrInts(Ints a, Ints b) {
    return Each<Ints>([&](int i) { return a.v[i] | b.v[i]; });
  }
  static Ints MaxInts(Ints a, Ints b) {
    return Each<Ints>([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static int32_t SumOfLanes(Ints a) {
    int32_t sum = 0;
    for (int32_t lane : a.v) sum += lane;
    return sum;
  }
  static int32_t LargestLane(Ints a) {
    int32_t largest = a.v[0];
    for (int32_t lane : a.v) largest = lane > largest ? lane : largest;
    return largest;
  }
  static Ints ShiftLeftInts(Ints a, int bits) {
    return Each<Ints>([&](int i) { return static_cast<int32_t>(static_cast<uint32_t>(a.v[i]) << bits); });
  }
  static Ints ShiftRightInts(Ints a, int bits) {
    return Each<Ints>([&](int i) { return static_cast<int32_t>(static_cast<uint32_t>(a.v[i]) >> bits); });
  }
  static Ints ShiftRightSigned(Ints a, int bits) {
    return Each<Ints>([&](int i) { return a.v[i] >> bits; });
  }
  static Ints LoadInts(const void* p) {
    Ints out;
    memcpy(out.v, p, 64);
    return out;
  }
  static Ints LoadUint8(const void* p) {
    return Each<Ints>([&](int i) { return static_cast<const uint8_t*>(p)[i]; });
  }
  static Ints LoadInt8(const void* p) {
    return Each<Ints>([&](int i) { return static_cast<const int8_t*>(p)[i]; });
  }
  static Ints LoadUint16(const void* p) {
    return Each<Ints>([&](int i) { return Word(p, i); });
  }
  static void StoreInt8(Ints a, void* p) {
    for (int i = 0; i < 16; ++i) static_cast<int8_t*>(p)[i] = static_cast<int8_t>(a.v[i]);
  }

  static Floats Set(float a) {
    return Each<Floats>([&](int) { return a; });
  }
  static Floats Load(const float* p) {
    Floats out;
    memcpy(out.v, p, 64);
    return out;
  }
  static void Store(Floats a, float* p) { memcpy(p, a.v, 64); }
  static Floats LoadHalves(const void* p) {
    return Each<Floats>([&](int i) { return spec::FloatFromHalf(Word(p, i)); });
  }
  // E4M3 codes of kLanes rows, those of four columns in each dword, to floats by column, divided by 256: exact but for
  // codes with an exponent of zero (generic/fp8.h). True when there may be such codes.
  static bool LoadE4M3(const void* p, Floats (&value)[4]) {
    for (int j = 0; j < 4; ++j) {
      value[j] =
          Each<Floats>([&](int i) { return spec::FloatFromE4M3(static_cast<const uint8_t*>(p)[4 * i + j]) * 0x1p-8f; });
    }
    return false;  // those are as they should be
  }
  static Floats LoadBfloat16(const void* p) {
    return Each<Floats>([&](int i) { return spec::FloatFromBfloat16(Word(p, i)); });
  }
  static void StoreHalves(Floats a, void* p) {
    for (int i = 0; i < 16; ++i) {
      const uint16_t half = spec::HalfFromFloat(a.v[i]);
      memcpy(static_cast<char*>(p) + 2 * i, &half, 2);
    }
  }
  static Floats ToFloat(Ints a) {
    return Each<Floats>([&](int i) { return static_cast<float>(a.v[i]); });
  }
  static Floats Float(Ints bits) {
    Floats out;
    memcpy(out.v, bits.v, 64);
    return out;
  }
  static Ints Int(Floats bits) {
    Ints out;
    memcpy(out.v, bits.v, 64);
    return out;
  }
  static Floats Add(Floats a, Floats b) {
    return Each<Floats>([&](int i) { return a.v[i] + b.v[i]; });
  }
  static Floats Sub(Floats a, Floats b) {
    return Each<Floats>([&](int i) { return a.v[i] - b.v[i]; });
  }
  static Floats Mul(Floats a, Floats b) {
    return Each<Floats>([&](int i) { return a.v[i] * b.v[i]; });
  }
  static Floats Div(Floats a, Floats b) {
    return Each<Floats>([&](int i) { return a.v[i] / b.v[i]; });
  }
  static Floats Sqrt(Floats a) {
    return Each<Floats>([&](int i) { return spec::SquareRoot(a.v[i]); });
  }
  static Floats Fma(Floats a, Floats b, Floats c) {
    return Each<Floats>([&](int i) { return spec::Fma(a.v[i], b.v[i], c.v[i]); });
  }
  static Floats Min(Floats a, Floats b) {
    return Each<Floats>([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Floats Max(Floats a, Floats b) {
    return Each<Floats>([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Floats SelectLess(Floats a, Floats b, Floats yes, Floats no) {
    return Each<Floats>([&](int i) { return a.v[i] < b.v[i] ? yes.v[i] : no.v[i]; });
  }
  static Floats SelectRange(Floats a, int offset, int begin, int end, Floats other) {
    return Each<Floats>([&](int i) { return offset + i >= begin && offset + i < end ? a.v[i] : other.v[i]; });
  }
  static float TreeAdd(Floats a) {
    for (int w = 8; w >= 1; w /= 2) {
      for (int i = 0; i < w; ++i) a.v[i] += a.v[i + w];
    }
    return a.v[0];
  }
  static float TreeMax(Floats a) {
    for (int w = 8; w >= 1; w /= 2) {
      for (int i = 0; i < w; ++i) a.v[i] = a.v[i] > a.v[i + w] ? a.v[i] : a.v[i + w];
    }
    return a.v[0];
  }

 private:
  static uint16_t Word(const void* p, int i) {
    uint16_t word;
    memcpy(&word, static_cast<const char*>(p) + 2 * i, 2);
    return word;
  }
};

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_ISA_VEC_SCALAR_H_
