// Which tensor of a file is which weight: a family's table, and its match against the tensors of one checkpoint.
#ifndef CANDOR_MODEL_TENSOR_TABLE_H_
#define CANDOR_MODEL_TENSOR_TABLE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "format/checkpoint.h"
#include "model/config.h"
#include "model/weights.h"

namespace candor {

// A tensor of factors that multiplies RopeConfig::frequency_factors of rotation `rope`.
struct RopeFactorsPart {
  enum class Set : uint8_t { kAlways, kShort, kLong };
  uint32_t rope = 0;
  Set set = Set::kAlways;  // the other two: used where RopeConfig::long_factors says so
  bool operator==(const RopeFactorsPart&) const = default;
};

// Where a tensor goes; monostate for what is ignored. The part decides the shape, see ShapeOf().
using Part = std::variant<std::monostate, PackedMatrix ModelWeights::*, std::vector<float> ModelWeights::*,
                          PackedMatrix LayerWeights::*, std::vector<float> LayerWeights::*,
                          std::vector<PackedMatrix> LayerWeights::*, PackedMatrix PredictionWeights::*,
                          std::vector<float> PredictionWeights::*, RopeFactorsPart>;

// How a tensor holds its parts. A matrix has `outputs` rows of `inputs` values; of a part that is many matrices (one an
// expert or a head) the tensor holds all, one behind the other.
enum class Stored : uint8_t {
  kOutputs,            // as [outputs, inputs]; parts that share it follow each other
  kInputs,             // as [inputs, outputs]; parts that share it do so by columns
  kInterleaved,        // as kOutputs, in turns: output i of the p-th of n parts is row i * n + p
  kInterleavedInputs,  // both
  kTransposed,         // a slice of a tensor that is stored by outputs: the slice's rows are this part's inputs
  kLessOne,            // a vector of norm weights of which 1 has been subtracted
};

struct Source {
  std::string_view name = {};  // empty: the format has no such tensor
  Stored stored = Stored::kOutputs;
};

// One row of a family's table: the tensor that a weight comes from, in GGUF and in safetensors.
//
// "{}" in a name stands for the layer's number and makes the row one of every layer that has the part; "{e}" for the
// expert's. Rows that follow each other with the same name divide that tensor among them in their order (a fused q, k
// and v is three rows). Rows may name the same part: the file has one of their tensors. An ignored row has no part and
// says why, and its name may end in '*' for any rest.
struct TensorRow {
  Source gguf, safetensors;
  Part part = {};
  std::string_view reason = {};
  bool optional = false;  // a part that the configuration does not tell about
};

// What a part is of one layer: `count` matrices of `outputs` rows of `inputs` values; a vector has count * outputs
// elements and inputs = 0. All 0 when the layer has no such part.
struct PartShape {
  uint32_t count = 0;
  uint64_t outputs = 0;
  uint64_t inputs = 0;
};
PartShape ShapeOf(const Part& part, const ModelConfig& config, size_t layer);

// One matrix or vector and where in a tensor it is. Element (i, j) of the part, output i and input j, is in the
// tensor's row and column (first_row + i * step, j), or, transposed, (first_row + j, first_column + i * step). Rows are
// those of TensorInfo::rows(); a vector's elements are one row.
struct TensorSlot {
  size_t tensor;  // index into Checkpoint::tensors
  // Another tensor with the scales of this one: FP8's [rows / 128, columns / 128], MXFP4's [rows, columns / 32].
  std::optional<size_t> scales;
  Part part;
  size_t layer = 0;  // 0 for parts of the model
  size_t item = 0;   // of a part that is many matrices
  uint64_t outputs = 0;
  uint64_t inputs = 0;  // 0: a vector
  uint64_t first_row = 0;
  uint64_t first_column = 0;
  uint64_t step = 1;
  bool transposed = false;
  float added = 0.0f;  // to each element of a vector

  // The tensor's rows that the part comes from: [first_row, first_row + SourceRows()).
  uint64_t SourceRows() const { return transposed ? inputs : (outputs - 1) * step + 1; }
};

// Matches every tensor of `checkpoint` with a row and every part of the configuration with a tensor, and compares
// shapes and types. Returns the slots ordered by tensor. Throws FormatError naming tensor, found and expected for a
// missing, unexpected or misshapen one, UnsupportedError for a type that is not computed. `config` must be valid.
//
// A weight in F8_E4M3 has its scales in NAME_scale_inv (DeepSeek's format). Where safetensors has NAME_blocks and
// NAME_scales instead of NAME, the weight is MXFP4 as gpt-oss stores it: [..., columns / 32, 16] bytes, two values
// each, the first in the low half; by outputs whatever the row says of NAME.
std::vector<TensorSlot> MatchTensors(std::span<const TensorRow> rows, const ModelConfig& config,
                                     const Checkpoint& checkpoint);

// The columns and rows that share a scale in F8_E4M3 weights.
inline constexpr uint64_t kFp8Block = 128;

}  // namespace candor

#endif  // CANDOR_MODEL_TENSOR_TABLE_H_
