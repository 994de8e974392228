// Products of a few rows with a matrix, summed in order along the rows: the inner loop of attention.
#ifndef CANDOR_KERNELS_GENERIC_ROWS_TIMES_MATRIX_H_
#define CANDOR_KERNELS_GENERIC_ROWS_TIMES_MATRIX_H_

#include "kernels/generic/lanes16.h"

namespace candor {
namespace {

template <class V>
Lanes16<V> LoadFloats(const float* p) {
  return Lanes16<V>::Load(p);
}
template <class V>
Lanes16<V> LoadFloats(const uint16_t* p) {
  return Lanes16<V>::LoadHalves(p);
}

// A matrix [inner][stride] of floats or binary16 (Element is uint16_t then), of which `width` columns, a multiple of
// 16, are used.
template <class Element>
struct MatrixView {
  const Element* data;
  int width;
  int stride;
};

// sum over i of a[r][i] * b[i][column + ...], i in order, from 0. `take(sum, out[r] + lane, lane)` gets 16 sums at a
// time, which begin at column `lane`.
template <class V, int kRows, int kVectors, class Element, class Take>
void Block(const float* const* a, int inner, const MatrixView<Element>& b, int column, float* const* out,
           const Take& take) {
  using L = Lanes16<V>;
  L sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = L::Set(0.0f);
  }
  const Element* row = b.data + column;
  for (int i = 0; i < inner; ++i, row += b.stride) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const L vector = LoadFloats<V>(row + 16 * v);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) sum[r][v] = L::Fma(L::Set(a[r][i]), vector, sum[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) take(sum[r][v], out[r] + column + 16 * v, column + 16 * v);
  }
}

template <class V, int kRows, class Element, class Take>
void RowsTimesMatrix(const float* const* a, int inner, const MatrixView<Element>& b, float* const* out,
                     const Take& take) {
  int column = 0;
  for (; column + 16 * V::kBlockVectors <= b.width; column += 16 * V::kBlockVectors) {
    Block<V, kRows, V::kBlockVectors>(a, inner, b, column, out, take);
  }
  for (; column < b.width; column += 16) Block<V, kRows, 1>(a, inner, b, column, out, take);
}

template <class V, class Element, class Take>
void Multiply(const float* const* a, int rows, int inner, const MatrixView<Element>& b, float* const* out,
              const Take& take) {
  int row = 0;
  for (; row + V::kBlockRows <= rows; row += V::kBlockRows) {
    RowsTimesMatrix<V, V::kBlockRows>(a + row, inner, b, out + row, take);
  }
  constexpr int kFew = V::kBlockRows >= 4 ? V::kBlockRows / 2 : 1;
  for (; row + kFew <= rows; row += kFew) RowsTimesMatrix<V, kFew>(a + row, inner, b, out + row, take);
  for (; row < rows; ++row) RowsTimesMatrix<V, 1>(a + row, inner, b, out + row, take);
}

// The same into out[r][0, width).
template <class V, class Element>
void Multiply(const float* const* a, int rows, int inner, const MatrixView<Element>& b, float* const* out) {
  Multiply<V>(a, rows, inner, b, out, [](Lanes16<V> sum, float* to, int) { sum.Store(to); });
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ROWS_TIMES_MATRIX_H_
