// What one step of the decoder computes: rows of tokens, the sequences they belong to, what is wanted of each.
#ifndef CANDOR_MODEL_BATCH_H_
#define CANDOR_MODEL_BATCH_H_

#include <cstdint>
#include <vector>

#include "model/kv_layout.h"

namespace candor {

enum class WantedOutput : uint8_t { kNone, kLogits, kHidden };

// `count` consecutive rows of a batch that belong to one sequence, at positions first_position, first_position + 1...
// Pages for all of these positions are there, and those of every earlier visible position hold what earlier steps
// wrote.
struct BatchSequence {
  const KvPages* kv = nullptr;
  uint32_t first_position = 0;
  uint32_t count = 0;
};

struct Batch {
  std::vector<int32_t> tokens;           // one a row; each in [0, vocabulary)
  std::vector<float> embeddings;         // instead of tokens: [rows, hidden], not scaled
  std::vector<BatchSequence> sequences;  // their counts add up to the rows
  std::vector<WantedOutput> wanted;      // one a row
};

struct BatchResult {
  std::vector<float> logits;  // [rows that want logits, vocabulary], in row order
  std::vector<float> hidden;  // [rows that want hidden, hidden]: after the output norm
  // One a sequence of the batch: a key or value of its rows is infinite or NaN. No output of the sequence means
  // anything from here on, and it may depend on how its tokens were divided into steps.
  std::vector<bool> broken;
};

}  // namespace candor

#endif  // CANDOR_MODEL_BATCH_H_
