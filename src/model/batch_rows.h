// Which rows of a batch a layer computes: all of them, or in the end only those whose output somebody wants.
#ifndef CANDOR_MODEL_BATCH_ROWS_H_
#define CANDOR_MODEL_BATCH_ROWS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "model/batch.h"

namespace candor {

struct BatchRows {
  // Replaced by the rows of `batch` that `keep` names (in ascending order).
  void Assign(const Batch& batch, std::span<const uint32_t> keep);

  int count() const { return static_cast<int>(source.size()); }

  std::vector<BatchSequence> sequences;  // runs of neighbouring rows; their counts add up to the rows
  std::vector<uint32_t> source;          // of each row: its row in the batch
  std::vector<uint32_t> sequence;        // of each row: its sequence in the batch
  std::vector<uint32_t> position;        // of each row
  std::vector<const KvPages*> kv;        // of each row
};

}  // namespace candor

#endif  // CANDOR_MODEL_BATCH_ROWS_H_
