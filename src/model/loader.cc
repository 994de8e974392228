#include "model/loader.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "kernels/spec/blocks.h"
#include "kernels/spec/quantize.h"
#include "model/kept_type.h"
#include "model/weight_rows.h"

namespace candor {
namespace {

constexpr uint32_t kPanelRows = PackedMatrix::kPanelRows;

// The scales of the tensor whose pieces come now.
struct Scales {
  std::vector<std::byte> bytes;  // as the file has them
  Fp8Scales fp8;                 // of a tensor in F8_E4M3
};

// What a tensor of scales was when it was read apart, and when it was hashed with its file.
struct ScaleBytes {
  std::optional<Sha256Digest> read, streamed;
  Sha256 stream;
};

// A slot's weights, gathered until all of the tensor's rows that it comes from have been seen: [outputs][inputs].
struct Gathered {
  std::vector<std::byte> values;
  uint64_t rows_seen = 0;
};

// What a thread needs to convert rows.
struct Room {
  std::vector<std::byte> bytes;
  std::vector<float> floats, scales;
};

// Sixteen rows or fewer, in a packed matrix's own type.
struct PanelRows {
  std::span<const std::byte> bytes;
  std::span<const float> scales = {};  // kF8_E4M3: of each row, one for each kFp8Block columns
};

// Fills a model from the pieces of its tensors.
class Loader {
 public:
  Loader(const Checkpoint& checkpoint, ThreadPool& pool, const LoadModelOptions& options, std::vector<TensorSlot> slots,
         Model& model)
      : checkpoint_(checkpoint), pool_(pool), options_(options), slots_(std::move(slots)), model_(model) {
    ModelWeights& weights = model_.weights;
    weights.layers.resize(model_.config.all_layers());
    weights.predictions.resize(model_.config.prediction_layers.size());
    first_slot_.assign(checkpoint_.tensors.size() + 1, slots_.size());
    for (size_t i = slots_.size(); i-- > 0;) first_slot_[slots_[i].tensor] = i;
    for (size_t t = checkpoint_.tensors.size(); t-- > 0;) first_slot_[t] = std::min(first_slot_[t], first_slot_[t + 1]);
    ReserveMatrices();
    for (const TensorSlot& slot : slots_) {
      if (slot.scales) scale_bytes_.try_emplace(*slot.scales);
    }
    if (options_.quantize) NoteQuantization();
  }

  // Pieces of tensors are whole rows of a matrix in multiples of 32; of MXFP4 blocks a row is many of the tensor's.
  std::vector<uint64_t> RowMultiples() const {
    std::vector<uint64_t> multiples(checkpoint_.tensors.size(), StreamOptions().row_multiple);
    for (size_t t = 0; t < multiples.size(); ++t) multiples[t] *= RowsPerMatrixRow(t);
    return multiples;
  }

  void Use(const TensorPiece& piece) {
    if (const auto scales = scale_bytes_.find(piece.tensor); scales != scale_bytes_.end()) {
      StreamScales(scales->second, piece);
    }
    const size_t first = first_slot_[piece.tensor];
    const bool scaled = first < first_slot_[piece.tensor + 1] && slots_[first].scales;
    if (scaled && piece.first_row == 0) ReadScales(*slots_[first].scales);
    for (size_t s = first; s < first_slot_[piece.tensor + 1]; ++s) {
      if (slots_[s].inputs == 0) {
        UseVector(slots_[s], piece);
      } else {
        UseMatrix(s, piece);
      }
    }
    if (scaled && IsLast(piece)) scales_ = {};
  }

 private:
  const TensorInfo& TensorOf(const TensorSlot& slot) const { return checkpoint_.tensors[slot.tensor]; }

  // The type of the weights as the file has them.
  TensorType SourceType(const TensorSlot& slot) const {
    const TensorType type = TensorOf(slot).type;
    return type == TensorType::kU8 ? TensorType::kMXFP4 : type;
  }

  uint64_t RowsPerMatrixRow(size_t tensor) const {
    const size_t slot = first_slot_[tensor];
    if (slot == first_slot_[tensor + 1] || SourceType(slots_[slot]) != TensorType::kMXFP4) return 1;
    return checkpoint_.tensors[tensor].type == TensorType::kU8 ? slots_[slot].inputs / 32 : 1;
  }

  // What a weight is kept as.
  TensorType KeptType(const TensorSlot& slot) const {
    return candor::KeptType(slot.part, SourceType(slot), slot.transposed, slot.inputs, options_.quantize);
  }

  // All matrices lie in one mapping: most matrices of small models are smaller than a huge page.
  void ReserveMatrices() {
    std::vector<size_t> offsets;
    size_t bytes = 0;
    for (const TensorSlot& slot : slots_) {
      offsets.push_back(bytes);
      if (slot.inputs == 0) continue;
      const size_t packed = PackedMatrix::PackedBytes(KeptType(slot), static_cast<uint32_t>(slot.outputs),
                                                      static_cast<uint32_t>(slot.inputs));
      bytes = CheckedAlignUp<size_t>(CheckedAdd(bytes, packed, "packed weights"), 64, "packed weights");
    }
    const auto memory = std::make_shared<HugeBuffer>(bytes);
    for (size_t i = 0; i < slots_.size(); ++i) {
      const TensorSlot& slot = slots_[i];
      if (slot.inputs == 0) continue;
      MatrixOf(slot) = PackedMatrix(KeptType(slot), static_cast<uint32_t>(slot.outputs),
                                    static_cast<uint32_t>(slot.inputs), TensorOf(slot).name, memory, offsets[i]);
      if (slot.transposed && !IsFloatType(SourceType(slot))) NoteConversion(slot);
    }
  }

  // How many matrices are kept as what, where that was asked for.
  void NoteQuantization() {
    std::map<std::pair<TensorType, TensorType>, size_t> counts;
    for (const TensorSlot& slot : slots_) {
      if (slot.inputs != 0) ++counts[{SourceType(slot), KeptType(slot)}];
    }
    for (const auto& [types, count] : counts) {
      const auto& [stored, kept] = types;
      model_.notes.push_back(std::to_string(count) + (count == 1 ? " matrix" : " matrices") + " in " +
                             std::string(InfoOf(stored).name) +
                             (kept == stored ? " stay as they are" : " are kept as " + std::string(InfoOf(kept).name)));
    }
  }

  void NoteConversion(const TensorSlot& slot) {
    const std::string note = "a part of each " + Printable(KindOfName(TensorOf(slot).name)) +
                             " is kept transposed, as " + std::string(InfoOf(KeptType(slot)).name) + " instead of " +
                             std::string(InfoOf(SourceType(slot)).name);
    if (std::find(model_.notes.begin(), model_.notes.end(), note) == model_.notes.end()) model_.notes.push_back(note);
  }

  // A tensor's name behind its layer's number.
  static std::string KindOfName(const std::string& name) {
    const size_t digit = name.find_first_of("0123456789");
    const size_t dot = digit == std::string::npos ? digit : name.find('.', digit);
    return dot == std::string::npos ? name : name.substr(dot + 1);
  }

  PackedMatrix& MatrixOf(const TensorSlot& slot) {
    ModelWeights& weights = model_.weights;
    if (const auto* part = std::get_if<PackedMatrix ModelWeights::*>(&slot.part)) return weights.**part;
    if (const auto* part = std::get_if<PackedMatrix PredictionWeights::*>(&slot.part)) {
      return weights.predictions[slot.layer - model_.config.layers.size()].**part;
    }
    LayerWeights& layer = weights.layers[slot.layer];
    if (const auto* part = std::get_if<PackedMatrix LayerWeights::*>(&slot.part)) return layer.**part;
    std::vector<PackedMatrix>& items = layer.*std::get<std::vector<PackedMatrix> LayerWeights::*>(slot.part);
    if (items.empty()) items.resize(ShapeOf(slot.part, model_.config, slot.layer).count);
    return items[slot.item];
  }

  bool IsLast(const TensorPiece& piece) const {
    return piece.first_row + piece.row_count == checkpoint_.tensors[piece.tensor].rows();
  }

  // Scales may lie anywhere in the files: they are read apart, and kept while their tensor's pieces come.
  void ReadScales(size_t index) {
    const TensorInfo& tensor = checkpoint_.tensors[index];
    scales_.bytes.resize(tensor.bytes);
    checkpoint_.files[tensor.file].ReadAt(tensor.offset, scales_.bytes);
    ScaleBytes& check = scale_bytes_.at(index);
    Sha256 hash;
    hash.Update(scales_.bytes);
    check.read = hash.Finish();
    CompareScales(check, tensor);
    if (tensor.type == TensorType::kU8) return;
    const size_t element = InfoOf(tensor.type).block_bytes;
    scales_.fp8.columns = tensor.shape[0];
    for (size_t i = 0; i < tensor.elements(); ++i) {
      const float value = spec::FloatElement(tensor.type, scales_.bytes.data() + i * element);
      if (!std::isfinite(value)) RefuseElement(tensor, i);
      scales_.fp8.values.push_back(value);
    }
  }

  void StreamScales(ScaleBytes& check, const TensorPiece& piece) const {
    check.stream.Update(piece.bytes);
    if (!IsLast(piece)) return;
    check.streamed = check.stream.Finish();
    CompareScales(check, checkpoint_.tensors[piece.tensor]);
  }

  // What was read apart must be what is hashed as a part of the file, whichever comes first.
  void CompareScales(const ScaleBytes& check, const TensorInfo& tensor) const {
    if (!check.read || !check.streamed || *check.read == *check.streamed) return;
    throw IoError(checkpoint_.files[tensor.file].name() + ": tensor " + tensor.name + " changed while it was read");
  }

  // The rows of a matrix that `piece` holds.
  TensorRows RowsOf(const TensorSlot& slot, const TensorPiece& piece) const {
    const uint64_t per_row = RowsPerMatrixRow(piece.tensor);
    TensorRows rows{.type = SourceType(slot), .bytes = piece.bytes.data()};
    rows.first = piece.first_row / per_row;
    rows.count = piece.row_count / per_row;
    rows.row_bytes = piece.bytes.size() / rows.count;
    rows.columns = per_row == 1 ? TensorOf(slot).shape[0] : slot.inputs;
    if (slot.scales) {
      rows.fp8_scales = &scales_.fp8;
      rows.e8m0_scales = scales_.bytes.data();
    }
    return rows;
  }

  void UseMatrix(size_t index, const TensorPiece& piece) {
    const TensorSlot& slot = slots_[index];
    const TensorRows rows = RowsOf(slot, piece);
    const uint64_t begin = std::max(rows.first, slot.first_row);
    const uint64_t end = std::min(rows.first + rows.count, slot.first_row + slot.SourceRows());
    if (begin >= end) return;
    if (slot.transposed) return Gather(index, rows, begin, end);
    const uint64_t first = (begin - slot.first_row + slot.step - 1) / slot.step;
    const uint64_t last = (end - 1 - slot.first_row) / slot.step + 1;
    if (first >= last) return;
    PackedMatrix& matrix = MatrixOf(slot);
    PackInParallel(TensorOf(slot), matrix, static_cast<uint32_t>(first), static_cast<uint32_t>(last - first),
                   [&](uint32_t row, uint32_t count, Room& room) {
                     return Convert(rows, slot.first_row + row * slot.step, slot.step, count, matrix.type(), room);
                   });
  }

  // `count` rows of a tensor, `step` apart, as `type`.
  PanelRows Convert(const TensorRows& rows, uint64_t row, uint64_t step, uint32_t count, TensorType type, Room& room) {
    const TensorTypeInfo& info = InfoOf(type);
    const size_t row_bytes = rows.columns / info.block_values * info.block_bytes;
    const bool joins = rows.type == TensorType::kMXFP4 && rows.e8m0_scales != nullptr;
    room.scales.clear();
    for (uint32_t i = 0; i < count && type == TensorType::kF8_E4M3; ++i) {
      const float* scales = rows.fp8_scales->Row(row + i * step);
      room.scales.insert(room.scales.end(), scales, scales + rows.fp8_scales->columns);
    }
    if (type == rows.type && step == 1 && !joins) return {{rows.Row(row), count * row_bytes}, room.scales};
    room.bytes.resize(count * row_bytes);
    room.floats.resize(rows.columns);
    for (uint32_t i = 0; i < count; ++i) {
      std::byte* out = room.bytes.data() + i * row_bytes;
      if (joins) {
        JoinMxfp4Row(rows, row + i * step, out);
      } else if (type == rows.type) {
        std::memcpy(out, rows.Row(row + i * step), row_bytes);
      } else {
        Encode(rows, row + i * step, type, room.floats, out);
      }
    }
    return {room.bytes, room.scales};
  }

  void Encode(const TensorRows& rows, uint64_t row, TensorType type, std::vector<float>& values, std::byte* out) const {
    DecodeRow(rows, row, values.data());
    const auto bad = std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
    if (bad != values.end()) {
      throw FormatError("row " + std::to_string(row) + ", column " + std::to_string(bad - values.begin()) +
                        " is infinite or not a number; expected finite numbers");
    }
    spec::EncodeRow(type, values.data(), values.size(), out);
  }

  // Puts rows [begin, end) of the tensor, columns of the matrix, into their places.
  void Gather(size_t index, const TensorRows& rows, uint64_t begin, uint64_t end) {
    const TensorSlot& slot = slots_[index];
    const bool raw = IsFloatType(rows.type);
    const size_t element = raw ? InfoOf(rows.type).block_bytes : sizeof(float);
    Gathered& gathered = gathered_[index];
    gathered.values.resize(slot.outputs * slot.inputs * element);
    std::vector<float> decoded(raw ? 0 : rows.columns);
    for (uint64_t row = begin; row < end; ++row) {
      if (!raw) DecodeRow(rows, row, decoded.data());
      const std::byte* from = raw ? rows.Row(row) : reinterpret_cast<const std::byte*>(decoded.data());
      std::byte* to = gathered.values.data() + (row - slot.first_row) * element;
      for (uint64_t i = 0; i < slot.outputs; ++i) {
        std::memcpy(to + i * slot.inputs * element, from + (slot.first_column + i * slot.step) * element, element);
      }
    }
    gathered.rows_seen += end - begin;
    if (gathered.rows_seen < slot.inputs) return;
    PackedMatrix& matrix = MatrixOf(slot);
    const TensorRows whole{.type = raw ? rows.type : TensorType::kF32,
                           .bytes = gathered.values.data(),
                           .row_bytes = slot.inputs * element,
                           .count = slot.outputs,
                           .columns = slot.inputs};
    PackInParallel(TensorOf(slot), matrix, 0, matrix.rows(), [&](uint32_t row, uint32_t count, Room& room) {
      return Convert(whole, row, 1, count, matrix.type(), room);
    });
    gathered_.erase(index);
  }

  // `rows_of(row, count, room)` gives up to 16 rows, valid until the room is used again.
  void PackInParallel(const TensorInfo& tensor, PackedMatrix& matrix, uint32_t first_row, uint32_t row_count,
                      const std::function<PanelRows(uint32_t, uint32_t, Room&)>& rows_of) {
    // Errors do not cross threads: each thread leaves its message, and the first rows' one is thrown here.
    std::vector<std::string> refusals(static_cast<size_t>(pool_.size()));
    pool_.Run([&](Worker& worker) {
      Room room;
      const Range panels = worker.Share((row_count + kPanelRows - 1) / kPanelRows);
      try {
        for (size_t panel = panels.begin; panel < panels.end; ++panel) {
          const auto row = static_cast<uint32_t>(panel) * kPanelRows;
          const uint32_t count = std::min(kPanelRows, row_count - row);
          const PanelRows rows = rows_of(first_row + row, count, room);
          matrix.PackRows(first_row + row, count, rows.bytes, rows.scales);
        }
      } catch (const FormatError& error) {
        refusals[static_cast<size_t>(worker.rank())] = error.what();
      }
    });
    for (const std::string& refusal : refusals) {
      if (refusal.empty()) continue;
      const bool named = refusal.starts_with("tensor ");
      throw FormatError(checkpoint_.files[tensor.file].name() + ": " + (named ? "" : "tensor " + tensor.name + ": ") +
                        refusal);
    }
  }

  void UseVector(const TensorSlot& slot, const TensorPiece& piece) {
    const TensorInfo& tensor = TensorOf(slot);
    const size_t element = InfoOf(tensor.type).block_bytes;
    // Vectors of experts have a row each; a piece may hold some of them.
    const uint64_t first = piece.first_row * tensor.shape[0];
    const uint64_t last = first + piece.row_count * tensor.shape[0];
    std::vector<float>& values = VectorOf(slot);
    values.resize(slot.outputs);
    for (uint64_t i = 0; i < slot.outputs; ++i) {
      const uint64_t at = slot.first_row + i * slot.step;
      if (at < first || at >= last) continue;
      values[i] = spec::FloatElement(tensor.type, piece.bytes.data() + (at - first) * element);
      if (!std::isfinite(values[i])) RefuseElement(tensor, at);
      values[i] += slot.added;
    }
    const auto* factors = std::get_if<RopeFactorsPart>(&slot.part);
    if (factors != nullptr && last == tensor.elements()) MultiplyFactors(slot, *factors, values);
  }

  std::vector<float>& VectorOf(const TensorSlot& slot) {
    ModelWeights& weights = model_.weights;
    if (const auto* part = std::get_if<std::vector<float> ModelWeights::*>(&slot.part)) return weights.**part;
    if (const auto* part = std::get_if<std::vector<float> LayerWeights::*>(&slot.part)) {
      return weights.layers[slot.layer].**part;
    }
    if (const auto* part = std::get_if<std::vector<float> PredictionWeights::*>(&slot.part)) {
      return weights.predictions[slot.layer - model_.config.layers.size()].**part;
    }
    return factors_;
  }

  // What the configuration must be is checked here, where the tensor can still be named.
  void MultiplyFactors(const TensorSlot& slot, const RopeFactorsPart& part, const std::vector<float>& values) {
    RopeConfig& rope = model_.config.ropes[part.rope];
    using Set = RopeFactorsPart::Set;
    if (part.set != Set::kAlways && (part.set == Set::kLong) != rope.uses_long_factors) return;
    rope.frequency_factors.resize(values.size(), 1.0);
    for (size_t i = 0; i < values.size(); ++i) {
      rope.frequency_factors[i] *= static_cast<double>(values[i]);
      const double factor = rope.frequency_factors[i];
      if (factor >= kMinRopeFactor && factor <= kMaxRopeFactor) continue;
      char text[160];
      std::snprintf(text, sizeof text, ": element %zu is %.9g and makes the factor %.9g, expected %g to %g",
                    static_cast<size_t>(slot.first_row) + i, static_cast<double>(values[i]), factor, kMinRopeFactor,
                    kMaxRopeFactor);
      throw FormatError(checkpoint_.metadata.source() + ": tensor " + TensorOf(slot).name + text);
    }
  }

  [[noreturn]] void RefuseElement(const TensorInfo& tensor, uint64_t element) const {
    throw FormatError(checkpoint_.files[tensor.file].name() + ": tensor " + tensor.name + ": element " +
                      std::to_string(element) + " is infinite or not a number; expected finite numbers");
  }

  const Checkpoint& checkpoint_;
  ThreadPool& pool_;
  const LoadModelOptions& options_;
  const std::vector<TensorSlot> slots_;
  std::vector<size_t> first_slot_;  // by tensor, and one behind the last
  Scales scales_;
  std::map<size_t, ScaleBytes> scale_bytes_;  // by tensor of scales
  std::map<size_t, Gathered> gathered_;       // by slot
  std::vector<float> factors_;
  Model& model_;
};

}  // namespace

void LoadWeights(const Checkpoint& checkpoint, std::span<const TensorRow> rows, ThreadPool& pool,
                 const LoadModelOptions& options, Model& model) {
  Loader loader(checkpoint, pool, options, MatchTensors(rows, model.config, checkpoint), model);
  StreamOptions stream;
  stream.progress = options.progress;
  stream.row_multiples = loader.RowMultiples();
  model.file_digests = StreamTensors(checkpoint, stream, [&](const TensorPiece& piece) { loader.Use(piece); });
  model.weight_bytes_per_token = WeightBytesPerToken(model.config, model.weights);
}

}  // namespace candor
