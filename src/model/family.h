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

struct Family {
  std::string_view architecture;  // what GGUF's `general.architecture` says
  // The configuration that the metadata describes; throws FormatError naming a key that is missing or out of range,
  // UnsupportedError for a variant that is not computed.
  ModelConfig (*configure)(const Checkpoint& checkpoint);
  std::span<const TensorRow> tensors;
};

// The family that the file asks for. Throws FormatError without `general.architecture`, UnsupportedError naming the
// known ones when it is none of them.
const Family& FamilyOf(const Metadata& metadata);

}  // namespace candor

#endif  // CANDOR_MODEL_FAMILY_H_
