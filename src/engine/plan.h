// What a model needs and how fast it will be, before it is downloaded or loaded: from its configuration, or from the
// headers of its files.
#ifndef CANDOR_ENGINE_PLAN_H_
#define CANDOR_ENGINE_PLAN_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/speed_estimate.h"
#include "format/checkpoint.h"
#include "model/config.h"
#include "model/inventory.h"

namespace candor {

struct PlanOptions {
  uint32_t context = 0;  // 0 = kPlannedContext, or what the model was made for where that is less
  uint32_t chunk = 512;  // rows of a prefill step
  KvType kv = KvType::kF16;
  bool exact = false;
  std::optional<TensorType> quantize;  // what the speeds are of; nothing = as the files are
  MachineSpeed machine;
  uint64_t memory_bytes = 0;  // that may be used
};

inline constexpr uint32_t kPlannedContext = 8192;

// One way to keep the weights.
struct PlannedWeights {
  std::optional<TensorType> quantize;
  uint64_t bytes = 0;          // in memory
  double bytes_per_token = 0;  // that one decoded token reads
  uint64_t memory_bytes = 0;   // of everything, with the cache of the planned context
  bool fits = false;
  StepTime decode;  // one token behind the first of PlannedSpeed::tokens
};

struct PlannedSpeed {
  uint32_t tokens = 0;  // of a prompt
  StepTime prefill;     // of all of them
  StepTime decode;      // one token behind them
  // Of a model with latent attention: the prefill if keys and values were unfolded.
  std::optional<StepTime> unfolded_prefill = {};
};

// What is known of a model before the machine is.
struct PlannedModel {
  ModelConfig config;
  Inventory inventory;
  uint32_t context = 0;  // that is planned for
};

struct Plan : PlannedModel {
  std::vector<PlannedWeights> weights;  // as stored, then in Q8_0, Q6_K and Q4_K where that makes a difference
  PlannedWeights chosen;                // the way that was asked for
  uint64_t kv_bytes_per_1000 = 0;       // tokens, while none has left a window
  uint64_t kv_bytes = 0;                // at most, of the planned context
  uint64_t working_bytes = 0;           // of a step, and the program's own
  std::vector<PlannedSpeed> speeds;     // prompts of 512, 4,096 and 32,768 tokens and the planned context that was
                                        // asked for, up to what the model was made for
};

// Everything that can be refused is refused here: throws the errors of ConfigOf(), InventoryOf() and KvLayout,
// UsageError for a context outside 2 to what the model was made for.
PlannedModel ReadPlannedModel(const Checkpoint& checkpoint, const PlanOptions& options);
Plan MakePlan(PlannedModel model, const PlanOptions& options);

// Bytes that steps of up to `rows` tokens take besides weights and cache, about; with those of the program itself.
uint64_t WorkingBytes(const ModelConfig& config, uint32_t rows);

}  // namespace candor

#endif  // CANDOR_ENGINE_PLAN_H_
