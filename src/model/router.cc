#include "model/router.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "kernels/spec/math.h"

namespace candor {
namespace {

constexpr float kLeast = -std::numeric_limits<float>::infinity();

// Comparisons must order all floats.
float Ordered(float x) { return x == x ? x : kLeast; }

// A group's score: the sum of its two best.
float GroupScore(std::span<const float> choice) {
  float best = kLeast;
  float second = kLeast;
  for (const float x : choice) {
    if (x > best) {
      second = best;
      best = x;
    } else if (x > second) {
      second = x;
    }
  }
  return choice.size() == 1 ? best : best + second;
}

// The first `count` of `order`'s numbers by falling score.
void SortBest(std::span<const float> score, size_t count, std::vector<uint32_t>& order) {
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                    [&](uint32_t a, uint32_t b) { return score[a] != score[b] ? score[a] > score[b] : a < b; });
}

// Leaves the experts of the best groups in room.order.
void KeepBestGroups(const ExpertsConfig& config, RouterRoom& room) {
  const uint32_t size = config.count / config.groups;
  std::vector<float> scores;
  for (uint32_t g = 0; g < config.groups; ++g) {
    scores.push_back(GroupScore(std::span(room.choice).subspan(size_t{g} * size, size)));
  }
  std::vector<uint32_t> groups(config.groups);
  std::iota(groups.begin(), groups.end(), 0);
  SortBest(scores, config.groups_used, groups);
  room.open.assign(config.groups, false);
  for (uint32_t i = 0; i < config.groups_used; ++i) room.open[groups[i]] = true;
  std::erase_if(room.order, [&](uint32_t expert) { return !room.open[expert / size]; });
}

}  // namespace

void Route(const ExpertsConfig& config, std::span<const float> logits, std::span<const float> correction,
           RouterRoom& room, std::span<uint32_t> experts, std::span<float> weights) {
  CHECK(logits.size() == config.count && experts.size() == config.used && weights.size() == config.used);
  const bool sigmoid = config.score == RouterScore::kSigmoid;
  room.scores.resize(config.count);
  room.choice.resize(config.count);
  for (uint32_t e = 0; e < config.count; ++e) {
    const float logit = logits[e];
    room.scores[e] = sigmoid ? static_cast<float>(1.0 / (1.0 + spec::Exp(-static_cast<double>(logit)))) : logit;
    room.choice[e] = Ordered(correction.empty() ? room.scores[e] : room.scores[e] + correction[e]);
  }
  room.order.resize(config.count);
  std::iota(room.order.begin(), room.order.end(), 0);
  if (config.groups_used < config.groups) KeepBestGroups(config, room);
  SortBest(room.choice, config.used, room.order);

  // Weights and sums in double, in the order of the choice (over all experts: in the order of their numbers).
  const double largest = static_cast<double>(room.scores[room.order[0]]);
  const auto weight = [&](uint32_t expert) {
    const double score = static_cast<double>(room.scores[expert]);
    return sigmoid ? score : spec::Exp(score - largest);
  };
  double sum = 0;
  if (config.normalize) {
    for (uint32_t i = 0; i < config.used; ++i) sum += weight(room.order[i]);
  } else if (!sigmoid) {
    for (uint32_t e = 0; e < config.count; ++e) sum += weight(e);
  } else {
    sum = 1;
  }
  for (uint32_t i = 0; i < config.used; ++i) {
    experts[i] = room.order[i];
    weights[i] = static_cast<float>(weight(room.order[i]) / sum * static_cast<double>(config.weight_scale));
  }
}

}  // namespace candor
