#include "model/linear.h"

#include <algorithm>

namespace candor {
namespace {

// 32 outputs: the unit in which threads divide a matrix.
constexpr uint32_t kUnitPanels = 2;

size_t Units(const PackedMatrix& weights) { return (weights.panels() + kUnitPanels - 1) / kUnitPanels; }

}  // namespace

ActivationKind KindFor(const PackedMatrix& weights, bool exact, bool head) {
  if (exact || InfoOf(weights.type()).block_values == 1) return ActivationKind::kFloat;
  return head ? ActivationKind::kInt15 : ActivationKind::kInt8;
}

Activations::Activations(const KernelTable& kernels, size_t rows, size_t columns)
    : kernels_(kernels),
      integers_(rows * ActivationBytes(ActivationKind::kInt15, columns)),
      floats_(rows * ActivationBytes(ActivationKind::kFloat, columns)) {}

void Activations::ConvertTile(const InputKinds& kinds, const float* x, size_t stride, size_t columns, int first,
                              int tile) {
  const auto convert = [&](ActivationKind kind, HugeBuffer& to) {
    kernels_.make_activations(kind, x + static_cast<size_t>(first) * stride, stride, tile, static_cast<int>(columns),
                              to.data() + static_cast<size_t>(first) * ActivationBytes(kind, columns));
  };
  if (kinds.integers) convert(kinds.head ? ActivationKind::kInt15 : ActivationKind::kInt8, integers_);
  if (kinds.floats) convert(ActivationKind::kFloat, floats_);
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
    if (begin < end) {
      const ActivationKind kind = KindFor(*product.weights, kinds.exact, kinds.head);
      MatmulArgs args{
          .weights = product.weights->view(),
          .kind = kind,
          .activations = activations.of(kind),
          .tokens = rows,
          .panel_begin = static_cast<uint32_t>(begin - first) * kUnitPanels,
          .panel_end = std::min(static_cast<uint32_t>(end - first) * kUnitPanels, product.weights->panels()),
          .bias = product.bias,
          .out = product.out,
          .out_stride = product.stride};
      kernels.matmul(args);
    }
    first += own;
  }
}

}  // namespace candor
