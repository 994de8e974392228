// What people call the number formats of a model's weights.
#ifndef CANDOR_FORMAT_WEIGHT_FORMAT_H_
#define CANDOR_FORMAT_WEIGHT_FORMAT_H_

#include <string_view>

#include "format/checkpoint.h"
#include "format/metadata.h"

namespace candor {

// "Q4_K_M": what general.file_type stands for; empty when the file does not say or the number is unknown.
std::string_view FileTypeName(const Metadata& metadata);

// The same of any checkpoint: FileTypeName(), or what config.json calls its quantisation ("fp8", "mxfp4").
std::string_view WeightFormat(const Checkpoint& checkpoint);

}  // namespace candor

#endif  // CANDOR_FORMAT_WEIGHT_FORMAT_H_
