#include "model/loader.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "kernels/spec/blocks.h"

namespace candor {
namespace {

// Fills a model from the pieces of its tensors.
class Loader {
 public:
  Loader(const Checkpoint& checkpoint, ThreadPool& pool, std::vector<TensorSlot> slots, Model& model)
      : checkpoint_(checkpoint), pool_(pool), slots_(std::move(slots)), model_(model) {
    model_.weights.layers.resize(model_.config.layers.size());
    ReserveMatrices();
  }

  void Use(const TensorPiece& piece) {
    const auto [first, last] = std::equal_range(slots_.begin(), slots_.end(), TensorSlot{piece.tensor, 0, {}, {}, 0},
                                                [](const auto& a, const auto& b) { return a.tensor < b.tensor; });
    for (auto slot = first; slot != last; ++slot) {
      if (slot->shape.inputs == 0) {
        UseVector(*slot, piece);
      } else {
        UseMatrix(*slot, piece);
      }
    }
  }

 private:
  // All matrices lie in one mapping: most matrices of small models are smaller than a huge page.
  void ReserveMatrices() {
    std::vector<size_t> offsets;
    size_t bytes = 0;
    for (const TensorSlot& slot : slots_) {
      offsets.push_back(bytes);
      if (slot.shape.inputs == 0) continue;
      const size_t packed =
          PackedMatrix::PackedBytes(checkpoint_.tensors[slot.tensor].type, static_cast<uint32_t>(slot.shape.outputs),
                                    static_cast<uint32_t>(slot.shape.inputs));
      bytes = CheckedAlignUp<size_t>(CheckedAdd(bytes, packed, "packed weights"), 64, "packed weights");
    }
    const auto memory = std::make_shared<HugeBuffer>(bytes);
    for (size_t i = 0; i < slots_.size(); ++i) {
      const TensorSlot& slot = slots_[i];
      if (slot.shape.inputs == 0) continue;
      const TensorInfo& tensor = checkpoint_.tensors[slot.tensor];
      MatrixOf(slot) = PackedMatrix(tensor.type, static_cast<uint32_t>(slot.shape.outputs),
                                    static_cast<uint32_t>(slot.shape.inputs), tensor.name, memory, offsets[i]);
    }
  }

  PackedMatrix& MatrixOf(const TensorSlot& slot) {
    if (const auto* part = std::get_if<PackedMatrix ModelWeights::*>(&slot.part)) return model_.weights.**part;
    return model_.weights.layers[slot.layer].*std::get<PackedMatrix LayerWeights::*>(slot.part);
  }

  void UseMatrix(const TensorSlot& slot, const TensorPiece& piece) {
    const uint64_t begin = std::max(piece.first_row, slot.first_output);
    const uint64_t end = std::min(piece.first_row + piece.row_count, slot.first_output + slot.shape.outputs);
    if (begin >= end) return;
    const size_t row_bytes = piece.bytes.size() / piece.row_count;
    const auto bytes = piece.bytes.subspan((begin - piece.first_row) * row_bytes, (end - begin) * row_bytes);
    PackInParallel(MatrixOf(slot), static_cast<uint32_t>(begin - slot.first_output), static_cast<uint32_t>(end - begin),
                   bytes);
  }

  void PackInParallel(PackedMatrix& matrix, uint32_t first_row, uint32_t row_count, std::span<const std::byte> bytes) {
    constexpr uint32_t kRows = PackedMatrix::kPanelRows;
    const size_t row_bytes = bytes.size() / row_count;
    // Errors do not cross threads: each thread leaves its message, and the first rows' one is thrown here.
    std::vector<std::string> refusals(static_cast<size_t>(pool_.size()));
    pool_.Run([&](Worker& worker) {
      const Range panels = worker.Share((row_count + kRows - 1) / kRows);
      const uint32_t begin = static_cast<uint32_t>(panels.begin) * kRows;
      const uint32_t end = std::min(static_cast<uint32_t>(panels.end) * kRows, row_count);
      if (begin >= end) return;
      try {
        matrix.PackRows(first_row + begin, end - begin, bytes.subspan(begin * row_bytes, (end - begin) * row_bytes));
      } catch (const FormatError& error) {
        refusals[static_cast<size_t>(worker.rank())] = error.what();
      }
    });
    for (const std::string& refusal : refusals) {
      if (!refusal.empty()) throw FormatError(checkpoint_.metadata.source() + ": " + refusal);
    }
  }

  void UseVector(const TensorSlot& slot, const TensorPiece& piece) {
    const TensorInfo& tensor = checkpoint_.tensors[slot.tensor];
    const size_t element = InfoOf(tensor.type).block_bytes;
    const auto bytes = piece.bytes.subspan(slot.first_output * element, slot.shape.outputs * element);
    std::vector<float> values(slot.shape.outputs);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = spec::FloatElement(tensor.type, bytes.data() + i * element);
      if (!std::isfinite(values[i])) {
        throw FormatError(checkpoint_.metadata.source() + ": tensor " + tensor.name + ": element " +
                          std::to_string(slot.first_output + i) +
                          " is infinite or not a number; expected finite numbers");
      }
    }
    if (const auto* part = std::get_if<std::vector<float> ModelWeights::*>(&slot.part)) {
      model_.weights.** part = std::move(values);
    } else if (const auto* layer_part = std::get_if<std::vector<float> LayerWeights::*>(&slot.part)) {
      model_.weights.layers[slot.layer].** layer_part = std::move(values);
    } else {
      MultiplyFactors(slot, values);
    }
  }

  // What the configuration must be is checked here, where the tensor can still be named.
  void MultiplyFactors(const TensorSlot& slot, const std::vector<float>& values) {
    std::vector<float>& factors = model_.config.ropes[std::get<RopeFactorsPart>(slot.part).rope].frequency_factors;
    factors.resize(values.size(), 1.0f);
    for (size_t i = 0; i < values.size(); ++i) {
      factors[i] *= values[i];
      if (factors[i] >= kMinRopeFactor && factors[i] <= kMaxRopeFactor) continue;
      char text[160];
      std::snprintf(text, sizeof text, ": element %zu is %.9g and makes the factor %.9g, expected %g to %g",
                    static_cast<size_t>(slot.first_output) + i, values[i], factors[i], kMinRopeFactor, kMaxRopeFactor);
      throw FormatError(checkpoint_.metadata.source() + ": tensor " + checkpoint_.tensors[slot.tensor].name + text);
    }
  }

  const Checkpoint& checkpoint_;
  ThreadPool& pool_;
  const std::vector<TensorSlot> slots_;
  Model& model_;
};

uint64_t BytesPerToken(const ModelWeights& weights) {
  uint64_t bytes = weights.head().bytes();
  for (const LayerWeights& layer : weights.layers) {
    for (const PackedMatrix* matrix : layer.Matrices()) bytes += matrix->bytes();
  }
  return bytes;
}

}  // namespace

void LoadWeights(const Checkpoint& checkpoint, std::span<const TensorRow> rows, ThreadPool& pool,
                 const LoadProgress& progress, Model& model) {
  Loader loader(checkpoint, pool, MatchTensors(rows, model.config, checkpoint), model);
  StreamOptions options;
  options.progress = progress;
  model.file_digests = StreamTensors(checkpoint, options, [&](const TensorPiece& piece) { loader.Use(piece); });
  model.weight_bytes_per_token = BytesPerToken(model.weights);
}

}  // namespace candor
