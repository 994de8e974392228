// The choice of experts, against values computed by hand from the published formulas.
#include "model/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace candor {
namespace {

using ::testing::ElementsAre;

struct Choice {
  std::vector<uint32_t> experts;
  std::vector<float> weights;
};

Choice Choose(const ExpertsConfig& config, const std::vector<float>& logits,
              const std::vector<float>& correction = {}) {
  RouterRoom room;
  Choice choice{std::vector<uint32_t>(config.used), std::vector<float>(config.used)};
  Route(config, logits, correction, room, choice.experts, choice.weights);
  return choice;
}

ExpertsConfig Softmax(uint32_t count, uint32_t used) { return {.count = count, .used = used, .ffn_dim = 16}; }

ExpertsConfig Sigmoid(uint32_t count, uint32_t used, uint32_t groups, uint32_t groups_used) {
  ExpertsConfig config = Softmax(count, used);
  config.score = RouterScore::kSigmoid;
  config.groups = groups;
  config.groups_used = groups_used;
  return config;
}

TEST(Router, SoftmaxOverTheChosenExperts) {
  const Choice choice = Choose(Softmax(4, 2), {1.0f, 3.0f, -2.0f, 2.0f});
  EXPECT_THAT(choice.experts, ElementsAre(1, 3));
  const double sum = 1 + std::exp(-1.0);
  EXPECT_FLOAT_EQ(choice.weights[0], static_cast<float>(1 / sum));
  EXPECT_FLOAT_EQ(choice.weights[1], static_cast<float>(std::exp(-1.0) / sum));
}

TEST(Router, SoftmaxOverAllExpertsWhereTheyAreNotNormalised) {
  ExpertsConfig config = Softmax(3, 1);
  config.normalize = false;
  config.weight_scale = 2.0f;
  const Choice choice = Choose(config, {0.0f, 1.0f, 0.5f});
  EXPECT_THAT(choice.experts, ElementsAre(1));
  EXPECT_FLOAT_EQ(choice.weights[0], static_cast<float>(2 / (std::exp(-1.0) + 1 + std::exp(-0.5))));
}

TEST(Router, AmongEqualsTheLowerNumberIsFirst) {
  EXPECT_THAT(Choose(Softmax(6, 3), {1, 5, 5, 1, 5, 1}).experts, ElementsAre(1, 2, 4));
  EXPECT_THAT(Choose(Softmax(6, 3), {1, 1, 1, 1, 1, 1}).experts, ElementsAre(0, 1, 2));
}

TEST(Router, TheCorrectionTakesPartInTheChoiceAlone) {
  // Scores 0.5 and sigmoid(1): the correction turns the order, the weights stay the scores.
  const Choice choice = Choose(Sigmoid(2, 2, 1, 1), {0.0f, 1.0f}, {0.5f, 0.0f});
  EXPECT_THAT(choice.experts, ElementsAre(0, 1));
  const double second = 1 / (1 + std::exp(-1.0));
  EXPECT_FLOAT_EQ(choice.weights[0], static_cast<float>(0.5 / (0.5 + second)));
  EXPECT_FLOAT_EQ(choice.weights[1], static_cast<float>(second / (0.5 + second)));
}

TEST(Router, AGroupCountsByItsTwoBest) {
  // Groups of three; the best expert of all is in the first, whose two best are less than the second's.
  const std::vector<float> logits = {4, -9, -9, 2, 2, -9, 0, 0, 0};
  EXPECT_THAT(Choose(Sigmoid(9, 2, 3, 1), logits).experts, ElementsAre(3, 4));
  EXPECT_THAT(Choose(Sigmoid(9, 3, 3, 2), logits).experts, ElementsAre(3, 4, 6));
  EXPECT_THAT(Choose(Sigmoid(9, 3, 3, 3), logits).experts, ElementsAre(0, 3, 4));
}

TEST(Router, GroupsOfOneExpert) { EXPECT_THAT(Choose(Sigmoid(4, 2, 4, 2), {0, 3, 1, 2}).experts, ElementsAre(1, 3)); }

TEST(Router, WhatIsNotANumberIsLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(Choose(Softmax(4, 2), {nan, 1, nan, -50}).experts, ElementsAre(1, 3));
  EXPECT_THAT(Choose(Sigmoid(4, 2, 2, 1), {nan, 1, 0, 0}).experts, ElementsAre(2, 3));
  EXPECT_THAT(Choose(Softmax(2, 2), {nan, nan}).experts, ElementsAre(0, 1));
}

}  // namespace
}  // namespace candor
