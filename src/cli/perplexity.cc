#include "cli/perplexity.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/logprobs.h"

namespace candor {
namespace {

// Reads `window` as a new sequence and scores its tokens from index `first` (at least 1) on.
void ScoreWindow(Evaluator& evaluator, std::span<const TokenId> window, size_t first, Perplexity& result) {
  evaluator.Rewind(0);
  const size_t chunk = evaluator.options().chunk;
  const size_t vocabulary = evaluator.vocabulary();
  for (size_t begin = 0; begin + 1 < window.size(); begin += chunk) {
    const size_t count = std::min(chunk, window.size() - 1 - begin);
    const std::span<const float> logits = evaluator.Append(window.subspan(begin, count));
    for (size_t i = std::max(first, begin + 1); i <= begin + count; ++i) {
      const std::span<const float> row = logits.subspan((i - 1 - begin) * vocabulary, vocabulary);
      const double loss = LogSumExp(evaluator.kernels(), row) - row[static_cast<size_t>(window[i])];
      if (!std::isfinite(loss)) throw Error("the model's logits after token " + std::to_string(i) + " are not finite");
      result.sum += loss;
      result.sum_of_squares += loss * loss;
      ++result.count;
    }
  }
}

}  // namespace

double Perplexity::perplexity() const { return std::exp(mean()); }

double Perplexity::standard_error() const {
  if (count < 2) return 0;
  const double n = static_cast<double>(count);
  return std::sqrt(std::max(sum_of_squares / n - mean() * mean(), 0.0) / (n - 1));
}

Perplexity MeasurePerplexity(Evaluator& evaluator, const Tokenizer& tokenizer, std::string_view text,
                             const std::string& source,
                             const std::function<void(uint64_t done, uint64_t total)>& progress) {
  std::vector<TokenId> tokens;
  const bool begins_with_bos = tokenizer.add_bos() && tokenizer.bos().has_value();
  if (begins_with_bos) tokens.push_back(*tokenizer.bos());
  const std::vector<TokenId> ids = tokenizer.Encode(text, false);
  tokens.insert(tokens.end(), ids.begin(), ids.end());
  if (tokens.size() < 2) throw FormatError(source + ": too short: a token is scored from at least one before it");

  Perplexity result;
  result.tokens = tokens.size();
  const size_t length = evaluator.options().context;
  if (tokens.size() < length) {
    ScoreWindow(evaluator, tokens, 1, result);
    return result;
  }
  for (size_t begin = 0; begin + length <= tokens.size(); begin += length) {
    progress(begin, tokens.size());
    const std::span<TokenId> window = std::span(tokens).subspan(begin, length);
    if (begins_with_bos) window[0] = *tokenizer.bos();
    ScoreWindow(evaluator, window, std::max<size_t>(length / 2 + 1, 1), result);
  }
  if (result.count == 0) throw FormatError(source + ": nothing to score in windows of " + std::to_string(length));
  return result;
}

}  // namespace candor
