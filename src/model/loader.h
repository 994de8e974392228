// From a checkpoint's tensors to packed weights, in one pass over the files.
#ifndef CANDOR_MODEL_LOADER_H_
#define CANDOR_MODEL_LOADER_H_

#include <span>

#include "base/thread_pool.h"
#include "format/checkpoint.h"
#include "model/model.h"
#include "model/tensor_table.h"

namespace candor {

// Fills the weights of `model`, whose configuration must be valid, by a family's table; also the digests of the files,
// the bytes that a token reads, frequency factors that tensors hold, and the notes on what was converted. Throws as
// LoadModel() does.
void LoadWeights(const Checkpoint& checkpoint, std::span<const TensorRow> rows, ThreadPool& pool,
                 const LoadModelOptions& options, Model& model);

}  // namespace candor

#endif  // CANDOR_MODEL_LOADER_H_
