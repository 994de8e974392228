#include "model/batch_rows.h"

namespace candor {

void BatchRows::Assign(const Batch& batch, std::span<const uint32_t> keep) {
  sequences.clear();
  source.assign(keep.begin(), keep.end());
  sequence.clear();
  position.clear();
  kv.clear();
  uint32_t first = 0;  // row at which the current sequence begins
  size_t next = 0;
  for (uint32_t i = 0; i < batch.sequences.size(); ++i) {
    const BatchSequence& whole = batch.sequences[i];
    for (; next < keep.size() && keep[next] < first + whole.count; ++next) {
      const uint32_t at = whole.first_position + keep[next] - first;
      if (!position.empty() && sequence.back() == i && position.back() + 1 == at) {
        ++sequences.back().count;
      } else {
        sequences.push_back({whole.kv, at, 1});
      }
      sequence.push_back(i);
      position.push_back(at);
      kv.push_back(whole.kv);
    }
    first += whole.count;
  }
}

}  // namespace candor
