// Log-probabilities of a row of logits: what a request that asks for them, and perplexity, are given.
#ifndef CANDOR_ENGINE_LOGPROBS_H_
#define CANDOR_ENGINE_LOGPROBS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/request.h"
#include "kernels/kernel_table.h"

namespace candor {

// The natural logarithm of the sum of e^logit, as docs/numerics-sampling.md defines it. A token's log-probability is
// its logit minus this. `logits` are finite, not empty.
double LogSumExp(const KernelTable& kernels, std::span<const float> logits);

// The `count` most likely tokens (fewer when there are fewer), by (log-probability descending, id ascending).
std::vector<TokenLogprob> MostLikely(std::span<const float> logits, double log_sum, uint32_t count);

}  // namespace candor

#endif  // CANDOR_ENGINE_LOGPROBS_H_
