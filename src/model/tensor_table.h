// Which tensor of a file is which weight: a family's table, and its match against the tensors of one checkpoint.
#ifndef CANDOR_MODEL_TENSOR_TABLE_H_
#define CANDOR_MODEL_TENSOR_TABLE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "format/checkpoint.h"
#include "model/config.h"
#include "model/weights.h"

namespace candor {

enum class Need : uint8_t { kRequired, kOptional, kIgnored };

// A tensor of factors that multiplies RopeConfig::frequency_factors of rotation `rope`.
struct RopeFactorsPart {
  uint32_t rope = 0;
};

// Where a tensor goes; monostate for what is ignored. The part decides the shape, see PartShape().
using Part = std::variant<std::monostate, PackedMatrix ModelWeights::*, std::vector<float> ModelWeights::*,
                          PackedMatrix LayerWeights::*, std::vector<float> LayerWeights::*, RopeFactorsPart>;

// One row of a family's table.
//
// `name` is the tensor's name; "{}" in it stands for the layer's number and makes the row one of every layer. Rows that
// follow each other with the same name divide that tensor among them in their order: rows of a matrix, elements of a
// vector (a fused q, k and v is three rows). An ignored row says why, and its name may end in '*' for any rest.
struct TensorRow {
  std::string_view name;
  Need need = Need::kRequired;
  Part part;
  std::string_view reason;
};

// `outputs` rows of `inputs` values; a vector has `outputs` elements and inputs = 0.
struct WeightShape {
  uint64_t outputs = 0;
  uint64_t inputs = 0;
};
WeightShape PartShape(const Part& part, const ModelConfig& config, uint32_t layer);

// Outputs [first_output, first_output + shape.outputs) of a tensor become `part` of `layer`.
struct TensorSlot {
  size_t tensor;  // index into Checkpoint::tensors
  uint64_t first_output;
  WeightShape shape;
  Part part;
  uint32_t layer;  // 0 for parts of the model
};

// Matches every tensor of `checkpoint` with a row and every required row with a tensor, and compares shapes and types.
// Returns the slots ordered by tensor. Throws FormatError naming tensor, found and expected for a missing, unexpected
// or misshapen one, UnsupportedError for a type that is not computed. `config` must be valid.
std::vector<TensorSlot> MatchTensors(std::span<const TensorRow> rows, const ModelConfig& config,
                                     const Checkpoint& checkpoint);

}  // namespace candor

#endif  // CANDOR_MODEL_TENSOR_TABLE_H_
