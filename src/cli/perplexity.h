// How well a model predicts a text.
#ifndef CANDOR_CLI_PERPLEXITY_H_
#define CANDOR_CLI_PERPLEXITY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/evaluate.h"
#include "tokenizer/tokenizer.h"

namespace candor {

inline constexpr uint32_t kPerplexityWindow = 512;  // the length that most published figures use

// Sums over the tokens that were scored of their negative log-likelihoods (natural logarithm).
struct Perplexity {
  uint64_t tokens = 0;  // in the text
  uint64_t count = 0;   // scored
  double sum = 0;
  double sum_of_squares = 0;

  double mean() const { return sum / static_cast<double>(count); }
  double perplexity() const;
  double standard_error() const;  // of the mean
};

// Cuts the text's tokens into windows as long as the evaluator's context and reads each on its own. In a window of n
// the tokens from index n / 2 + 1 on are scored, as published figures are, each from those before it in the window;
// what does not fill a window at the end is left out. Where texts begin with BOS, the first token of each window is
// replaced by it. A text shorter than a window is one window (after BOS, if any) in which every token but the first is
// scored. Throws FormatError naming `source` when there is nothing to score, and Error for a logit that is not finite.
Perplexity MeasurePerplexity(Evaluator& evaluator, const Tokenizer& tokenizer, std::string_view text,
                             const std::string& source,
                             const std::function<void(uint64_t done, uint64_t total)>& progress);

}  // namespace candor

#endif  // CANDOR_CLI_PERPLEXITY_H_
