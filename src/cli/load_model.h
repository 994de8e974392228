// How commands that compute get their model: the process is sealed, then the model's first byte is read.
#ifndef CANDOR_CLI_LOAD_MODEL_H_
#define CANDOR_CLI_LOAD_MODEL_H_

#include "cli/common_options.h"
#include "cli/model_argument.h"
#include "engine/language_model.h"

namespace candor {

// Reads, hashes and packs the model behind `files`, with a progress line on standard error where that is a terminal.
// Call SealForModel() before. A model of the store is refused when its bytes are not those that its record names (they
// are hashed as they are read), or when the record cannot be believed. Throws Error for a file that is refused,
// UsageError for options that are.
LanguageModel LoadSealed(ModelFiles files, const ComputeOptions& options);

}  // namespace candor

#endif  // CANDOR_CLI_LOAD_MODEL_H_
