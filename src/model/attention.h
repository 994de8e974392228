// A batch's attention: divided into pieces that share keys and values, which the threads share out.
#ifndef CANDOR_MODEL_ATTENTION_H_
#define CANDOR_MODEL_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "model/batch.h"
#include "model/config.h"
#include "model/kv_layout.h"

namespace candor {

// Floats that one thread needs for any layer of a model, aligned as the kernel wants them.
HugeBuffer AttentionScratch(const ModelConfig& config);

// Computes this thread's share of layer `index`'s attention for all rows of `sequences`: query is [rows][query_stride],
// out is [rows][out_stride], [heads][value_dim] each. Keys and values of the rows are in their pages. `sinks` has one
// logit a head, or is empty. `scratch` is as AttentionScratch() made it.
void Attend(const KernelTable& kernels, const Worker& worker, std::span<const BatchSequence> sequences,
            const KvLayout& layout, const LayerConfig& config, uint32_t index, std::span<const float> sinks,
            const float* query, size_t query_stride, float* out, size_t out_stride, float* scratch);

}  // namespace candor

#endif  // CANDOR_MODEL_ATTENTION_H_
