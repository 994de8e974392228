#include "model/batch_rows.h"

namespace candor {

void BatchRows::Assign(const Batch& batch, std::span<const uint32_t> keep) {
  sequences.clear();
  source.assign(keep.begin(), keep.end());
  position.clear();
  kv.clear();
  uint32_t first = 0;  // row at which the current sequence begins
  size_t next = 0;
  for (const BatchSequence& sequence : batch.sequences) {
    for (; next < keep.size() && keep[next] < first + sequence.count; ++next) {
      const uint32_t at = sequence.first_position + keep[next] - first;
      if (!position.empty() && kv.back() == sequence.kv && position.back() + 1 == at) {
        ++sequences.back().count;
      } else {
        sequences.push_back({sequence.kv, at, 1});
      }
      position.push_back(at);
      kv.push_back(sequence.kv);
    }
    first += sequence.count;
  }
}

}  // namespace candor
