// Which experts of a mixture a token goes to, and how much each counts.
#ifndef CANDOR_MODEL_ROUTER_H_
#define CANDOR_MODEL_ROUTER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "model/config.h"

namespace candor {

// Chooses a token's experts from the router's logits, one an expert: `experts` and `weights` take config.used of them,
// in the order of the choice. The steps are normative (docs/numerics.md, "Experts").
//
// kSoftmax (Shazeer et al. 2017): the largest logits, and for their weights the softmax over them, or over all experts
// when not normalised. kSigmoid (DeepSeek-V3, section 2.1.2): scores sigmoid(logit); the choice is by score plus
// `correction` (empty: none), among the groups with the largest sums of their two best; the weights are the scores,
// divided by their sum when normalised. Both are multiplied by config.weight_scale. Among equals the lower number is
// first. A logit that is not a number counts as the smallest.
//
// `room` is for intermediate values and may be used again.
struct RouterRoom {
  std::vector<float> scores, choice;
  std::vector<uint32_t> order;
  std::vector<bool> open;
};
void Route(const ExpertsConfig& config, std::span<const float> logits, std::span<const float> correction,
           RouterRoom& room, std::span<uint32_t> experts, std::span<float> weights);

}  // namespace candor

#endif  // CANDOR_MODEL_ROUTER_H_
