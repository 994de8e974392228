#include "model/linear.h"

#include <algorithm>

namespace candor {
namespace {

// Inputs of a group of rows: a part of a second-level cache, beside the panel in use.
constexpr size_t kGroupBytes = 192 << 10;
// Weights of a part when few rows are multiplied: some microseconds.
constexpr size_t kPartBytes = 32 << 10;

}  // namespace

ActivationKind KindFor(const PackedMatrix& weights, bool exact, bool head) {
  if (exact || TakesFloatActivations(weights.type())) return ActivationKind::kFloat;
  return head ? ActivationKind::kInt15 : ActivationKind::kInt8;
}

Activations::Activations(const KernelTable& kernels, size_t rows, size_t columns)
    : kernels_(kernels),
      integers_(rows * ActivationBytes(ActivationKind::kInt15, columns)),
      floats_(rows * ActivationBytes(ActivationKind::kFloat, columns)) {}

void Activations::ConvertRows(const InputKinds& kinds, const float* x, size_t stride, size_t columns, size_t place,
                              int tile, Range part) {
  const auto convert = [&](ActivationKind kind, HugeBuffer& to) {
    std::byte* out = to.data() + place * ActivationBytes(kind, columns) +
                     static_cast<size_t>(tile) * ActivationBytes(kind, part.begin);
    kernels_.make_activations(kind, x + part.begin, stride, tile, static_cast<int>(part.end - part.begin), out);
  };
  if (kinds.integers) convert(kinds.head ? ActivationKind::kInt15 : ActivationKind::kInt8, integers_);
  if (kinds.floats) convert(ActivationKind::kFloat, floats_);
}

ProductParts::ProductParts(const KernelTable& kernels, int rows, size_t units, const PackedMatrix& like,
                           const InputKinds& kinds)
    : rows_(rows), units_(units) {
  const size_t row_bytes = ActivationBytes(KindFor(like, kinds.exact, kinds.head), like.cols());
  const int most = std::max(1, static_cast<int>(kGroupBytes / row_bytes));
  groups_ = (rows + most - 1) / most;
  const int tiles = (rows + kernels.max_tile - 1) / kernels.max_tile;
  group_rows_ = (tiles + groups_ - 1) / groups_ * kernels.max_tile;
  groups_ = (rows + group_rows_ - 1) / group_rows_;
  const size_t unit_bytes = kUnitOutputs / PackedMatrix::kPanelRows * like.panel_bytes();
  grain_ = rows > kernels.max_tile ? 1 : std::max<size_t>(kPartBytes / unit_bytes, 1);
}

void Multiply(const KernelTable& kernels, const ProductPart& part, const Activations& activations,
              const InputKinds& kinds, const Product& product, size_t first_input) {
  constexpr uint32_t kUnitPanels = kUnitOutputs / PackedMatrix::kPanelRows;
  const PackedMatrix& weights = *product.weights;
  const ActivationKind kind = KindFor(weights, kinds.exact, kinds.head);
  const auto first = static_cast<size_t>(part.first_row);
  kernels.matmul({.weights = weights.view(),
                  .kind = kind,
                  .activations = activations.of(kind) + (first_input + first) * ActivationBytes(kind, weights.cols()),
                  .tokens = part.rows,
                  .panel_begin = static_cast<uint32_t>(part.units.begin) * kUnitPanels,
                  .panel_end = std::min(static_cast<uint32_t>(part.units.end) * kUnitPanels, weights.panels()),
                  .bias = product.bias,
                  .out = product.out + first * product.stride,
                  .out_stride = product.stride});
}

void Multiply(const KernelTable& kernels, Worker& worker, const Activations& activations, const InputKinds& kinds,
              int rows, std::span<const Product> products) {
  size_t units = 0;
  for (const Product& product : products) units += Units(*product.weights);
  ProductParts(kernels, rows, units, *products[0].weights, kinds).ForEach(worker, [&](const ProductPart& part) {
    size_t first = 0;  // unit of the list at which the current matrix begins
    for (const Product& product : products) {
      const size_t own = Units(*product.weights);
      const size_t begin = std::max(part.units.begin, first);
      const size_t end = std::min(part.units.end, first + own);
      if (begin < end) {
        Multiply(kernels, {part.first_row, part.rows, {begin - first, end - first}}, activations, kinds, product);
      }
      first += own;
    }
  });
}

}  // namespace candor
