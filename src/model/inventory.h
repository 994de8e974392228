// What a model is made of: its weights, counted from the configuration and the family's table. Files of tensors are not
// needed; where they are there, they say which type each weight has.
#ifndef CANDOR_MODEL_INVENTORY_H_
#define CANDOR_MODEL_INVENTORY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "format/checkpoint.h"
#include "kernels/tensor_type.h"
#include "model/config.h"
#include "model/tensor_table.h"

namespace candor {

// What a step does with a weight.
enum class WeightUse : uint8_t {
  kLookup,      // a token takes a row of it: embeddings
  kEveryToken,  // every token is multiplied with it
  kKeyValue,    // likewise; in the last layer too, which computes the rest for tokens whose output is wanted
  kExpert,      // tokens that a router has sent there
  kHead,        // tokens whose logits are wanted
  kPrediction,  // none: kept for speculation
};

// Matrices that are alike, or vectors: those have inputs = 0, and `outputs` elements.
struct WeightGroup {
  WeightUse use = WeightUse::kEveryToken;
  size_t layer = 0;    // 0 for those of the model
  uint32_t count = 1;  // of them
  double used = 0;     // how many of them one token uses
  uint64_t outputs = 0, inputs = 0;
  Part part;
  TensorType stored = TensorType::kF32;  // in the files
  bool transposed = false;               // see KeptType()

  uint64_t values() const { return count * outputs * (inputs == 0 ? 1 : inputs); }
};

struct Inventory {
  std::vector<WeightGroup> groups;
  uint64_t parameters = 0;             // all but those for prediction
  uint64_t prediction_parameters = 0;  // of the layers behind the model's own
  uint64_t active_parameters = 0;      // that one token is computed with: experts it uses, no table of embeddings
  uint64_t lookup_parameters = 0;      // of tables of embeddings that are not the output head as well
  uint64_t stored_bytes = 0;           // of all tensors in the files, scales included
};

// The weights of a checkpoint. Without tensors, which only config.json can be, types are those that it speaks of:
// `torch_dtype` (BF16 where it is missing), FP8 with scales for the layers' matrices but routers, MXFP4 for experts'.
// `config` must be valid and that of `checkpoint`. Throws as MatchTensors() does; FormatError or UnsupportedError
// naming the member of config.json for a type that is not computed or does not fit.
Inventory InventoryOf(const Checkpoint& checkpoint, const ModelConfig& config);

// What a matrix is kept as when `quantize` is asked for or not; F32 for vectors.
TensorType TypeOf(const WeightGroup& group, std::optional<TensorType> quantize);
// Bytes of memory that one matrix or vector of the group takes.
uint64_t BytesOfOne(const WeightGroup& group, std::optional<TensorType> quantize);
// Of all groups.
uint64_t KeptBytes(const Inventory& inventory, std::optional<TensorType> quantize);
// Of the matrices that one decoded token reads: Model::weight_bytes_per_token.
double WeightBytesPerToken(const Inventory& inventory, std::optional<TensorType> quantize);

}  // namespace candor

#endif  // CANDOR_MODEL_INVENTORY_H_
