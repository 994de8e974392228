// Reads, hashes and packs the tensors of a checkpoint into a model's weights, in one pass.
#ifndef CANDOR_MODEL_LOADER_H_
#define CANDOR_MODEL_LOADER_H_

#include <span>

#include "base/thread_pool.h"
#include "format/checkpoint.h"
#include "model/model.h"
#include "model/tensor_table.h"

namespace candor {

// Fills `model`'s weights, digests, bytes per token and the frequency factors that tensors hold, by the table `rows`.
// `model.config` is set and valid; it is valid again afterwards: a factor that would make it invalid is a FormatError
// that names its tensor. Other errors as LoadModel().
void LoadWeights(const Checkpoint& checkpoint, std::span<const TensorRow> rows, ThreadPool& pool,
                 const LoadProgress& progress, Model& model);

}  // namespace candor

#endif  // CANDOR_MODEL_LOADER_H_
