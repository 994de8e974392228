// A loaded model: configuration, packed weights, and the digests of the bytes they came from. Immutable.
#ifndef CANDOR_MODEL_MODEL_H_
#define CANDOR_MODEL_MODEL_H_

#include <vector>

#include "base/sha256.h"
#include "format/checkpoint.h"
#include "model/config.h"
#include "model/weights.h"

namespace candor {

struct Model {
  ModelConfig config;
  ModelWeights weights;
  std::vector<Sha256Digest> file_digests;  // of each file of the checkpoint, whole
  uint64_t weight_bytes_per_token = 0;     // bytes of packed weights that one decoded token reads
};

// Maps names and metadata to a configuration without reading a tensor. Throws UnsupportedError for an architecture
// that no family knows (naming those that are), FormatError for a broken one.
ModelConfig ConfigOf(const Checkpoint& checkpoint);

// Reads, hashes and packs all weights in one pass over the files. Every tensor of the file must be required, optional
// or ignored with a reason by the family; anything else, a wrong shape or a missing tensor is a FormatError before the
// first byte is read.
Model LoadModel(const Checkpoint& checkpoint, const LoadProgress& progress);

}  // namespace candor

#endif  // CANDOR_MODEL_MODEL_H_
