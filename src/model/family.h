// A family of models: how its files' metadata and tensor names map to the one decoder's configuration and weights.
// Each family is one file in families/; the list of them is registry.cc.
#ifndef CANDOR_MODEL_FAMILY_H_
#define CANDOR_MODEL_FAMILY_H_

#include <span>
#include <string_view>

#include "format/checkpoint.h"
#include "model/config.h"
#include "model/tensor_table.h"

namespace candor {

// The configuration that a checkpoint's metadata describes; throws FormatError naming a key that is missing or out of
// range, UnsupportedError for a variant that is not computed.
using Configure = ModelConfig (*)(const Checkpoint& checkpoint);

struct Family {
  // What GGUF's `general.architecture` and config.json's `model_type` say; "" where the format does not have the
  // family.
  std::string_view architecture, model_type;
  Configure from_gguf = nullptr, from_safetensors = nullptr;
  std::span<const TensorRow> tensors;
  // config.json's `model_type` of models that also see and have this one as their text part; or "".
  std::string_view whole_model_type = "";
};

// A family as one format has it.
struct FamilyMapping {
  Configure configure;
  std::span<const TensorRow> tensors;
};

// The family that the checkpoint asks for. Throws FormatError without `general.architecture` (`model_type`),
// UnsupportedError naming the known ones when it is none of them.
FamilyMapping FamilyOf(const Checkpoint& checkpoint);

}  // namespace candor

#endif  // CANDOR_MODEL_FAMILY_H_
