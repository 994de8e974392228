#include "engine/logprobs.h"

#include <algorithm>

#include "base/float_mode.h"
#include "engine/logit_scan.h"
#include "kernels/spec/math.h"

namespace candor {

double LogSumExp(const KernelTable& kernels, std::span<const float> logits) {
  const FloatMode mode;
  const float largest = ScanLogits(logits).largest;
  return static_cast<double>(largest) + spec::Log(kernels.sum_of_exponentials(logits.data(), logits.size(), largest));
}

std::vector<TokenLogprob> MostLikely(std::span<const float> logits, double log_sum, uint32_t count) {
  const FloatMode mode;
  std::vector<TokenId> best;  // in order
  const auto before = [&](TokenId a, TokenId b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); };
  const auto take = [&](TokenId token) {
    if (best.size() == count && (count == 0 || !before(token, best.back()))) return;
    if (best.size() == count) best.pop_back();
    best.insert(std::upper_bound(best.begin(), best.end(), token, before), token);
  };
  // Block by block: nearly all have nothing that is above the least likely one so far.
  constexpr size_t kBlock = 32;
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const std::span<const float> block = logits.subspan(begin, std::min(kBlock, logits.size() - begin));
    if (block.size() == kBlock && best.size() == count && count > 0) {
      const float least = logits[static_cast<size_t>(best.back())];
      uint32_t any = 0;
      for (size_t i = 0; i < kBlock; ++i) any |= block[i] > least;
      if (any == 0) continue;
    }
    for (size_t i = 0; i < block.size(); ++i) take(static_cast<TokenId>(begin + i));
  }
  std::vector<TokenLogprob> result;
  for (const TokenId token : best) result.push_back({token, static_cast<double>(logits[token]) - log_sum});
  return result;
}

}  // namespace candor
