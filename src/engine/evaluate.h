// The model's logits for a text that is already there: what `eval`, a replay and the tests look at.
#ifndef CANDOR_ENGINE_EVALUATE_H_
#define CANDOR_ENGINE_EVALUATE_H_

#include <cstdint>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "engine/engine.h"
#include "kernels/kernel_table.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// One sequence that grows, with the logits of every position. One thread at a time.
class Evaluator {
 public:
  // Keeps references to `model`, `kernels` and `pool`. Of `options`, max_sequences is not used. UsageError as Engine.
  Evaluator(const Model& model, const KernelTable& kernels, ThreadPool& pool, const EngineOptions& options);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // Computes up to `chunk` more tokens; returns their logits [tokens.size(), vocabulary], valid until the next call.
  // Throws UsageError for a token outside the vocabulary, LimitError when the context is full, and Error when a key,
  // a value or a logit is not finite.
  std::span<const float> Append(std::span<const TokenId> tokens);

  // Forgets all tokens from `position` on, as far as windows allow: returns how many are left, `position` or 0.
  uint32_t Rewind(uint32_t position);

  uint32_t position() const;             // tokens so far
  const EngineOptions& options() const;  // with zeros replaced by what they stand for
  size_t vocabulary() const;             // of the model: the length of a row of logits
  const KernelTable& kernels() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_EVALUATE_H_
