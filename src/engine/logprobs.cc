#include "engine/logprobs.h"

#include <algorithm>

#include "base/float_mode.h"
#include "kernels/spec/math.h"

namespace candor {

double LogSumExp(std::span<const float> logits) {
  const FloatMode mode;
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += spec::Exp(static_cast<double>(logit) - largest);
  return largest + spec::Log(sum);
}

std::vector<TokenLogprob> MostLikely(std::span<const float> logits, double log_sum, uint32_t count) {
  const FloatMode mode;
  std::vector<TokenId> best;  // in order
  const auto before = [&](TokenId a, TokenId b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); };
  for (TokenId token = 0; token < static_cast<TokenId>(logits.size()); ++token) {
    if (best.size() == count && (count == 0 || !before(token, best.back()))) continue;
    if (best.size() == count) best.pop_back();
    best.insert(std::upper_bound(best.begin(), best.end(), token, before), token);
  }
  std::vector<TokenLogprob> result;
  for (const TokenId token : best) result.push_back({token, static_cast<double>(logits[token]) - log_sum});
  return result;
}

}  // namespace candor
