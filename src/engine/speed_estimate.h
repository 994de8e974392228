// How fast a model will run, from what it is made of and what the machine can do: nothing is loaded.
//
// A step reads weights from memory and computes with them at the same time, so that the products with a group of alike
// matrices take the longer of the two: bytes at the share of the read bandwidth, or operations at the share of the int8
// (or float32) peak, that the kernels reach with weights of that type. What is done with a product's outputs, behind
// it, takes a fixed number of float operations each: norms, rotation, activation, the inputs of the next product.
// Attention is float32 operations on every tile of 64 positions that a token sees, or reading the cache, whichever is
// longer. Threads that meet several times a layer cost a fixed time.
//
//   decode    one token: each matrix that it uses once
//   prefill   in chunks: each matrix once a chunk, of the experts those that any of its tokens goes to if tokens choose
//             evenly; all but keys and values of the last layer, and the head, for the last token alone
//
// The shares are measured and the same for every machine (docs/models.md has them, and what is not in the model: caches
// that hold a whole model, memory that is not equally near to all threads, sampling). What is expected should be within
// 20 % of what is measured where the machine's limits are known: the bar "plan" of bench/bars.
#ifndef CANDOR_ENGINE_SPEED_ESTIMATE_H_
#define CANDOR_ENGINE_SPEED_ESTIMATE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/kv_page.h"
#include "model/config.h"
#include "model/inventory.h"

namespace candor {

// 10^9 bytes a second that all threads together read from memory, and 10^9 operations that they do.
struct MachineSpeed {
  double read_gbps = 0;
  double int8_gops = 0;
  double float_gflops = 0;
};

// The float32 peak where the int8 peak of an instruction set is known (KernelTable::name): a dot product instruction
// does as many lanes as a fused multiply-add, four values each; without such an instruction it takes three.
double FloatPeak(double int8_gops, std::string_view isa);

enum class Bound : uint8_t { kMemory, kCompute, kAttention, kThreads };

// Seconds of a step or a prefill, by what they go into.
struct StepTime {
  double memory = 0;     // weights that take longer to be read than to be computed with
  double compute = 0;    // the others, and what is done with outputs
  double attention = 0;  // with its cache
  double threads = 0;

  double total() const { return memory + compute + attention + threads; }
  // The largest part.
  Bound bound() const;
};

class SpeedEstimate {
 public:
  // Keeps references to `config` and `inventory`, which belong together. `exact`: float inputs for every type.
  SpeedEstimate(const ModelConfig& config, const Inventory& inventory, KvType kv, std::optional<TensorType> quantize,
                const MachineSpeed& machine, bool exact = false);

  // One token at `position`, that is behind as many others.
  StepTime Decode(uint32_t position) const;
  // A prompt of `tokens` (at least 1) in chunks of `chunk`, the last one's logits included.
  StepTime Prefill(uint32_t tokens, uint32_t chunk = 512) const;
  // The same if latent attention computed keys and values of all heads instead of folding the projections into queries
  // and outputs: each position's once, which is as many operations as folding takes for its query and output.
  StepTime UnfoldedPrefill(uint32_t tokens, uint32_t chunk = 512) const;

 private:
  // Adds what the products of `rows` tokens with each of `matrices` matrices of the group take.
  void AddProducts(const WeightGroup& group, double matrices, double rows, StepTime& time) const;
  StepTime ChunkTime(uint32_t rows) const;  // without attention
  bool IsForTheLastTokenAlone(const WeightGroup& group) const;
  StepTime PrefillWithAttention(uint32_t tokens, uint32_t chunk, bool unfolded) const;
  double AttentionSeconds(const LayerConfig& layer, uint32_t first, uint32_t tokens, bool unfolded) const;

  const ModelConfig& config_;
  const Inventory& inventory_;
  const KvType kv_;
  const std::optional<TensorType> quantize_;
  const MachineSpeed machine_;
  const bool exact_;
};

// Float operations of attention for one token and one position that it sees: with folded projections, as they are
// computed, and unfolded. The same number where a layer has no latent.
double AttentionOperations(const LayerConfig& layer, bool unfolded = false);

}  // namespace candor

#endif  // CANDOR_ENGINE_SPEED_ESTIMATE_H_
