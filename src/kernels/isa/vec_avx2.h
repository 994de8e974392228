// The vector type of AVX2 with FMA and F16C: 8 lanes. `kVnni` chooses the dot product (AVX-VNNI).
#ifndef CANDOR_KERNELS_ISA_VEC_AVX2_H_
#define CANDOR_KERNELS_ISA_VEC_AVX2_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace candor {
namespace {

template <bool kVnni>
struct Avx2 {
  static constexpr int kLanes = 8;
  static constexpr int kMaxTile = 4;
  static constexpr int kBlockRows = 3;
  static constexpr int kBlockVectors = 2;
  // See PairProducts. Codes above 127 are then multiplied as signed numbers.
  static constexpr bool kPairSums = !kVnni;

  using Bytes = __m256i;
  using Ints = __m256i;
  using Floats = __m256;

  static Bytes LoadBytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  // Makes the compiler forget what it knows of a value.
  static void Opaque(Bytes& a) { __asm__ volatile("" : "+x"(a)); }
  static Bytes And(Bytes a, uint8_t mask) { return _mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(mask))); }
  static Bytes Or(Bytes a, Bytes b) { return _mm256_or_si256(a, b); }
  template <int kBits>
  static Bytes ShiftLeft(Bytes a) {
    return _mm256_slli_epi16(a, kBits);
  }
  template <int kBits>
  static Bytes ShiftRight(Bytes a) {
    return _mm256_srli_epi16(a, kBits);
  }
  static Bytes Lookup(const uint8_t* table16, Bytes index) {
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table16)));
    return _mm256_shuffle_epi8(table, index);
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
    return Dot<kWide>(sum, codes, SetFour(x));
  }
  // The two halves of a dot product without VNNI: products summed by twos in 16 bits, and those sums by twos in 32.
  template <bool kWide>
  static Ints PairProducts(Bytes codes, Ints activations) {
    if constexpr (kWide) {
      // Code - 128 as a magnitude and a sign, because 255 * 127 * 2 would saturate 16 bits. |-128| is 128 unsigned.
      const __m256i value = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
      return _mm256_maddubs_epi16(_mm256_abs_epi8(value), _mm256_sign_epi8(activations, value));
    } else {
      return _mm256_maddubs_epi16(codes, activations);
    }
  }
  static Ints AddPairs(Ints a, Ints b) { return _mm256_add_epi16(a, b); }
  static Ints SumPairs(Ints pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }
  // The codes of even (kOdd: odd) columns as int16; WordProducts multiplies them with the two int16 at `x` and sums by
  // twos in 32 bits.
  template <bool kOdd>
  static Ints Words(Bytes codes) {
    return kOdd ? _mm256_srli_epi16(codes, 8) : _mm256_and_si256(codes, _mm256_set1_epi16(255));
  }
  static Ints WordProducts(Ints words, const int8_t* x) { return _mm256_madd_epi16(words, SetFour(x)); }
  static Ints SetFour(const int8_t* x) {
    int32_t four;
    memcpy(&four, x, 4);
    return SetInt(four);
  }

  static Ints SetInt(int32_t a) { return _mm256_set1_epi32(a); }
  static Ints Add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  static Ints Sub(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  static Ints Mul(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
  static Ints AndInts(Ints a, Ints b) { return _mm256_and_si256(a, b); }
  static Ints OrInts(Ints a, Ints b) { return _mm256_or_si256(a, b); }
  static Ints MaxInts(Ints a, Ints b) { return _mm256_max_epi32(a, b); }
  static Ints ShiftLeftInts(Ints a, int bits) { return _mm256_slli_epi32(a, bits); }
  static Ints ShiftRightInts(Ints a, int bits) { return _mm256_srli_epi32(a, bits); }
  static Ints ShiftRightSigned(Ints a, int bits) { return _mm256_srai_epi32(a, bits); }
  static Ints LoadInts(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static Ints LoadUint8(const void* p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))); }
  static Ints LoadInt8(const void* p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))); }
  static Ints LoadUint16(const void* p) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  }
  static void StoreInt8(Ints a, void* p) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storel_epi64(static_cast<__m128i*>(p), _mm_packs_epi16(words, words));
  }
  // int16 of columns 0, 2, 1, 3 of each four: as Words has the codes.
  static void StoreInt16(Ints a, void* p) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
    _mm_storeu_si128(static_cast<__m128i*>(p), _mm_shuffle_epi8(words, order));
  }

  static Floats Set(float a) { return _mm256_set1_ps(a); }
  static Floats Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(Floats a, float* p) { _mm256_storeu_ps(p, a); }
  static Floats LoadHalves(const void* p) { return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
  // E4M3 codes of kLanes rows, those of four columns in each dword, to floats by column, divided by 256: exact but for
  // codes with an exponent of zero (generic/fp8.h). True when there may be such codes.
  static bool LoadE4M3(const void* p, Floats (&value)[4]) {
    const __m256i odd = _mm256_loadu_si256(static_cast<const __m256i*>(p));
    const __m256i even = _mm256_slli_epi32(odd, 8);
    // The low word with its sign, times 2^12: its upper byte comes to where the others are.
    const __m256i low_word = _mm256_set1_epi32(4096);
    value[0] = FloatFromMovedE4M3(_mm256_madd_epi16(even, low_word));
    value[1] = FloatFromMovedE4M3(_mm256_madd_epi16(odd, low_word));
    value[2] = FloatFromMovedE4M3(_mm256_srai_epi32(even, 4));
    value[3] = FloatFromMovedE4M3(_mm256_srai_epi32(odd, 4));
    const __m256i exponent = _mm256_and_si256(odd, _mm256_set1_epi8(0x78));
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(exponent, _mm256_setzero_si256())) != 0;
  }
  static Floats LoadBfloat16(const void* p) { return Float(ShiftLeftInts(LoadUint16(p), 16)); }
  static void StoreHalves(Floats a, void* p) {
    _mm_storeu_si128(static_cast<__m128i*>(p), _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }
  static Floats ToFloat(Ints a) { return _mm256_cvtepi32_ps(a); }
  static Floats Float(Ints bits) { return _mm256_castsi256_ps(bits); }
  static Ints Int(Floats bits) { return _mm256_castps_si256(bits); }
  static Floats Add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats Sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static Floats Mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats Div(Floats a, Floats b) { return _mm256_div_ps(a, b); }
  static Floats Sqrt(Floats a) { return _mm256_sqrt_ps(a); }
  static Floats Fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  static Floats Min(Floats a, Floats b) { return _mm256_min_ps(a, b); }
  static Floats Max(Floats a, Floats b) { return _mm256_max_ps(a, b); }
  static Floats SelectLess(Floats a, Floats b, Floats yes, Floats no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }
  static Floats SelectRange(Floats a, int offset, int begin, int end, Floats other) {
    const __m256i index = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(offset));
    const __m256i inside = _mm256_and_si256(_mm256_cmpgt_epi32(index, _mm256_set1_epi32(begin - 1)),
                                            _mm256_cmpgt_epi32(_mm256_set1_epi32(end), index));
    return _mm256_blendv_ps(other, a, _mm256_castsi256_ps(inside));
  }
  static int32_t SumOfLanes(Ints eight) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
  static int32_t LargestLane(Ints eight) {
    const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
  static float TreeAdd(Floats eight) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float TreeMax(Floats eight) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }

 private:
  // A code's sign at bit 31 and the rest from bit 20 on: a float with the bias 7 + 8 instead of 127, less 112 by the
  // bits that are set.
  static Floats FloatFromMovedE4M3(__m256i moved) {
    const __m256i kept = _mm256_and_si256(moved, _mm256_set1_epi32(static_cast<int>(0x87f00000)));
    return Float(_mm256_or_si256(kept, _mm256_set1_epi32(0x38000000)));
  }
  static __m256i DotVnni(__m256i sum, __m256i codes, __m256i activations) {
#if defined(__AVXVNNI__)
    return _mm256_dpbusd_avx_epi32(sum, codes, activations);
#elif defined(__AVX512VNNI__)
    return _mm256_dpbusd_epi32(sum, codes, activations);
#else
    (void)codes;
    (void)activations;
    return sum;  // never instantiated: kVnni is true only where the instruction is there
#endif
  }
};

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_ISA_VEC_AVX2_H_
