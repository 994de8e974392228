// The facts that a model report shows, as text and as JSON.
#ifndef CANDOR_CLI_MODEL_FACTS_H_
#define CANDOR_CLI_MODEL_FACTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/checkpoint.h"
#include "format/weight_format.h"

namespace candor {

// One thing that the file says of itself. Whatever type the file gives it is shown: a report has to be able to show a
// broken file.
struct ModelFact {
  std::string_view json;       // its name in JSON
  std::string_view label;      // for people
  const MetadataValue* value;  // null when the file does not say; points into the checkpoint
};

// Name, licence, architecture's numbers, tokenizer: everything, said or not, in the order to show it.
std::vector<ModelFact> ModelFacts(const Checkpoint& checkpoint);

struct TypeShare {
  TensorType type;
  uint64_t tensors;
  uint64_t values;
  uint64_t bytes;
};

// The number formats of the tensors, those with most bytes first.
std::vector<TypeShare> QuantisationMix(const Checkpoint& checkpoint);

// How many weights the tensors hold: of packed ones two a byte, and their scales are none.
uint64_t Parameters(const Checkpoint& checkpoint);

// "byte-level BPE": the algorithm that tokenizer.ggml.model stands for; empty when unknown.
std::string_view TokenizerAlgorithm(const Metadata& metadata);

// Why this program cannot run the model; empty when it can.
std::string WhyNotRunnable(const Checkpoint& checkpoint);

}  // namespace candor

#endif  // CANDOR_CLI_MODEL_FACTS_H_
