// Divides a batch's attention into pieces that share keys and values, and threads' shares of them.
#ifndef CANDOR_MODEL_ATTENTION_PLAN_H_
#define CANDOR_MODEL_ATTENTION_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "model/config.h"
#include "model/decoder.h"
#include "model/kv_layout.h"

namespace candor {

// What one thread needs for any layer of a model.
class AttentionScratch {
 public:
  explicit AttentionScratch(const ModelConfig& config);
  float* floats() { return reinterpret_cast<float*>(floats_.data()); }
  std::vector<const std::byte*> key_pages, value_pages;

 private:
  HugeBuffer floats_;
};

// Computes this thread's share of layer `index`'s attention for all rows of `sequences`: query is [rows][query_stride],
// out is [rows][out_stride], [heads][value_dim] each. Keys and values of the rows are in their pages.
void Attend(const KernelTable& kernels, const Worker& worker, std::span<const BatchSequence> sequences,
            const KvLayout& layout, const LayerConfig& config, uint32_t index, const float* query, size_t query_stride,
            float* out, size_t out_stride, AttentionScratch& scratch);

}  // namespace candor

#endif  // CANDOR_MODEL_ATTENTION_PLAN_H_
