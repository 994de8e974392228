// Goal: the definition's result to the bit without sorting a vocabulary of 262,144 for every token. Weights are
// multiples of 2^-32, so that any order of adding them gives the same sum: the total needs no sorting. Candidates are
// gathered from the likely end only, further down as long as the filters and the draw could still reach beyond them.
#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/float_mode.h"
#include "engine/logit_scan.h"
#include "engine/philox.h"
#include "engine/sampling_weights.h"
#include "kernels/spec/math.h"

namespace candor {
namespace {

constexpr size_t kLanes = 16;

}  // namespace

bool Sampler::Before(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

std::span<const float> Sampler::Adjust(std::span<const float> logits, const SamplingParams& params,
                                       const SamplingPosition& at) {
  const bool repetition = params.repetition_penalty != 1;
  const bool counts = params.presence_penalty != 0 || params.frequency_penalty != 0;
  if (!repetition && !counts && params.logit_bias.empty()) return logits;

  adjusted_.assign(logits.begin(), logits.end());
  // The tokens that something applies to, each once, with what applies.
  struct Change {
    bool recent = false;
    uint32_t count = 0;
    double bias = 0;
  };
  counts_.resize(logits.size());  // here: 1 + the token's place in `changes`
  std::vector<TokenId> tokens;
  std::vector<Change> changes;
  const auto change_of = [&](TokenId token) -> Change& {
    uint32_t& place = counts_[static_cast<size_t>(token)];
    if (place == 0) {
      tokens.push_back(token);
      changes.emplace_back();
      place = static_cast<uint32_t>(changes.size());
    }
    return changes[place - 1];
  };
  if (repetition) {
    const size_t window = params.repetition_window == 0 ? at.tokens.size() : params.repetition_window;
    for (const TokenId token : at.tokens.last(std::min(window, at.tokens.size()))) change_of(token).recent = true;
  }
  if (counts) {
    for (const TokenId token : at.tokens.subspan(at.prompt_tokens)) ++change_of(token).count;
  }
  for (const LogitBias& bias : params.logit_bias) change_of(bias.token).bias = bias.bias;

  for (size_t i = 0; i < tokens.size(); ++i) {
    const Change& change = changes[i];
    float& logit = adjusted_[static_cast<size_t>(tokens[i])];
    double value = logit;
    if (change.recent) value = value > 0 ? value / params.repetition_penalty : value * params.repetition_penalty;
    if (change.count > 0) {
      value -= change.count * params.frequency_penalty;
      value -= params.presence_penalty;
    }
    value += change.bias;
    logit = static_cast<float>(value);
    counts_[static_cast<size_t>(tokens[i])] = 0;
  }
  return adjusted_;
}

// Takes every candidate whose exponent is `least_exponent` or more and whose weight is not 0; a few below come with
// them, but none without all that come before it in order.
void Sampler::Gather(std::span<const float> logits, float largest, double temperature, double least_exponent) {
  const float cut = LogitBelow(least_exponent, largest, temperature);
  candidates_.clear();
  sorted_ = 0;
  const auto take = [&](size_t token) {
    if (!(logits[token] >= cut)) return;
    const double exponent = ExponentOf(logits[token], largest, temperature);
    const double weight = WeightOf(exponent);
    if (weight > 0) candidates_.push_back({logits[token], static_cast<TokenId>(token), weight, exponent});
  };
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    uint32_t any = 0;
    for (size_t lane = 0; lane < kLanes; ++lane) any |= logits[i + lane] >= cut;
    if (any == 0) continue;
    for (size_t lane = 0; lane < kLanes; ++lane) take(i + lane);
  }
  for (; i < logits.size(); ++i) take(i);
}

// Gathers at least what the first filter keeps, or the draw reaches when there is none; `target` is the weight that one
// of them asks for.
void Sampler::GatherEnough(std::span<const float> logits, float largest, const SamplingParams& params, double target) {
  if (params.top_k == 0 && params.top_p == 1 && (params.min_p > 0 || params.typical_p < 1)) {
    // A weight of min_p may have been rounded up to it by half of 2^-32.
    const double least = params.min_p > 0x1p-32 ? spec::Log(params.min_p - 0x1p-33) - 0.001 : kSmallestExponent;
    Gather(logits, largest, params.temperature, std::max(least, kSmallestExponent));
    return;
  }
  for (const double level : {-3.0, -6.0, -12.0, kSmallestExponent}) {
    Gather(logits, largest, params.temperature, level);
    if (params.top_k > 0 ? candidates_.size() >= params.top_k : GatheredWeight() > target) return;
  }
}

double Sampler::TotalWeight(std::span<const float> logits, float largest, double temperature) const {
  return kernels_->sum_of_weights(logits.data(), logits.size(), largest, temperature,
                                  LogitBelow(kSmallestExponent, largest, temperature));
}

double Sampler::GatheredWeight() const {
  double total = 0;
  for (const Candidate& candidate : candidates_) total += candidate.weight;
  return total;
}

// Puts the first `count` candidates in order at the front.
void Sampler::SortFirst(size_t count) {
  if (count <= sorted_) return;
  // Growing by a factor keeps the sum of all partial selections linear.
  const size_t next = std::min(candidates_.size(), std::max({count, sorted_ * 4, size_t{256}}));
  const auto begin = candidates_.begin() + static_cast<ptrdiff_t>(sorted_);
  const auto end = candidates_.begin() + static_cast<ptrdiff_t>(next);
  if (next < candidates_.size()) std::nth_element(begin, end, candidates_.end(), Before);
  std::sort(begin, end, Before);
  sorted_ = next;
}

// The length of the shortest prefix, of one candidate at least, whose weight is `target` (or beyond it).
size_t Sampler::PrefixReaching(double target, bool beyond) {
  double sum = 0;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    SortFirst(i + 1);
    sum += candidates_[i].weight;
    if (beyond ? sum > target : sum >= target) return i + 1;
  }
  return candidates_.size();
}

void Sampler::KeepPrefix(size_t count) {
  if (count >= candidates_.size()) return;
  if (count > sorted_) {
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(count), candidates_.end(),
                     Before);
    sorted_ = 0;
  }
  candidates_.resize(count);
  sorted_ = std::min(sorted_, count);
}

void Sampler::KeepMinP(double p) {
  // The most likely candidate has survived so far, and its weight is 1. What is sorted stays so, but may be less.
  std::erase_if(candidates_, [p](const Candidate& candidate) { return candidate.weight < p; });
  sorted_ = 0;
}

void Sampler::KeepTypical(double p) {
  SortFirst(candidates_.size());
  const double total = GatheredWeight();
  const double log_total = spec::Log(total);
  double entropy = 0;
  for (const Candidate& candidate : candidates_) entropy += candidate.weight * (log_total - candidate.exponent);
  entropy /= total;

  struct Distance {
    double distance;
    size_t place;
  };
  std::vector<Distance> order(candidates_.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = {std::fabs((log_total - candidates_[i].exponent) - entropy), i};
  }
  std::sort(order.begin(), order.end(), [](const Distance& a, const Distance& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.place < b.place);
  });
  double sum = 0;
  size_t kept = 0;
  do {
    sum += candidates_[order[kept].place].weight;
    ++kept;
  } while (kept < order.size() && sum < p * total);
  order.resize(kept);
  std::sort(order.begin(), order.end(), [](const Distance& a, const Distance& b) { return a.place < b.place; });
  for (size_t i = 0; i < kept; ++i) candidates_[i] = candidates_[order[i].place];
  candidates_.resize(kept);
  sorted_ = kept;
}

std::optional<TokenId> Sampler::Sample(std::span<const float> raw_logits, const SamplingParams& params,
                                       const SamplingPosition& at) {
  const FloatMode mode;
  CHECK(!raw_logits.empty() && raw_logits.size() <= kMaxVocabulary);
  CHECK(at.prompt_tokens <= at.tokens.size());
  const std::span<const float> logits = Adjust(raw_logits, params, at);
  const LogitScan scan = ScanLogits(logits);
  if (!scan.finite) return std::nullopt;
  if (params.temperature == 0) {
    return static_cast<TokenId>(std::find(logits.begin(), logits.end(), scan.largest) - logits.begin());
  }

  const double uniform = UniformForToken(at.seed, at.choice, at.tokens.size() - at.prompt_tokens);
  const bool total_matters = params.top_k == 0 && (params.top_p < 1 || (params.min_p == 0 && params.typical_p == 1));
  double weight = total_matters ? TotalWeight(logits, scan.largest, params.temperature) : 0;  // of what remains
  GatherEnough(logits, scan.largest, params, (params.top_p < 1 ? params.top_p : uniform) * weight);
  if (params.top_k > 0) {
    KeepPrefix(params.top_k);
    weight = GatheredWeight();
  }
  if (params.top_p < 1) {
    KeepPrefix(PrefixReaching(params.top_p * weight, false));
    weight = GatheredWeight();
  }
  if (params.min_p > 0) {
    KeepMinP(params.min_p);
    weight = GatheredWeight();
  }
  if (params.typical_p < 1) {
    KeepTypical(params.typical_p);
    weight = GatheredWeight();
  }
  return candidates_[PrefixReaching(uniform * weight, true) - 1].token;
}

}  // namespace candor
