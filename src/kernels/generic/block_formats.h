// How the kernels read each quantised format from a panel: one small class a format, on any vector type.
//
// A format's unit (kernels/panel_layout.h) is kBlocks blocks of 32 columns. `Pair` gives the codes of chunks c and c +
// 4 of a block (16 rows x 4 columns each; the vector sees kLanes of the rows, from `row`). `LoadScales` reads what
// scales them. The formula that joins them is in generic/matmul.h.
//   kOffset       value = code - kOffset; removed by starting the dot product from -kOffset * (sum of activations)
//   kLargestCode  no code is larger
//   kMinimum      a minimum is subtracted
//   kTwoScales    integer scales (and minima) per 16 columns instead of one float scale per 32
#ifndef CANDOR_KERNELS_GENERIC_BLOCK_FORMATS_H_
#define CANDOR_KERNELS_GENERIC_BLOCK_FORMATS_H_

#include "kernels/panel_layout.h"
#include "kernels/spec/blocks.h"

namespace candor {
namespace {

// Scales of one unit for kLanes rows. `scale` and `minimum` per block of 32; with kTwoScales `d` and `dmin` are the
// float factors of the unit, and the integers are per 16 columns.
template <class V, int kBlocks>
struct FloatScales {
  typename V::Floats scale[kBlocks];
  typename V::Floats minimum[kBlocks];
};
template <class V, int kBlocks>
struct IntegerScales {
  typename V::Floats d;
  typename V::Floats dmin;
  typename V::Ints scale[2 * kBlocks];
  typename V::Ints minimum[2 * kBlocks];
};

template <class V, int kChunk>
[[gnu::always_inline]] inline void NibblePair(const std::byte* nibbles, int row, typename V::Bytes& low,
                                              typename V::Bytes& high) {
  const typename V::Bytes both = V::LoadBytes(nibbles + (kChunk * panel::kRows + row) * 4);
  low = V::And(both, 15);
  high = V::And(V::template ShiftRight<4>(both), 15);
}

// Moves bits of every byte by kTo - kFrom places, then keeps `kMask`.
template <class V, int kFrom, int kTo, uint8_t kMask>
[[gnu::always_inline]] inline typename V::Bytes MoveBits(typename V::Bytes a) {
  if constexpr (kFrom < kTo) {
    return V::And(V::template ShiftLeft<kTo - kFrom>(a), kMask);
  } else if constexpr (kFrom > kTo) {
    return V::And(V::template ShiftRight<kFrom - kTo>(a), kMask);
  } else {
    return V::And(a, kMask);
  }
}

// Bits 2 kPair and 2 kPair + 1 of every byte, as a number of weight 2^kTo.
template <class V, int kTo, int kPair>
[[gnu::always_inline]] inline typename V::Bytes TwoBits(typename V::Bytes a) {
  return MoveBits<V, 2 * kPair, kTo, 3 << kTo>(a);
}

// Bit kBit of every byte, moved to bit kTo.
template <class V, int kTo, int kBit>
[[gnu::always_inline]] inline typename V::Bytes OneBit(typename V::Bytes a) {
  return MoveBits<V, kBit, kTo, 1 << kTo>(a);
}

// What the formats with one block a unit share.
template <class V>
struct SimpleFormat {
  static constexpr int kBlocks = 1;
  static constexpr bool kMinimum = false;
  static constexpr bool kTwoScales = false;
  using Scales = FloatScales<V, 1>;
};

template <class V>
struct Q4_0Format : SimpleFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ4_0Unit;
  static constexpr int kLargestCode = 15;
  static constexpr int kOffset = spec::OffsetOf(TensorType::kQ4_0);
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 1>& s) {
    s.scale[0] = V::LoadHalves(unit + panel::kQ4Halves + 2 * row);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit, row, low, high);
  }
};

template <class V>
struct Q4_1Format : SimpleFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ4_1Unit;
  static constexpr int kLargestCode = 15;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 1>& s) {
    s.scale[0] = V::LoadHalves(unit + panel::kQ4Halves + 2 * row);
    s.minimum[0] = V::Sub(V::Set(0.0f), V::LoadHalves(unit + panel::kQ4Halves + panel::kHalfScales + 2 * row));
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit, row, low, high);
  }
};

template <class V>
struct Q5_0Format : SimpleFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ5_0Unit;
  static constexpr int kLargestCode = 31;
  static constexpr int kOffset = spec::OffsetOf(TensorType::kQ5_0);
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 1>& s) {
    s.scale[0] = V::LoadHalves(unit + panel::kQ5Halves + 2 * row);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit, row, low, high);
    const typename V::Bytes bits = V::LoadBytes(unit + panel::kQ5High + row * 4);
    low = V::Or(low, OneBit<V, 4, kChunk>(bits));
    high = V::Or(high, OneBit<V, 4, kChunk + 4>(bits));
  }
};

template <class V>
struct Q5_1Format : SimpleFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ5_1Unit;
  static constexpr int kLargestCode = 31;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 1>& s) {
    const std::byte* scales = unit + panel::kQ5Halves + 2 * row;
    s.scale[0] = V::LoadHalves(scales);
    s.minimum[0] = V::Sub(V::Set(0.0f), V::LoadHalves(scales + panel::kHalfScales));
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    Q5_0Format<V>::template Pair<kChunk>(unit, block, row, low, high);
  }
};

template <class V>
struct Q8_0Format : SimpleFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ8_0Unit;
  static constexpr int kOffset = spec::OffsetOf(TensorType::kQ8_0);
  static constexpr int kLargestCode = 255;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 1>& s) {
    s.scale[0] = V::LoadHalves(unit + panel::kQ8_0Halves + 2 * row);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    low = V::LoadBytes(unit + (kChunk * panel::kRows + row) * 4);
    high = V::LoadBytes(unit + ((kChunk + 4) * panel::kRows + row) * 4);
  }
};

// The integers of a codebook plus an offset that leaves none negative: what codes are looked up as.
struct Lookup16 {
  constexpr Lookup16(const int8_t* codebook, int offset) : bytes() {
    for (int i = 0; i < 16; ++i) bytes[i] = static_cast<uint8_t>(codebook[i] + offset);
  }
  uint8_t bytes[16];
};
inline constexpr int kIq4Offset = 128;
inline constexpr int kFp4Offset = 16;
inline constexpr Lookup16 kIq4Lookup(spec::kIq4Values, kIq4Offset);
inline constexpr Lookup16 kFp4Lookup(spec::kFp4DoubledValues, kFp4Offset);

template <class V>
struct Iq4NlFormat : Q4_0Format<V> {
  static constexpr int kOffset = kIq4Offset;
  static constexpr int kLargestCode = 255;
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit, row, low, high);
    low = V::Lookup(kIq4Lookup.bytes, low);
    high = V::Lookup(kIq4Lookup.bytes, high);
  }
};

template <class V>
struct Mxfp4Format : SimpleFormat<V> {
  static constexpr size_t kUnitBytes = panel::kMxfp4Unit;
  static constexpr int kLargestCode = 28;
  static constexpr int kOffset = kFp4Offset;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 1>& s) {
    // Half of 2^(code - 127): the exponent field code - 1; two subnormal cases below it.
    alignas(64) float scale[V::kLanes];
    const auto* codes = reinterpret_cast<const uint8_t*>(unit + panel::kMxfp4Scales + row);
    for (int i = 0; i < V::kLanes; ++i) scale[i] = spec::HalvedFloatFromE8M0(codes[i]);
    s.scale[0] = V::Load(scale);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit, row, low, high);
    low = V::Lookup(kFp4Lookup.bytes, low);
    high = V::Lookup(kFp4Lookup.bytes, high);
  }
};

// What the formats with eight blocks a unit share.
template <class V>
struct SuperFormat {
  static constexpr int kBlocks = 8;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = false;
  static constexpr bool kTwoScales = false;
  using Scales = FloatScales<V, 8>;
};

// The 6-bit scales and minima of Q4_K and Q5_K.
template <class V>
void LoadScales6(const std::byte* scales, int row, FloatScales<V, 8>& s) {
  using Ints = typename V::Ints;
  const Ints high = V::LoadInts(scales + panel::kScales6High + 4 * row);
  const std::byte* halves = scales + panel::kScales6Halves + 2 * row;
  const typename V::Floats d = V::LoadHalves(halves);
  const typename V::Floats dmin = V::LoadHalves(halves + panel::kHalfScales);
  const Ints nibble = V::SetInt(15);
  const Ints top = V::SetInt(0x30);
#pragma GCC unroll 8
  for (int j = 0; j < 8; ++j) {
    const Ints low = V::LoadUint8(scales + j * panel::kRows + row);
    const Ints scale_high = 2 * j < 4 ? V::ShiftLeftInts(high, 4 - 2 * j) : V::ShiftRightInts(high, 2 * j - 4);
    const Ints minimum_high = V::ShiftRightInts(high, 12 + 2 * j);
    const Ints scale = V::OrInts(V::AndInts(low, nibble), V::AndInts(scale_high, top));
    const Ints minimum = V::OrInts(V::ShiftRightInts(low, 4), V::AndInts(minimum_high, top));
    s.scale[j] = V::Mul(d, V::ToFloat(scale));
    s.minimum[j] = V::Mul(dmin, V::ToFloat(minimum));
  }
}

template <class V>
struct Q4_KFormat : SuperFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ4_KUnit;
  static constexpr int kLargestCode = 15;
  static constexpr bool kMinimum = true;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 8>& s) {
    LoadScales6<V>(unit + panel::kQ4_KScales, row, s);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit + static_cast<size_t>(block) * panel::kNibbles, row, low, high);
  }
};

template <class V>
struct Q5_KFormat : SuperFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ5_KUnit;
  static constexpr int kLargestCode = 31;
  static constexpr bool kMinimum = true;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 8>& s) {
    LoadScales6<V>(unit + panel::kQ5_KScales, row, s);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit + static_cast<size_t>(block) * panel::kNibbles, row, low, high);
    const std::byte* bits_at = unit + panel::kQ5_KHigh + static_cast<size_t>(block) * panel::kHighBits;
    const typename V::Bytes bits = V::LoadBytes(bits_at + row * 4);
    low = V::Or(low, OneBit<V, 4, kChunk>(bits));
    high = V::Or(high, OneBit<V, 4, kChunk + 4>(bits));
  }
};

template <class V>
struct Q6_KFormat : SuperFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ6_KUnit;
  static constexpr int kLargestCode = 63;
  static constexpr int kOffset = spec::OffsetOf(TensorType::kQ6_K);
  static constexpr bool kTwoScales = true;
  using Scales = IntegerScales<V, 8>;
  static void LoadScales(const std::byte* unit, int row, Scales& s) {
    s.d = V::LoadHalves(unit + panel::kQ6_KHalves + 2 * row);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) s.scale[i] = V::LoadInt8(unit + panel::kQ6_KScales + i * panel::kRows + row);
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    NibblePair<V, kChunk>(unit + static_cast<size_t>(block) * panel::kNibbles, row, low, high);
    const std::byte* pairs = unit + panel::kQ6_KPairs + static_cast<size_t>(block) * panel::kPairs;
    low = V::Or(low, TwoBits<V, 4, kChunk>(V::LoadBytes(pairs + row * 4)));
    high = V::Or(high, TwoBits<V, 4, kChunk>(V::LoadBytes(pairs + panel::kPairs / 2 + row * 4)));
  }
};

template <class V>
struct Q2_KFormat : SuperFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ2_KUnit;
  static constexpr int kLargestCode = 3;
  static constexpr bool kTwoScales = true;
  static constexpr bool kMinimum = true;
  using Scales = IntegerScales<V, 8>;
  static void LoadScales(const std::byte* unit, int row, Scales& s) {
    const std::byte* halves = unit + panel::kQ2_KHalves + 2 * row;
    s.d = V::LoadHalves(halves);
    s.dmin = V::LoadHalves(halves + panel::kHalfScales);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      const typename V::Ints both = V::LoadUint8(unit + panel::kQ2_KScales + i * panel::kRows + row);
      s.scale[i] = V::AndInts(both, V::SetInt(15));
      s.minimum[i] = V::ShiftRightInts(both, 4);
    }
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    const std::byte* pairs = unit + static_cast<size_t>(block) * panel::kPairs;
    low = TwoBits<V, 0, kChunk>(V::LoadBytes(pairs + row * 4));
    high = TwoBits<V, 0, kChunk>(V::LoadBytes(pairs + panel::kPairs / 2 + row * 4));
  }
};

template <class V>
struct Q3_KFormat : SuperFormat<V> {
  static constexpr size_t kUnitBytes = panel::kQ3_KUnit;
  static constexpr int kLargestCode = 7;
  static constexpr int kOffset = spec::OffsetOf(TensorType::kQ3_K);
  static constexpr bool kTwoScales = true;
  using Scales = IntegerScales<V, 8>;
  static void LoadScales(const std::byte* unit, int row, Scales& s) {
    using Ints = typename V::Ints;
    const std::byte* scales = unit + panel::kQ3_KScales;
    const Ints high = V::LoadInts(scales + panel::kScales6High + 4 * row);
    s.d = V::LoadHalves(scales + panel::kScales6Halves + 2 * row);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const Ints low = V::LoadUint8(scales + j * panel::kRows + row);
      const Ints first = V::AndInts(V::ShiftRightInts(high, 4 * j), V::SetInt(3));
      const Ints second = V::AndInts(V::ShiftRightInts(high, 4 * j + 2), V::SetInt(3));
      s.scale[2 * j] = V::Sub(V::OrInts(V::AndInts(low, V::SetInt(15)), V::ShiftLeftInts(first, 4)), V::SetInt(32));
      s.scale[2 * j + 1] = V::Sub(V::OrInts(V::ShiftRightInts(low, 4), V::ShiftLeftInts(second, 4)), V::SetInt(32));
    }
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    Q2_KFormat<V>::template Pair<kChunk>(unit, block, row, low, high);
    const std::byte* bits_at = unit + panel::kQ3_KHigh + static_cast<size_t>(block) * panel::kHighBits;
    const typename V::Bytes bits = V::LoadBytes(bits_at + row * 4);
    low = V::Or(low, OneBit<V, 2, kChunk>(bits));
    high = V::Or(high, OneBit<V, 2, kChunk + 4>(bits));
  }
};

template <class V>
struct Iq4XsFormat : SuperFormat<V> {
  static constexpr size_t kUnitBytes = panel::kIQ4_XSUnit;
  static constexpr int kOffset = kIq4Offset;
  static constexpr int kLargestCode = 255;
  static void LoadScales(const std::byte* unit, int row, FloatScales<V, 8>& s) {
    using Ints = typename V::Ints;
    const std::byte* scales = unit + panel::kIQ4_XSScales;
    const Ints high = V::LoadUint16(unit + panel::kIQ4_XSHigh + 2 * row);
    const typename V::Floats d = V::LoadHalves(unit + panel::kIQ4_XSHalves + 2 * row);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const Ints both = V::LoadUint8(scales + j / 2 * panel::kRows + row);
      const Ints low = j % 2 == 0 ? V::AndInts(both, V::SetInt(15)) : V::ShiftRightInts(both, 4);
      const Ints top = V::AndInts(V::ShiftRightInts(high, 2 * j), V::SetInt(3));
      s.scale[j] = V::Mul(d, V::ToFloat(V::Sub(V::OrInts(low, V::ShiftLeftInts(top, 4)), V::SetInt(32))));
    }
  }
  template <int kChunk>
  [[gnu::always_inline]] static void Pair(const std::byte* unit, int block, int row, typename V::Bytes& low,
                                          typename V::Bytes& high) {
    Iq4NlFormat<V>::template Pair<kChunk>(unit + static_cast<size_t>(block) * panel::kNibbles, 0, row, low, high);
  }
};

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_BLOCK_FORMATS_H_
