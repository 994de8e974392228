#include "model/linear.h"

#include <algorithm>

namespace candor {
ActivationKind KindFor(const PackedMatrix& weights, bool exact, bool head) {
  if (exact || InfoOf(weights.type()).block_values == 1) return ActivationKind::kFloat;
  return head ? ActivationKind::kInt15 : ActivationKind::kInt8;
}

Activations::Activations(const KernelTable& kernels, size_t rows, size_t columns)
    : kernels_(kernels),
      integers_(rows * ActivationBytes(ActivationKind::kInt15, columns)),
      floats_(rows * ActivationBytes(ActivationKind::kFloat, columns)) {}

void Activations::ConvertTile(const InputKinds& kinds, const float* x, size_t stride, size_t columns, int first,
                              int tile, Range part) {
  const float* from = x + static_cast<size_t>(first) * stride + part.begin;
  const auto convert = [&](ActivationKind kind, HugeBuffer& to) {
    std::byte* out = to.data() + static_cast<size_t>(first) * ActivationBytes(kind, columns) +
                     static_cast<size_t>(tile) * ActivationBytes(kind, part.begin);
    kernels_.make_activations(kind, from, stride, tile, static_cast<int>(part.end - part.begin), out);
  };
  if (kinds.integers) convert(kinds.head ? ActivationKind::kInt15 : ActivationKind::kInt8, integers_);
  if (kinds.floats) convert(ActivationKind::kFloat, floats_);
}

void Multiply(const KernelTable& kernels, Range units, const Activations& activations, const InputKinds& kinds,
              int rows, const Product& product) {
  constexpr uint32_t kUnitPanels = kUnitOutputs / PackedMatrix::kPanelRows;
  if (units.begin >= units.end) return;
  const ActivationKind kind = KindFor(*product.weights, kinds.exact, kinds.head);
  kernels.matmul({.weights = product.weights->view(),
                  .kind = kind,
                  .activations = activations.of(kind),
                  .tokens = rows,
                  .panel_begin = static_cast<uint32_t>(units.begin) * kUnitPanels,
                  .panel_end = std::min(static_cast<uint32_t>(units.end) * kUnitPanels, product.weights->panels()),
                  .bias = product.bias,
                  .out = product.out,
                  .out_stride = product.stride});
}

void Multiply(const KernelTable& kernels, const Worker& worker, const Activations& activations, const InputKinds& kinds,
              int rows, std::span<const Product> products) {
  size_t units = 0;
  for (const Product& product : products) units += Units(*product.weights);
  const Range share = worker.Share(units);
  size_t first = 0;  // unit of the list at which the current matrix begins
  for (const Product& product : products) {
    const size_t own = Units(*product.weights);
    const size_t begin = std::max(share.begin, first);
    const size_t end = std::min(share.end, first + own);
    if (begin < end) Multiply(kernels, {begin - first, end - first}, activations, kinds, rows, product);
    first += own;
  }
}

}  // namespace candor
