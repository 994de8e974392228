// Answers requests: continuous batching over one model.
//
//   Sequence (state) -> Scheduler (decides) -> KvCache (allocates) -> Runner (executes) -> Sampler (picks)
//
// Each Step() runs the model once over rows of any number of requests. The tokens of a request depend on the request
// alone: not on the others in the batch, on how its prompt was divided over steps, or on being put off and recomputed.
#ifndef CANDOR_ENGINE_ENGINE_H_
#define CANDOR_ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine_options.h"
#include "engine/request.h"
#include "tokenizer/tokenizer.h"

namespace candor {

struct KernelTable;
struct Model;
class Runner;
class ThreadPool;

// One thread at a time. Not copyable or movable.
class Engine {
 public:
  // Keeps references to all but `options`. Throws UsageError naming an option outside its range: a context beyond the
  // model's, or memory too small for one whole context.
  Engine(const Model& model, const Tokenizer& tokenizer, const KernelTable& kernels, ThreadPool& pool,
         const EngineOptions& options);
  // The same over any runner: how the tests drive it without a model.
  Engine(std::unique_ptr<Runner> runner, const Tokenizer& tokenizer, const KernelTable& kernels,
         const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Takes a request; its events come from Step(). Throws UsageError naming the field and its range, and LimitError
  // with both counts when the prompt leaves no room for a token in the context.
  RequestId Submit(Request request);

  // Runs the model once and returns what happened, in the order in which it did; empty when idle.
  std::vector<Event> Step();

  // Ends a request: the next Step() reports it as kCancelled. Nothing happens when it has already ended.
  void Cancel(RequestId id);

  // Ends the thought that a request is inside of, as a used-up budget would, and lets no other go on. False when the
  // request has ended or nothing is known that closes its thoughts (ThinkingControl::forced_close).
  bool CloseThought(RequestId id);

  // Whether no request is under way, so that Step() would return nothing.
  bool idle() const;
  const EngineOptions& options() const;  // as given, with zeros replaced by what they stand for
  // Bytes of keys and values held now, by requests and by remembered prefixes, and those of the latter alone, which go
  // when they are needed. The second takes time with what is remembered.
  uint64_t kv_bytes_used() const;
  uint64_t kv_bytes_remembered() const;

  struct Counters {
    uint64_t prompt_tokens = 0;  // computed
    uint64_t cached_tokens = 0;  // prompt tokens that were remembered instead
    uint64_t generated_tokens = 0;
    uint64_t preemptions = 0;       // how often a request had to give way
    uint64_t forgotten_tokens = 0;  // of remembered prefixes that had to
  };
  Counters counters() const;
  size_t running() const;
  // Those that wait, in the order in which they would start if nothing else came.
  std::vector<RequestId> Waiting() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_ENGINE_H_
