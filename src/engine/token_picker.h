// Picks the tokens that follow a step's rows of logits, each on one of the model's threads: for 16 sequences that takes
// long enough to matter.
#ifndef CANDOR_ENGINE_TOKEN_PICKER_H_
#define CANDOR_ENGINE_TOKEN_PICKER_H_

#include <optional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "engine/request.h"
#include "engine/sampler.h"
#include "kernels/kernel_table.h"

namespace candor {

// A row of logits and the sequence that it continues.
struct LogitsRow {
  std::span<const float> logits;
  const Request* request;
  std::span<const TokenId> tokens;  // prompt and answer so far
};

struct PickedToken {
  std::optional<TokenId> token;  // nothing when a logit is not finite
  double logprob = 0;            // of the token; this and `top` where the request asks for log-probabilities
  std::vector<TokenLogprob> top;
};

class TokenPicker {
 public:
  // Keeps references to `kernels` and `pool`; without a pool the calling thread picks them all.
  TokenPicker(const KernelTable& kernels, ThreadPool* pool);

  // One for each row, which does not depend on the others. Valid until the next call.
  std::span<PickedToken> Pick(std::span<const LogitsRow> rows);

 private:
  PickedToken PickOne(Sampler& sampler, const LogitsRow& row) const;

  const KernelTable& kernels_;
  ThreadPool* pool_;
  std::vector<Sampler> samplers_;  // one a thread
  std::vector<PickedToken> picked_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_TOKEN_PICKER_H_
