// Picks the next token from the model's logits, by the definition in docs/numerics-sampling.md.
#ifndef CANDOR_ENGINE_SAMPLER_H_
#define CANDOR_ENGINE_SAMPLER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/sampling_params.h"
#include "kernels/kernel_table.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// Where in a request a token is picked.
struct SamplingPosition {
  std::span<const TokenId> tokens;  // prompt and answer so far
  size_t prompt_tokens = 0;         // how many of them are the prompt
  uint64_t seed = 0;
  uint32_t choice = 0;
};

// A pure function of its arguments; the object only keeps memory between calls. Not thread-safe.
class Sampler {
 public:
  // Weights are multiples of 2^-32, so that sums of up to this many of them are exact in double.
  static constexpr size_t kMaxVocabulary = size_t{1} << 20;

  explicit Sampler(const KernelTable& kernels) : kernels_(&kernels) {}

  // The token, or nothing when a logit is not finite (or stops being so by a penalty). `logits` has 1 to
  // kMaxVocabulary values, `params` are valid, and every token of `at` is below the vocabulary.
  std::optional<TokenId> Sample(std::span<const float> logits, const SamplingParams& params,
                                const SamplingPosition& at);

 private:
  struct Candidate {
    float logit;
    TokenId token;
    double weight;  // see engine/sampling_weights.h
    double exponent;
  };

  static bool Before(const Candidate& a, const Candidate& b);
  std::span<const float> Adjust(std::span<const float> logits, const SamplingParams& params,
                                const SamplingPosition& at);
  void Gather(std::span<const float> logits, float largest, double temperature, double least_exponent);
  void GatherEnough(std::span<const float> logits, float largest, const SamplingParams& params, double target);
  void SortFirst(size_t count);
  size_t PrefixReaching(double target, bool beyond);
  void KeepPrefix(size_t count);
  void KeepMinP(double p);
  void KeepTypical(double p);
  double TotalWeight(std::span<const float> logits, float largest, double temperature) const;
  double GatheredWeight() const;

  const KernelTable* kernels_;
  std::vector<float> adjusted_;
  std::vector<uint32_t> counts_;  // by token; all zero between calls
  std::vector<Candidate> candidates_;
  size_t sorted_ = 0;  // this many of them are the first in order, and in order
};

}  // namespace candor

#endif  // CANDOR_ENGINE_SAMPLER_H_
