// Products of a batch's rows with weights: the inputs are prepared once, then any number of matrices is multiplied.
#ifndef CANDOR_MODEL_LINEAR_H_
#define CANDOR_MODEL_LINEAR_H_

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/packed_matrix.h"

namespace candor {

// A product out = W x + bias. `out` is [rows][stride] with a stride of at least OutputStride(W).
struct Product {
  const PackedMatrix* weights;
  const float* bias;  // [16 * panels], or null
  float* out;
  size_t stride;
};

// Outputs are computed in panels of 16: a row of them may be longer than the matrix has rows.
inline size_t OutputStride(size_t rows) { return (rows + 15) / 16 * 16; }

// The kind of activations that a matrix is multiplied with.
ActivationKind KindFor(const PackedMatrix& weights, bool exact, bool head);

// What a group of products that share their inputs needs them as.
struct InputKinds {
  bool exact = false;  // float activations for every type
  bool head = false;   // 15-bit integers instead of 8
  bool integers = false;
  bool floats = false;

  // Adds what `weights` needs.
  void Add(const PackedMatrix& weights) {
    (KindFor(weights, exact, head) == ActivationKind::kFloat ? floats : integers) = true;
  }
};

// The prepared inputs of one product or of several that share them. Threads may convert different tiles at the same
// time; a barrier comes before Multiply().
class Activations {
 public:
  // Room for `rows` rows of `columns` values in the given kinds.
  Activations(const KernelTable& kernels, size_t rows, size_t columns);

  // Converts rows [first, first + tile) of `x` ([rows][stride]); `first` is where a tile begins.
  void ConvertTile(const InputKinds& kinds, const float* x, size_t stride, size_t columns, int first, int tile) {
    ConvertTile(kinds, x, stride, columns, first, tile, {0, columns});
  }
  // The same for some of the columns; `part` begins at a multiple of 32. Threads may convert different parts.
  void ConvertTile(const InputKinds& kinds, const float* x, size_t stride, size_t columns, int first, int tile,
                   Range part) {
    ConvertRows(kinds, x + static_cast<size_t>(first) * stride, stride, columns, static_cast<size_t>(first), tile,
                part);
  }
  // The same for rows from somewhere: x is the tile's first row, `place` the first of the places that it takes here.
  void ConvertRows(const InputKinds& kinds, const float* x, size_t stride, size_t columns, size_t place, int tile,
                   Range part);
  const std::byte* of(ActivationKind kind) const {
    return kind == ActivationKind::kFloat ? floats_.data() : integers_.data();
  }

 private:
  const KernelTable& kernels_;
  HugeBuffer integers_, floats_;
};

// The unit in which threads divide a matrix: 32 outputs.
inline constexpr size_t kUnitOutputs = 32;
inline size_t Units(const PackedMatrix& weights) { return (weights.rows() + kUnitOutputs - 1) / kUnitOutputs; }

// A part of a batch's products: some rows, and some units of outputs.
struct ProductPart {
  int first_row;  // where an activation tile begins
  int rows;
  Range units;
};

// How `rows` rows by `units` units are divided into parts: rows in groups whose inputs stay in the second-level cache,
// and of each group as many units as make a part worth taking.
class ProductParts {
 public:
  // `like` stands for all matrices that share the inputs.
  ProductParts(const KernelTable& kernels, int rows, size_t units, const PackedMatrix& like, const InputKinds& kinds);

  size_t size() const { return static_cast<size_t>(groups_) * UnitParts(); }
  ProductPart operator[](size_t index) const {
    const int first = static_cast<int>(index / UnitParts()) * group_rows_;
    const size_t unit = index % UnitParts() * grain_;
    return {first, std::min(group_rows_, rows_ - first), {unit, std::min(unit + grain_, units_)}};
  }
  // Calls `use(part)` for the parts that this thread comes to (Worker::ForParts): a barrier comes before the next call.
  template <class Use>
  void ForEach(Worker& worker, Use use) const {
    worker.ForParts(size(), 1, [&](Range item) { use((*this)[item.begin]); });
  }

 private:
  size_t UnitParts() const { return (units_ + grain_ - 1) / grain_; }

  int rows_;
  size_t units_;
  int groups_;
  int group_rows_;
  size_t grain_;
};

// Computes one part of one product. The part's rows are those behind `first_input` in the activations.
void Multiply(const KernelTable& kernels, const ProductPart& part, const Activations& activations,
              const InputKinds& kinds, const Product& product, size_t first_input = 0);

// Computes all products together with the other threads; the units are those of the list in order.
void Multiply(const KernelTable& kernels, Worker& worker, const Activations& activations, const InputKinds& kinds,
              int rows, std::span<const Product> products);

}  // namespace candor

#endif  // CANDOR_MODEL_LINEAR_H_
