// The one decoder: runs a batch of tokens of any number of sequences through the model.
//
// The value of every output depends on its own sequence alone: not on the other sequences in the batch, on how a
// sequence's tokens are split over steps, on the threads or on the instruction set (docs/numerics.md).
#ifndef CANDOR_MODEL_DECODER_H_
#define CANDOR_MODEL_DECODER_H_

#include <memory>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "model/batch.h"
#include "model/kv_layout.h"
#include "model/model.h"

namespace candor {

struct DecoderOptions {
  bool exact = false;       // one float32 fma per weight for every type, instead of int8 activations
  uint32_t max_rows = 512;  // the largest batch
};

class Decoder {
 public:
  // Keeps references to model, layout, kernels and pool.
  Decoder(const Model& model, const KvLayout& layout, const KernelTable& kernels, ThreadPool& pool,
          const DecoderOptions& options);
  ~Decoder();

  // Computes `batch` and writes its keys and values into the sequences' pages. Rows beyond max_rows are our bug
  // (CHECK). A logit that is not finite is left as it is: the caller ends that request, as it ends a broken sequence's.
  void Run(const Batch& batch, BatchResult& result);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_MODEL_DECODER_H_
