// Executes a step that the scheduler has decided.
#ifndef CANDOR_ENGINE_RUNNER_H_
#define CANDOR_ENGINE_RUNNER_H_

#include <memory>
#include <span>
#include <vector>

#include "engine/scheduler.h"
#include "model/kv_layout.h"

namespace candor {

// Valid until the next step.
struct StepResult {
  std::span<const float> logits;       // [n, vocabulary]: a row for each other entry that ends its pending tokens
  const std::vector<bool>* broken;     // one an entry: see BatchResult
  std::span<const float> hidden = {};  // [n, hidden size]: a row for each row of entries that want an embedding
};

class Runner {
 public:
  virtual ~Runner() = default;

  virtual size_t vocabulary() const = 0;
  virtual size_t hidden_size() const = 0;
  virtual uint32_t context_length() const = 0;  // the longest sequence that the model was made for
  virtual const std::vector<KvGroup>& kv_groups() const = 0;

  // Computes `rows`, writing keys and values into the sequences' pages.
  virtual StepResult Run(std::span<const ScheduledRows> rows) = 0;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_RUNNER_H_
