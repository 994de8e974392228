// The text model within a folder of one that also sees: its settings are an object of config.json, its tensors' names
// begin with a prefix, and the rest (an image encoder) is not read.
//
// Source: the published folders of Gemma 3 (4B to 27B) and Mistral Small 3.1.
#ifndef CANDOR_MODEL_TEXT_PART_H_
#define CANDOR_MODEL_TEXT_PART_H_

#include <string_view>

#include "format/checkpoint.h"

namespace candor {

// Both empty in a folder that is the text model alone.
struct TextPart {
  std::string_view config;   // before its members' keys: "text_config."
  std::string_view tensors;  // before its tensors' names: "language_model."
};

// By whether there is a `text_config`. Which models with one are computed, their families say (family.h).
TextPart TextPartOf(const Checkpoint& checkpoint);

}  // namespace candor

#endif  // CANDOR_MODEL_TEXT_PART_H_
