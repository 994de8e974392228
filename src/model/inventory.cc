#include "model/inventory.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "kernels/packed_matrix.h"
#include "model/family.h"
#include "model/kept_type.h"
#include "model/quantization_config.h"
#include "model/tensor_table.h"
#include "model/text_part.h"

namespace candor {
namespace {

using L = LayerWeights;

bool IsExperts(const Part& part) {
  for (const Part& own : {Part(&L::expert_gate), Part(&L::expert_up), Part(&L::expert_down), Part(&L::expert_gate_bias),
                          Part(&L::expert_up_bias), Part(&L::expert_down_bias)}) {
    if (part == own) return true;
  }
  return false;
}

bool IsOfLayer(const Part& part) {
  return std::holds_alternative<PackedMatrix L::*>(part) || std::holds_alternative<std::vector<float> L::*>(part) ||
         std::holds_alternative<std::vector<PackedMatrix> L::*>(part);
}

WeightUse UseOf(const Part& part, size_t layer, const ModelConfig& config) {
  if (layer >= config.layers.size()) return WeightUse::kPrediction;
  if (part == Part(&ModelWeights::position_embedding)) return WeightUse::kLookup;
  if (part == Part(&ModelWeights::token_embedding)) return config.tied_output ? WeightUse::kHead : WeightUse::kLookup;
  if (part == Part(&ModelWeights::output) || part == Part(&ModelWeights::output_bias)) return WeightUse::kHead;
  if (IsExperts(part)) return WeightUse::kExpert;
  for (const Part& kept : {Part(&L::key), Part(&L::value), Part(&L::latent_down)}) {
    if (part == kept) return WeightUse::kKeyValue;
  }
  return WeightUse::kEveryToken;
}

double ShareUsed(WeightUse use, const ModelConfig& config, size_t layer) {
  if (use == WeightUse::kLookup || use == WeightUse::kPrediction) return 0;
  if (use != WeightUse::kExpert) return 1;
  const ExpertsConfig& experts = config.layers[layer].experts;
  return static_cast<double>(experts.used) / experts.count;
}

WeightGroup GroupOf(const Part& part, size_t layer, const PartShape& shape, const ModelConfig& config) {
  WeightGroup group;
  group.use = UseOf(part, layer, config);
  group.layer = IsOfLayer(part) ? layer : 0;
  group.count = shape.count;
  group.used = shape.count * ShareUsed(group.use, config, layer);
  group.outputs = shape.outputs;
  group.inputs = shape.inputs;
  group.part = part;
  return group;
}

// The types that config.json speaks of.
class ConfigTypes {
 public:
  explicit ConfigTypes(const Checkpoint& checkpoint)
      : source_(checkpoint.metadata.source()), quantization_(QuantizationOf(checkpoint)) {
    const std::string part(TextPartOf(checkpoint).config);
    for (const std::string& key :
         {part + "torch_dtype", part + "dtype", std::string("torch_dtype"), std::string("dtype")}) {
      if (const auto word = checkpoint.metadata.GetString(key)) {
        type_ = FloatNamed(key, *word);
        break;
      }
    }
  }

  // Of the matrices that are `part`. `inputs`: of one.
  TensorType Of(const Part& part, uint64_t inputs) const {
    const bool of_layer =
        std::holds_alternative<PackedMatrix L::*>(part) || std::holds_alternative<std::vector<PackedMatrix> L::*>(part);
    if (quantization_ == Quantization::kFp8 && of_layer && part != Part(&L::router)) return TensorType::kF8_E4M3;
    if (quantization_ != Quantization::kMxfp4 || !IsExperts(part)) return type_;
    if (inputs % InfoOf(TensorType::kMXFP4).block_values != 0) {
      throw FormatError(source_ + ": quantization_config.quant_method is \"mxfp4\" for experts with rows of " +
                        std::to_string(inputs) + " values, expected a multiple of " +
                        std::to_string(InfoOf(TensorType::kMXFP4).block_values));
    }
    return TensorType::kMXFP4;
  }
  TensorType float_type() const { return type_; }

 private:
  TensorType FloatNamed(const std::string& key, const std::string& word) const {
    if (word == "bfloat16") return TensorType::kBF16;
    if (word == "float16") return TensorType::kF16;
    if (word == "float32") return TensorType::kF32;
    throw UnsupportedError(source_ + ": " + key + " is \"" + Printable(word) +
                           "\", expected bfloat16, float16 or float32");
  }

  const std::string& source_;
  TensorType type_ = TensorType::kBF16;
  Quantization quantization_;
};

// Of a matrix or vector in the files of a safetensors checkpoint.
uint64_t StoredBytes(TensorType type, uint64_t outputs, uint64_t inputs) {
  const TensorTypeInfo& info = InfoOf(type);
  if (inputs == 0) return outputs * info.block_bytes;
  const uint64_t bytes = outputs * (inputs / info.block_values) * info.block_bytes;
  const auto blocks = [](uint64_t n) { return (n + kFp8Block - 1) / kFp8Block; };
  return type == TensorType::kF8_E4M3 ? bytes + blocks(outputs) * blocks(inputs) * sizeof(float) : bytes;
}

// What config.json alone tells: every part that it has, whatever row of the table holds it.
void CountParts(const Checkpoint& checkpoint, const ModelConfig& config, Inventory& inventory) {
  const std::span<const TensorRow> rows = FamilyOf(checkpoint).tensors;
  const ConfigTypes types(checkpoint);
  std::vector<Part> seen;
  for (const TensorRow& row : rows) {
    const std::string_view name = row.safetensors.name;
    if (name.empty() || std::holds_alternative<std::monostate>(row.part) ||
        std::holds_alternative<RopeFactorsPart>(row.part) ||
        std::find(seen.begin(), seen.end(), row.part) != seen.end()) {
      continue;
    }
    seen.push_back(row.part);
    const size_t layers = name.find("{}") == std::string_view::npos ? 1 : config.all_layers();
    for (size_t layer = 0; layer < layers; ++layer) {
      const PartShape shape = ShapeOf(row.part, config, layer);
      if (shape.count == 0) continue;
      WeightGroup group = GroupOf(row.part, layer, shape, config);
      group.stored = shape.inputs == 0 ? types.float_type() : types.Of(row.part, shape.inputs);
      group.transposed = row.safetensors.stored == Stored::kTransposed;
      inventory.stored_bytes += shape.count * StoredBytes(group.stored, shape.outputs, shape.inputs);
      inventory.groups.push_back(group);
    }
  }
}

// What the files' tensors are.
void CountTensors(const Checkpoint& checkpoint, const ModelConfig& config, Inventory& inventory) {
  for (const TensorSlot& slot : MatchTensors(FamilyOf(checkpoint).tensors, config, checkpoint)) {
    if (std::holds_alternative<RopeFactorsPart>(slot.part)) continue;
    WeightGroup group = GroupOf(slot.part, slot.layer, {1, slot.outputs, slot.inputs}, config);
    group.stored = checkpoint.tensors[slot.tensor].type;
    if (group.stored == TensorType::kU8) group.stored = TensorType::kMXFP4;
    group.transposed = slot.transposed;
    inventory.groups.push_back(group);
  }
  for (const TensorInfo& tensor : checkpoint.tensors) inventory.stored_bytes += tensor.bytes;
}

}  // namespace

Inventory InventoryOf(const Checkpoint& checkpoint, const ModelConfig& config) {
  Inventory inventory;
  if (checkpoint.tensors.empty() && checkpoint.format == CheckpointFormat::kSafetensors) {
    CountParts(checkpoint, config, inventory);
  } else {
    CountTensors(checkpoint, config, inventory);
  }
  double active = 0;
  for (const WeightGroup& group : inventory.groups) {
    const bool predicts = group.use == WeightUse::kPrediction;
    (predicts ? inventory.prediction_parameters : inventory.parameters) += group.values();
    if (group.use == WeightUse::kLookup) inventory.lookup_parameters += group.values();
    active += group.used / group.count * static_cast<double>(group.values());
  }
  inventory.active_parameters = static_cast<uint64_t>(std::llround(active));
  return inventory;
}

TensorType TypeOf(const WeightGroup& group, std::optional<TensorType> quantize) {
  if (group.inputs == 0) return TensorType::kF32;
  return KeptType(group.part, group.stored, group.transposed, group.inputs, quantize);
}

uint64_t BytesOfOne(const WeightGroup& group, std::optional<TensorType> quantize) {
  if (group.inputs == 0) return group.outputs * sizeof(float);
  return PackedMatrix::PackedBytes(TypeOf(group, quantize), static_cast<uint32_t>(group.outputs),
                                   static_cast<uint32_t>(group.inputs));
}

uint64_t KeptBytes(const Inventory& inventory, std::optional<TensorType> quantize) {
  uint64_t bytes = 0;
  for (const WeightGroup& group : inventory.groups) bytes += group.count * BytesOfOne(group, quantize);
  return bytes;
}

double WeightBytesPerToken(const Inventory& inventory, std::optional<TensorType> quantize) {
  double bytes = 0;
  for (const WeightGroup& group : inventory.groups) {
    if (group.inputs != 0) bytes += group.used * static_cast<double>(BytesOfOne(group, quantize));
  }
  return bytes;
}

}  // namespace candor
