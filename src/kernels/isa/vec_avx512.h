// The vector type of AVX-512 (F, BW, DQ, VL): 16 lanes. `kVnni` chooses the dot product.
#ifndef CANDOR_KERNELS_ISA_VEC_AVX512_H_
#define CANDOR_KERNELS_ISA_VEC_AVX512_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace candor {
namespace {

template <bool kVnni>
struct Avx512 {
  static constexpr int kLanes = 16;
  static constexpr int kMaxTile = 8;
  // Attention: rows x vectors of 16 lanes that fit the registers.
  static constexpr int kBlockRows = 6;
  static constexpr int kBlockVectors = 4;
  // See PairProducts. Codes above 127 are then multiplied as signed numbers.
  static constexpr bool kPairSums = !kVnni;

  using Bytes = __m512i;
  using Ints = __m512i;
  using Floats = __m512;

  static Bytes LoadBytes(const void* p) { return _mm512_loadu_si512(p); }
  // Makes the compiler forget what it knows of a value.
  static void Opaque(Bytes& a) { __asm__ volatile("" : "+v"(a)); }
  static Bytes And(Bytes a, uint8_t mask) { return _mm512_and_si512(a, _mm512_set1_epi8(static_cast<char>(mask))); }
  static Bytes Or(Bytes a, Bytes b) { return _mm512_or_si512(a, b); }
  // Shifts of 16-bit lanes: bits that cross a byte are masked away by the caller.
  template <int kBits>
  static Bytes ShiftLeft(Bytes a) {
    return _mm512_slli_epi16(a, kBits);
  }
  template <int kBits>
  static Bytes ShiftRight(Bytes a) {
    return _mm512_srli_epi16(a, kBits);
  }
  static Bytes Lookup(const uint8_t* table16, Bytes index) {
    const __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table16)));
    return _mm512_shuffle_epi8(table, index);
  }
  // sum + the products of each lane's four codes with four int8 of `activations`, exact.
  template <bool kWide>
  static Ints Dot(Ints sum, Bytes codes, Ints activations) {
    if constexpr (kVnni) {
      return DotVnni(sum, codes, activations);
    } else {
      return Add(sum, SumPairs(PairProducts<kWide>(codes, activations)));
    }
  }
  // The same with the four int8 at `x` for all lanes.
  template <bool kWide>
  static Ints Dot(Ints sum, Bytes codes, const int8_t* x) {
#ifdef __AVX512VNNI__
    if constexpr (kVnni) {
      // GCC 12 does not fold the broadcast into the instruction; a fifth of the speed is lost over it.
      struct Four {
        int8_t of[4];
      };
      __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(codes), "m"(*reinterpret_cast<const Four*>(x)));
      return sum;
    }
#endif
    return Dot<kWide>(sum, codes, SetFour(x));
  }
  // The two halves of a dot product without VNNI: products summed by twos in 16 bits, and those sums by twos in 32.
  template <bool kWide>
  static Ints PairProducts(Bytes codes, Ints activations) {
    if constexpr (kWide) {
      // Code - 128 as a magnitude and a sign, because 255 * 127 * 2 would saturate 16 bits. |-128| is 128 unsigned.
      const __m512i value = _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
      const __mmask64 negative = _mm512_movepi8_mask(value);
      const __m512i signed_x = _mm512_mask_sub_epi8(activations, negative, _mm512_setzero_si512(), activations);
      return _mm512_maddubs_epi16(_mm512_abs_epi8(value), signed_x);
    } else {
      return _mm512_maddubs_epi16(codes, activations);
    }
  }
  static Ints AddPairs(Ints a, Ints b) { return _mm512_add_epi16(a, b); }
  static Ints SumPairs(Ints pairs) { return _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)); }
  // The codes of even (kOdd: odd) columns as int16; WordProducts multiplies them with the two int16 at `x` and sums by
  // twos in 32 bits.
  template <bool kOdd>
  static Ints Words(Bytes codes) {
    return kOdd ? _mm512_srli_epi16(codes, 8) : _mm512_and_si512(codes, _mm512_set1_epi16(255));
  }
  static Ints WordProducts(Ints words, const int8_t* x) { return _mm512_madd_epi16(words, SetFour(x)); }
  static Ints SetFour(const int8_t* x) {
    int32_t four;
    memcpy(&four, x, 4);
    return SetInt(four);
  }

  static Ints SetInt(int32_t a) { return _mm512_set1_epi32(a); }
  static Ints Add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  static Ints Sub(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  static Ints Mul(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
  static Ints AndInts(Ints a, Ints b) { return _mm512_and_si512(a, b); }
  static Ints OrInts(Ints a, Ints b) { return _mm512_or_si512(a, b); }
  static Ints MaxInts(Ints a, Ints b) { return _mm512_max_epi32(a, b); }
  static Ints ShiftLeftInts(Ints a, int bits) { return _mm512_slli_epi32(a, static_cast<unsigned>(bits)); }
  static Ints ShiftRightInts(Ints a, int bits) { return _mm512_srli_epi32(a, static_cast<unsigned>(bits)); }
  static Ints ShiftRightSigned(Ints a, int bits) { return _mm512_srai_epi32(a, static_cast<unsigned>(bits)); }
  static Ints LoadInts(const void* p) { return _mm512_loadu_si512(p); }
  static Ints LoadUint8(const void* p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
  static Ints LoadInt8(const void* p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
  static Ints LoadUint16(const void* p) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  static void StoreInt8(Ints a, void* p) { _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a)); }
  // int16 of columns 0, 2, 1, 3 of each four: as Words has the codes.
  static void StoreInt16(Ints a, void* p) {
    const __m256i words = _mm512_cvtsepi32_epi16(a);
    const __m256i order =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
    _mm256_storeu_si256(static_cast<__m256i*>(p), _mm256_shuffle_epi8(words, order));
  }

  static Floats Set(float a) { return _mm512_set1_ps(a); }
  static Floats Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(Floats a, float* p) { _mm512_storeu_ps(p, a); }
  static Floats LoadHalves(const void* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  // E4M3 codes of kLanes rows, those of four columns in each dword, to floats by column, divided by 256: exact but for
  // codes with an exponent of zero (generic/fp8.h). True when there may be such codes.
  static bool LoadE4M3(const void* p, Floats (&value)[4]) {
    const __m512i odd = _mm512_loadu_si512(p);
    const __m512i even = _mm512_slli_epi32(odd, 8);
    // The low word with its sign, times 2^12: its upper byte comes to where the others are.
    const __m512i low_word = _mm512_set1_epi32(4096);
    value[0] = FloatFromMovedE4M3(_mm512_madd_epi16(even, low_word));
    value[1] = FloatFromMovedE4M3(_mm512_madd_epi16(odd, low_word));
    value[2] = FloatFromMovedE4M3(_mm512_srai_epi32(even, 4));
    value[3] = FloatFromMovedE4M3(_mm512_srai_epi32(odd, 4));
    return _mm512_testn_epi8_mask(odd, _mm512_set1_epi8(0x78)) != 0;
  }
  static Floats LoadBfloat16(const void* p) { return Float(ShiftLeftInts(LoadUint16(p), 16)); }
  static void StoreHalves(Floats a, void* p) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }
  static Floats ToFloat(Ints a) { return _mm512_cvtepi32_ps(a); }
  static Floats Float(Ints bits) { return _mm512_castsi512_ps(bits); }
  static Ints Int(Floats bits) { return _mm512_castps_si512(bits); }
  static Floats Add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats Sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats Mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats Div(Floats a, Floats b) { return _mm512_div_ps(a, b); }
  static Floats Sqrt(Floats a) { return _mm512_sqrt_ps(a); }
  static Floats Fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  // a < b ? a : b and a > b ? a : b: the second where either is not a number.
  static Floats Min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
  static Floats Max(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  // a < b ? yes : no.
  static Floats SelectLess(Floats a, Floats b, Floats yes, Floats no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
  }
  // Lane i of 16-lane group `offset` where offset + i is in [begin, end), else `other`.
  static Floats SelectRange(Floats a, int offset, int begin, int end, Floats other) {
    const __m512i index = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                           _mm512_set1_epi32(offset));
    const __mmask16 inside = _mm512_cmpge_epi32_mask(index, _mm512_set1_epi32(begin)) &
                             _mm512_cmplt_epi32_mask(index, _mm512_set1_epi32(end));
    return _mm512_mask_blend_ps(inside, other, a);
  }
  // Exact, so in any order.
  static int32_t SumOfLanes(Ints a) {
    const __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti32x8_epi32(a, 1));
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
  static int32_t LargestLane(Ints a) {
    const __m256i eight = _mm256_max_epi32(_mm512_castsi512_si256(a), _mm512_extracti32x8_epi32(a, 1));
    const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
  // The fixed tree: lane j + lane j + 8, then + 4, + 2, + 1.
  static float TreeAdd(Floats a) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float TreeMax(Floats a) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }

 private:
  // A code's sign at bit 31 and the rest from bit 20 on: a float with the bias 7 + 8 instead of 127, less 112 by the
  // bits that are set.
  static Floats FloatFromMovedE4M3(__m512i moved) {
    const __m512i kept = _mm512_set1_epi32(static_cast<int>(0x87f00000));
    return Float(_mm512_ternarylogic_epi32(moved, kept, _mm512_set1_epi32(0x38000000), 0xea));  // and, or
  }
  static __m512i DotVnni(__m512i sum, __m512i codes, __m512i activations) {
#ifdef __AVX512VNNI__
    return _mm512_dpbusd_epi32(sum, codes, activations);
#else
    (void)codes;
    (void)activations;
    return sum;  // never instantiated: kVnni is true only where the instruction is there
#endif
  }
};

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_ISA_VEC_AVX512_H_
