#include "model/tensor_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

bool IsOfLayer(const TensorRow& row) { return row.name.find("{}") != std::string_view::npos; }

std::string NameFor(const TensorRow& row, uint32_t layer) {
  std::string name(row.name);
  if (const size_t hole = name.find("{}"); hole != std::string::npos) name.replace(hole, 2, std::to_string(layer));
  return name;
}

std::string ShapeText(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

WeightShape LayerMatrixShape(PackedMatrix LayerWeights::*part, const ModelConfig& config, const LayerConfig& layer) {
  const uint64_t queries = uint64_t{layer.heads} * layer.head_dim;
  const uint64_t attended = uint64_t{layer.heads} * layer.value_dim;
  if (part == &LayerWeights::query) return {queries, config.hidden};
  if (part == &LayerWeights::key) return {uint64_t{layer.kv_heads} * layer.head_dim, config.hidden};
  if (part == &LayerWeights::value) return {uint64_t{layer.kv_heads} * layer.value_dim, config.hidden};
  if (part == &LayerWeights::attention_output) return {config.hidden, attended};
  if (part == &LayerWeights::ffn_gate || part == &LayerWeights::ffn_up) return {layer.ffn_dim, config.hidden};
  CHECK(part == &LayerWeights::ffn_down);
  return {config.hidden, layer.ffn_dim};
}

uint64_t LayerVectorLength(std::vector<float> LayerWeights::*part, const ModelConfig& config,
                           const LayerConfig& layer) {
  if (part == &LayerWeights::query_norm || part == &LayerWeights::key_norm) return layer.head_dim;
  if (part == &LayerWeights::query_bias) return uint64_t{layer.heads} * layer.head_dim;
  if (part == &LayerWeights::key_bias) return uint64_t{layer.kv_heads} * layer.head_dim;
  if (part == &LayerWeights::value_bias) return uint64_t{layer.kv_heads} * layer.value_dim;
  if (part == &LayerWeights::ffn_gate_bias || part == &LayerWeights::ffn_up_bias) return layer.ffn_dim;
  // Norms, and the biases of what is added to the residual stream.
  return config.hidden;
}

class Matcher {
 public:
  Matcher(const ModelConfig& config, const Checkpoint& checkpoint)
      : config_(config), checkpoint_(checkpoint), used_(checkpoint.tensors.size(), false) {}

  // `rows` share one name.
  void Match(std::span<const TensorRow> rows, uint32_t layer) {
    const std::string name = NameFor(rows[0], layer);
    const TensorInfo* tensor = checkpoint_.FindTensor(name);
    if (tensor == nullptr) {
      if (rows[0].need != Need::kRequired) return;
      throw FormatError(checkpoint_.metadata.source() + ": tensor \"" + name + "\" is missing; the architecture \"" +
                        config_.architecture + "\" requires it");
    }
    const size_t index = static_cast<size_t>(tensor - checkpoint_.tensors.data());
    used_[index] = true;
    if (rows[0].need == Need::kIgnored) return;
    const size_t first_slot = slots_.size();
    uint64_t outputs = 0;
    for (const TensorRow& row : rows) {
      const WeightShape shape = PartShape(row.part, config_, layer);
      slots_.push_back({index, outputs, shape, row.part, layer});
      outputs += shape.outputs;
    }
    CheckTensor(*tensor, std::span(slots_).subspan(first_slot), outputs);
  }

  // Every tensor that no row named must be one that a row with a '*' ignores.
  void CheckUnused(std::span<const TensorRow> rows) const {
    for (size_t i = 0; i < used_.size(); ++i) {
      if (used_[i]) continue;
      const std::string& name = checkpoint_.tensors[i].name;
      const bool ignored = std::any_of(rows.begin(), rows.end(), [&](const TensorRow& row) {
        return row.need == Need::kIgnored && row.name.ends_with('*') &&
               name.starts_with(row.name.substr(0, row.name.size() - 1));
      });
      if (!ignored) {
        throw FormatError(checkpoint_.metadata.source() + ": tensor \"" + Printable(name) +
                          "\" is not one of the architecture \"" + config_.architecture + "\" with " +
                          std::to_string(config_.layers.size()) + " layers");
      }
    }
  }

  std::vector<TensorSlot> Finish() {
    std::stable_sort(slots_.begin(), slots_.end(),
                     [](const TensorSlot& a, const TensorSlot& b) { return a.tensor < b.tensor; });
    return std::move(slots_);
  }

 private:
  void CheckTensor(const TensorInfo& tensor, std::span<const TensorSlot> slots, uint64_t outputs) const {
    const bool vector = slots[0].shape.inputs == 0;
    const std::vector<uint64_t> expected =
        vector ? std::vector<uint64_t>{outputs} : std::vector<uint64_t>{slots[0].shape.inputs, outputs};
    // Writers differ in whether a vector or a matrix carries trailing dimensions of one.
    std::vector<uint64_t> found = tensor.shape;
    while (found.size() > expected.size() && found.back() == 1) found.pop_back();
    const std::string where = checkpoint_.metadata.source() + ": tensor \"" + tensor.name + "\"";
    if (found != expected) {
      throw FormatError(where + " has shape " + ShapeText(tensor.shape) + ", expected " + ShapeText(expected));
    }
    const TensorTypeInfo& type = InfoOf(tensor.type);
    if (vector && !IsFloatType(tensor.type)) {
      throw FormatError(where + " has type " + std::string(type.name) + ", expected F32, F16 or BF16 for a vector");
    }
    if (vector) return;
    if (!type.computed) {
      throw UnsupportedError(where + " has type " + std::string(type.name) + ", which this version does not compute");
    }
    if (slots[0].shape.inputs % type.block_values != 0) {
      throw FormatError(where + " has rows of " + std::to_string(slots[0].shape.inputs) +
                        " values, expected a multiple of " + std::to_string(type.block_values) + " for type " +
                        std::string(type.name));
    }
    for (const TensorSlot& slot : slots) {
      if (slot.first_output % PackedMatrix::kPanelRows != 0) {
        throw FormatError(where + " is divided at row " + std::to_string(slot.first_output) +
                          ", expected a multiple of " + std::to_string(PackedMatrix::kPanelRows));
      }
    }
  }

  const ModelConfig& config_;
  const Checkpoint& checkpoint_;
  std::vector<bool> used_;
  std::vector<TensorSlot> slots_;
};

}  // namespace

WeightShape PartShape(const Part& part, const ModelConfig& config, uint32_t layer) {
  if (std::holds_alternative<PackedMatrix ModelWeights::*>(part)) return {config.vocabulary, config.hidden};
  if (const auto* vector = std::get_if<std::vector<float> ModelWeights::*>(&part)) {
    return {*vector == &ModelWeights::output_bias ? config.vocabulary : config.hidden, 0};
  }
  if (const auto* matrix = std::get_if<PackedMatrix LayerWeights::*>(&part)) {
    return LayerMatrixShape(*matrix, config, config.layers[layer]);
  }
  if (const auto* vector = std::get_if<std::vector<float> LayerWeights::*>(&part)) {
    return {LayerVectorLength(*vector, config, config.layers[layer]), 0};
  }
  const auto* factors = std::get_if<RopeFactorsPart>(&part);
  CHECK(factors != nullptr && factors->rope < config.ropes.size());
  return {config.ropes[factors->rope].dims / 2, 0};
}

std::vector<TensorSlot> MatchTensors(std::span<const TensorRow> rows, const ModelConfig& config,
                                     const Checkpoint& checkpoint) {
  Matcher matcher(config, checkpoint);
  for (size_t first = 0; first < rows.size();) {
    size_t count = 1;
    while (first + count < rows.size() && rows[first + count].name == rows[first].name) ++count;
    const uint32_t repeats = IsOfLayer(rows[first]) ? static_cast<uint32_t>(config.layers.size()) : 1;
    for (uint32_t layer = 0; layer < repeats; ++layer) matcher.Match(rows.subspan(first, count), layer);
    first += count;
  }
  matcher.CheckUnused(rows);
  return matcher.Finish();
}

}  // namespace candor
