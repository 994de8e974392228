// A loaded model: configuration, packed weights, and the digests of the bytes they came from. Immutable.
#ifndef CANDOR_MODEL_MODEL_H_
#define CANDOR_MODEL_MODEL_H_

#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/thread_pool.h"
#include "format/checkpoint.h"
#include "model/config.h"
#include "model/weights.h"

namespace candor {

struct Model {
  ModelConfig config;
  ModelWeights weights;
  std::vector<std::string> notes;          // what is kept in another form than the file's, one line each
  std::vector<Sha256Digest> file_digests;  // of each file of the checkpoint, whole
  uint64_t weight_bytes_per_token = 0;     // bytes of packed weights that one decoded token reads
};

struct LoadModelOptions {
  LoadProgress progress = {};  // may be empty
  // Weights in F32, F16, BF16 or F8_E4M3 are quantised to this type where its blocks divide their rows, to Q8_0 where
  // only blocks of 32 do, and kept as they are otherwise: kQ8_0, kQ4_K or kQ6_K. With kQ4_K the embedding and the
  // output head are in Q6_K. Routers of experts, learned positions and vectors are never quantised.
  std::optional<TensorType> quantize = {};
  uint32_t context_limit = 0;  // see LimitContext()
};

// Maps names and metadata to a configuration without reading a tensor (frequency factors that a tensor holds are not in
// it yet). The configuration is valid. Throws UnsupportedError for an architecture that no family knows (naming those
// that are), FormatError for a broken one.
ModelConfig ConfigOf(const Checkpoint& checkpoint, uint32_t context_limit = 0);

// Reads, hashes and packs all weights in one pass over the files; `pool` packs. Every tensor of the file must be
// required, optional or ignored with a reason by the family; anything else, a wrong shape or a missing tensor is a
// FormatError before the first byte is read. A value or scale that is not finite is a FormatError naming its tensor.
// Memory: the packed weights and the reader's window; no more than about twice the files' bytes whatever they say.
Model LoadModel(const Checkpoint& checkpoint, ThreadPool& pool, const LoadModelOptions& options);

}  // namespace candor

#endif  // CANDOR_MODEL_MODEL_H_
