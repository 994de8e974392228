#include "model/tensor_table.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "kernels/packed_matrix.h"

namespace candor {
namespace {

using Dimensions = std::vector<uint64_t>;

constexpr std::string_view kLayerHole = "{}";
constexpr std::string_view kExpertHole = "{e}";

std::string Filled(std::string name, std::string_view hole, size_t number) {
  if (const size_t at = name.find(hole); at != std::string::npos) name.replace(at, hole.size(), std::to_string(number));
  return name;
}

std::string ShapeText(std::vector<uint64_t> shape, CheckpointFormat format) {
  if (format == CheckpointFormat::kSafetensors) std::ranges::reverse(shape);  // as the file has it
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// Writers of GGUF files differ in whether a tensor carries trailing dimensions of one.
Dimensions WithoutTrailingOnes(Dimensions shape) {
  while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  return shape;
}

bool IsMatrix(const PartShape& shape) { return shape.inputs != 0; }

// A row of the table, as the format at hand has it, and one of its parts.
struct Use {
  const TensorRow* row;
  Stored stored;
  PartShape shape;
};

class Matcher {
 public:
  Matcher(std::span<const TensorRow> rows, const ModelConfig& config, const Checkpoint& checkpoint)
      : rows_(rows), config_(config), checkpoint_(checkpoint), used_(checkpoint.tensors.size(), false) {}

  std::vector<TensorSlot> Run() {
    for (size_t first = 0; first < rows_.size();) {
      size_t count = 1;
      while (first + count < rows_.size() && SourceOf(rows_[first + count]).name == SourceOf(rows_[first]).name) {
        ++count;
      }
      MatchRows(rows_.subspan(first, count));
      first += count;
    }
    CheckMissing();
    CheckUnused();
    std::stable_sort(slots_.begin(), slots_.end(),
                     [](const TensorSlot& a, const TensorSlot& b) { return a.tensor < b.tensor; });
    return std::move(slots_);
  }

 private:
  const Source& SourceOf(const TensorRow& row) const {
    return checkpoint_.format == CheckpointFormat::kGguf ? row.gguf : row.safetensors;
  }
  size_t Layers(const TensorRow& row) const {
    return SourceOf(row).name.find(kLayerHole) == std::string_view::npos ? 1 : config_.all_layers();
  }

  // `rows` share one name.
  void MatchRows(std::span<const TensorRow> rows) {
    const Source& source = SourceOf(rows[0]);
    if (source.name.empty()) return;
    for (size_t layer = 0; layer < Layers(rows[0]); ++layer) {
      const std::string name = Filled(std::string(source.name), kLayerHole, layer);
      if (std::holds_alternative<std::monostate>(rows[0].part)) {
        if (const auto tensor = Find(name)) used_[*tensor] = true;
        continue;
      }
      std::vector<Use> uses;
      for (const TensorRow& row : rows) {
        const PartShape shape = ShapeOf(row.part, config_, layer);
        if (shape.count != 0) uses.push_back({&row, SourceOf(row).stored, shape});
      }
      if (uses.empty()) {
        IgnoreTiedHead(rows[0], name);
      } else if (name.find(kExpertHole) != std::string::npos) {
        for (uint32_t e = 0; e < uses[0].shape.count; ++e) Match(uses, Filled(name, kExpertHole, e), layer, e, 1);
      } else {
        Match(uses, name, layer, 0, uses[0].shape.count);
      }
    }
  }

  // A head that is stored although it is the embedding is the embedding again.
  void IgnoreTiedHead(const TensorRow& row, const std::string& name) {
    if (row.part != Part(&ModelWeights::output)) return;
    if (const auto tensor = Find(name)) used_[*tensor] = true;
  }

  // Items [first_item, first_item + items) of all parts are in the tensor `name`, if that is there.
  void Match(std::span<Use> uses, const std::string& name, size_t layer, size_t first_item, uint32_t items) {
    const bool matrix = IsMatrix(uses[0].shape);
    if (const auto tensor = Find(name)) {
      used_[*tensor] = true;
      if (!matrix) {
        CheckVector(uses, *tensor);
        for (Use& use : uses) use.shape = {1, use.shape.count * use.shape.outputs, 0};
        return AddSlots(uses, *tensor, std::nullopt, layer, 0, 1);
      }
      const std::optional<size_t> scales = Fp8Scales(*tensor);
      AddSlots(uses, *tensor, scales, layer, first_item, items);
      CheckMatrix(uses, *tensor, items);
      return;
    }
    const auto blocks = Find(name + "_blocks");
    if (!matrix || checkpoint_.format != CheckpointFormat::kSafetensors || !blocks) return;
    for (Use& use : uses) {
      if (use.stored == Stored::kInputs) use.stored = Stored::kOutputs;
      if (use.stored == Stored::kInterleavedInputs) use.stored = Stored::kInterleaved;
    }
    const auto scales = Find(name + "_scales");
    if (!scales) Refuse(name + "_scales", "is missing; " + name + "_blocks needs it");
    used_[*blocks] = used_[*scales] = true;
    AddSlots(uses, *blocks, scales, layer, first_item, items);
    CheckMxfp4(uses, *blocks, *scales, items);
  }

  // The scales that a tensor in FP8 needs.
  std::optional<size_t> Fp8Scales(size_t index) {
    const TensorInfo& tensor = checkpoint_.tensors[index];
    if (tensor.type != TensorType::kF8_E4M3) return std::nullopt;
    const std::string name = tensor.name + "_scale_inv";
    const auto scales = Find(name);
    if (!scales) Refuse(name, "is missing; " + tensor.name + " is in F8_E4M3 and needs it");
    used_[*scales] = true;
    const auto blocks = [](uint64_t n) { return (n + kFp8Block - 1) / kFp8Block; };
    CheckShape(checkpoint_.tensors[*scales], {blocks(tensor.shape[0]), blocks(tensor.rows())});
    if (!IsFloatType(checkpoint_.tensors[*scales].type)) RefuseType(checkpoint_.tensors[*scales], "F32, F16 or BF16");
    return scales;
  }

  void AddSlots(std::span<const Use> uses, size_t tensor, std::optional<size_t> scales, size_t layer, size_t first_item,
                uint32_t items) {
    // What one item of all parts takes, along the dimension that they share.
    uint64_t block = 0;
    for (const Use& use : uses) block += Extent(use);
    for (size_t item = 0; item < items; ++item) {
      uint64_t before = 0;
      for (size_t u = 0; u < uses.size(); ++u) {
        const Use& use = uses[u];
        TensorSlot slot{.tensor = tensor, .scales = scales, .part = use.row->part, .layer = layer};
        slot.item = first_item + item;
        slot.outputs = use.shape.outputs;
        slot.inputs = use.shape.inputs;
        slot.transposed = use.stored == Stored::kInputs || use.stored == Stored::kInterleavedInputs ||
                          use.stored == Stored::kTransposed;
        slot.added = use.stored == Stored::kLessOne ? 1.0f : 0.0f;
        const bool interleaved = use.stored == Stored::kInterleaved || use.stored == Stored::kInterleavedInputs;
        if (interleaved) slot.step = uses.size();
        const uint64_t offset = interleaved ? u : before;
        if (use.stored == Stored::kInputs || use.stored == Stored::kInterleavedInputs) {
          slot.first_row = item * use.shape.inputs;
          slot.first_column = offset;
        } else {
          slot.first_row = item * block + offset;
        }
        before += Extent(use);
        slots_.push_back(slot);
      }
    }
    for (const Use& use : uses) found_[{Canonical(*use.row), layer}].push_back({tensor, items});
  }

  static uint64_t Extent(const Use& use) {
    return use.stored == Stored::kTransposed ? use.shape.inputs : use.shape.outputs;
  }

  void CheckVector(std::span<const Use> uses, size_t index) const {
    const TensorInfo& tensor = checkpoint_.tensors[index];
    uint64_t elements = 0;
    for (const Use& use : uses) elements += use.shape.outputs;
    const uint64_t items = uses[0].shape.count;
    CheckShape(tensor, items == 1 ? Dimensions{elements} : Dimensions{elements, items});
    if (!IsFloatType(tensor.type)) RefuseType(tensor, "F32, F16 or BF16 for a vector");
  }

  void CheckMatrix(std::span<const Use> uses, size_t index, uint32_t items) const {
    const TensorInfo& tensor = checkpoint_.tensors[index];
    uint64_t block = 0;
    for (const Use& use : uses) block += Extent(use);
    const Use& first = uses[0];
    const bool by_inputs = first.stored == Stored::kInputs || first.stored == Stored::kInterleavedInputs;
    const uint64_t columns = by_inputs                             ? block
                             : first.stored == Stored::kTransposed ? first.shape.outputs
                                                                   : first.shape.inputs;
    const uint64_t rows = by_inputs ? first.shape.inputs : block;
    // Items are one below the other, or apart.
    if (items == 1 || !HasShape(tensor, {columns, rows * items})) {
      CheckShape(tensor, items == 1 ? Dimensions{columns, rows} : Dimensions{columns, rows, items});
    }
    const TensorTypeInfo& type = InfoOf(tensor.type);
    if (!type.computed) {
      throw UnsupportedError(Where(tensor) + " has type " + std::string(type.name) +
                             ", which this version does not compute");
    }
    if (columns % type.block_values != 0) {
      throw FormatError(Where(tensor) + " has rows of " + std::to_string(columns) + " values, expected a multiple of " +
                        std::to_string(type.block_values) + " for type " + std::string(type.name));
    }
    if (by_inputs && type.block_values != 1)
      RefuseType(tensor, "F32, F16 or BF16 for a matrix that is stored by inputs");
    for (auto slot = slots_.end() - static_cast<ptrdiff_t>(uses.size() * items); slot != slots_.end(); ++slot) {
      CheckDivision(tensor, *slot);
    }
  }

  // Whole panels are packed from pieces of the tensor that begin at multiples of 32 rows.
  void CheckDivision(const TensorInfo& tensor, const TensorSlot& slot) const {
    const uint64_t at = slot.first_row / slot.step;
    if (slot.transposed || at % PackedMatrix::kPanelRows == 0) return;
    throw FormatError(Where(tensor) + " is divided at row " + std::to_string(at) + ", expected a multiple of " +
                      std::to_string(PackedMatrix::kPanelRows));
  }

  void CheckMxfp4(std::span<const Use> uses, size_t blocks, size_t scales, uint32_t items) const {
    uint64_t rows = 0;
    for (const Use& use : uses) rows += use.shape.outputs;
    const uint64_t columns = uses[0].shape.inputs;
    const TensorInfo& codes = checkpoint_.tensors[blocks];
    if (columns % 32 != 0) {
      throw FormatError(Where(codes) + " has rows of " + std::to_string(columns) +
                        " values, expected a multiple of 32 for MXFP4");
    }
    CheckShape(codes, {16, columns / 32, rows, items});
    CheckShape(checkpoint_.tensors[scales], {columns / 32, rows, items});
    for (const size_t tensor : {blocks, scales}) {
      if (checkpoint_.tensors[tensor].type != TensorType::kU8) RefuseType(checkpoint_.tensors[tensor], "U8");
    }
    for (auto slot = slots_.end() - static_cast<ptrdiff_t>(uses.size() * items); slot != slots_.end(); ++slot) {
      CheckDivision(codes, *slot);
    }
  }

  bool HasShape(const TensorInfo& tensor, const Dimensions& expected) const {
    if (checkpoint_.format == CheckpointFormat::kSafetensors) return tensor.shape == expected;
    return WithoutTrailingOnes(tensor.shape) == WithoutTrailingOnes(expected);
  }
  void CheckShape(const TensorInfo& tensor, const Dimensions& expected) const {
    if (!HasShape(tensor, expected)) RefuseShape(tensor, expected);
  }

  // Every part of the configuration has come from one tensor; of a part that is many, every item.
  void CheckMissing() const {
    for (size_t r = 0; r < rows_.size(); ++r) {
      const TensorRow& row = rows_[r];
      const Source& source = SourceOf(row);
      if (source.name.empty() || std::holds_alternative<std::monostate>(row.part) || Canonical(row) != r) continue;
      for (size_t layer = 0; layer < Layers(row); ++layer) {
        const PartShape shape = ShapeOf(row.part, config_, layer);
        if (shape.count == 0) continue;
        const auto found = found_.find({r, layer});
        const size_t expected = IsMatrix(shape) ? shape.count : 1;
        size_t items = 0;
        if (found != found_.end()) {
          for (const auto& [tensor, count] : found->second) items += count;
        }
        if (items == expected || (items == 0 && row.optional)) continue;
        if (items > expected) RefuseTwice(found->second);
        // Tensors of experts are matched in their order: the first that is missing comes behind those that are there.
        size_t expert = 0;
        while (Find(Filled(Filled(std::string(source.name), kLayerHole, layer), kExpertHole, expert))) ++expert;
        Refuse(Filled(Filled(std::string(source.name), kLayerHole, layer), kExpertHole, expert),
               "is missing; the architecture \"" + config_.architecture + "\" requires it");
      }
    }
  }

  // Every tensor that no row named must be one that a row with a '*' ignores, or of another model.
  void CheckUnused() const {
    for (size_t i = 0; i < used_.size(); ++i) {
      if (used_[i]) continue;
      const std::string& name = checkpoint_.tensors[i].name;
      const bool of_another = config_.is_part && !name.starts_with(config_.tensor_prefix);
      const bool ignored = of_another || std::any_of(rows_.begin(), rows_.end(), [&](const TensorRow& row) {
                             const std::string_view pattern = SourceOf(row).name;
                             return std::holds_alternative<std::monostate>(row.part) && pattern.ends_with('*') &&
                                    name.starts_with(pattern.substr(0, pattern.size() - 1));
                           });
      if (!ignored) {
        throw FormatError(Where(checkpoint_.tensors[i]) + " is not one of the architecture \"" + config_.architecture +
                          "\" with " + std::to_string(config_.layers.size()) + " layers as it is configured");
      }
    }
  }

  // By its name, with or without the prefix.
  std::optional<size_t> Find(const std::string& name) const {
    const TensorInfo* tensor = nullptr;
    if (!config_.tensor_prefix.empty()) tensor = checkpoint_.FindTensor(config_.tensor_prefix + name);
    if (tensor == nullptr && !config_.is_part) tensor = checkpoint_.FindTensor(name);
    if (tensor == nullptr) return std::nullopt;
    return static_cast<size_t>(tensor - checkpoint_.tensors.data());
  }

  // The first row that names the same part.
  size_t Canonical(const TensorRow& row) const {
    size_t r = 0;
    while (rows_[r].part != row.part || SourceOf(rows_[r]).name.empty()) ++r;
    return r;
  }

  std::string Where(const TensorInfo& tensor) const {
    return checkpoint_.files[tensor.file].name() + ": tensor \"" + Printable(tensor.name) + "\"";
  }
  [[noreturn]] void Refuse(const std::string& name, const std::string& problem) const {
    throw FormatError(checkpoint_.metadata.source() + ": tensor \"" + name + "\" " + problem);
  }
  [[noreturn]] void RefuseShape(const TensorInfo& tensor, const Dimensions& expected) const {
    const std::string& config = checkpoint_.metadata.source();
    const bool apart = config != checkpoint_.files[tensor.file].name();
    throw FormatError(Where(tensor) + " has shape " + ShapeText(tensor.shape, checkpoint_.format) + ", expected " +
                      ShapeText(expected, checkpoint_.format) + (apart ? " by " + config : ""));
  }
  [[noreturn]] void RefuseType(const TensorInfo& tensor, const std::string& expected) const {
    throw FormatError(Where(tensor) + " has type " + std::string(InfoOf(tensor.type).name) + ", expected " + expected);
  }
  [[noreturn]] void RefuseTwice(const std::vector<std::pair<size_t, uint32_t>>& found) const {
    Refuse(checkpoint_.tensors[found[1].first].name,
           "holds the same weights as \"" + checkpoint_.tensors[found[0].first].name + "\", expected one of the two");
  }

  std::span<const TensorRow> rows_;
  const ModelConfig& config_;
  const Checkpoint& checkpoint_;
  std::vector<bool> used_;
  std::vector<TensorSlot> slots_;
  // By row (the first that names the part) and layer: the tensors with it, and how many of its items each has.
  std::map<std::pair<size_t, size_t>, std::vector<std::pair<size_t, uint32_t>>> found_;
};

}  // namespace

std::vector<TensorSlot> MatchTensors(std::span<const TensorRow> rows, const ModelConfig& config,
                                     const Checkpoint& checkpoint) {
  return Matcher(rows, config, checkpoint).Run();
}

}  // namespace candor
