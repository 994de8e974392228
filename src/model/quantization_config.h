// How the published weights of a safetensors folder are quantised, as config.json says it.
#ifndef CANDOR_MODEL_QUANTIZATION_CONFIG_H_
#define CANDOR_MODEL_QUANTIZATION_CONFIG_H_

#include <cstdint>

#include "format/checkpoint.h"

namespace candor {

enum class Quantization : uint8_t {
  kNone,
  kFp8,    // the layers' matrices in F8_E4M3, a scale for each kFp8Block by kFp8Block of them (DeepSeek)
  kMxfp4,  // the experts in MXFP4 (gpt-oss)
};

// Reads `quantization_config`, that of the text part where it stands there. Throws UnsupportedError naming another
// method, FormatError when the member is broken or no tensor is of the kind (a checkpoint without any tensors may be of
// any). GGUF files have their tensors' types instead: kNone.
Quantization QuantizationOf(const Checkpoint& checkpoint);

}  // namespace candor

#endif  // CANDOR_MODEL_QUANTIZATION_CONFIG_H_
