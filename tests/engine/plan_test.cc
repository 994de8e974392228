#include "engine/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "engine/kv_cache.h"
#include "model/golden_files.h"

namespace candor {
namespace {

using ::testing::ElementsAre;

PlanOptions Options() {
  PlanOptions options;
  options.machine = {.read_gbps = 50, .int8_gops = 1000, .float_gflops = 250};
  options.memory_bytes = uint64_t{1} << 40;
  return options;
}

Plan PlanOf(const std::string& name, const PlanOptions& options) {
  return MakePlan(ReadPlannedModel(OpenGolden(name), options), options);
}

std::vector<uint32_t> Prompts(const Plan& plan) {
  std::vector<uint32_t> prompts;
  for (const PlannedSpeed& speed : plan.speeds) prompts.push_back(speed.tokens);
  return prompts;
}

TEST(PlanTest, ThePromptsAreThoseThatTheModelCanTake) {
  // Made for 512 tokens, the last of which is an answer's.
  const Plan plan = PlanOf("llama", Options());
  EXPECT_EQ(plan.config.context_length, 512u);
  EXPECT_EQ(plan.context, 512u);
  EXPECT_THAT(Prompts(plan), ElementsAre(511));
  PlanOptions shorter = Options();
  shorter.context = 100;
  EXPECT_THAT(Prompts(PlanOf("llama", shorter)), ElementsAre(99));
  Checkpoint checkpoint = OpenGolden("llama");
  Replace(checkpoint.metadata, "llama.context_length", uint64_t{100'000});
  PlanOptions longer = Options();
  Plan known = MakePlan(ReadPlannedModel(checkpoint, longer), longer);
  EXPECT_EQ(known.context, kPlannedContext);
  EXPECT_THAT(Prompts(known), ElementsAre(512, 4096, 32768));
  longer.context = 20'000;
  EXPECT_THAT(Prompts(MakePlan(ReadPlannedModel(checkpoint, longer), longer)), ElementsAre(512, 4096, 19'999, 32768));
}

TEST(PlanTest, AContextBeyondTheModelIsRefused) {
  PlanOptions options = Options();
  options.context = 513;
  EXPECT_THROW(ReadPlannedModel(OpenGolden("llama"), options), UsageError);
  options.context = 1;
  EXPECT_THROW(ReadPlannedModel(OpenGolden("llama"), options), UsageError);
}

TEST(PlanTest, TheCacheIsThatOfTheEngine) {
  PlanOptions options = Options();
  options.context = 300;
  const Plan plan = PlanOf("gemma3", options);
  const KvLayout layout(plan.config, KvType::kF16);
  EXPECT_EQ(plan.kv_bytes_per_1000, 1000 * layout.BytesPerToken());
  EXPECT_EQ(plan.kv_bytes, KvCache(layout.groups(), 0).BytesFor(300, 512));
  options.kv = KvType::kF32;
  EXPECT_EQ(PlanOf("gemma3", options).kv_bytes, 2 * plan.kv_bytes);
}

TEST(PlanTest, WhatFitsIsWhatAllOfItTakes) {
  PlanOptions options = Options();
  const Plan plan = PlanOf("llama", options);
  ASSERT_EQ(plan.weights.size(), 4u);  // as stored, in BF16, and the three
  const uint64_t stored = plan.weights[0].memory_bytes;
  EXPECT_EQ(stored, plan.weights[0].bytes + plan.kv_bytes + plan.working_bytes);
  EXPECT_LT(plan.weights[1].bytes, plan.weights[0].bytes);
  EXPECT_TRUE(plan.weights[0].fits);
  options.memory_bytes = stored;
  EXPECT_TRUE(PlanOf("llama", options).weights[0].fits);
  options.memory_bytes = stored - 1;
  const Plan tight = PlanOf("llama", options);
  EXPECT_FALSE(tight.weights[0].fits);
  EXPECT_TRUE(tight.weights[1].fits);
}

TEST(PlanTest, WhatIsChosenIsWhatTheSpeedsAreOf) {
  PlanOptions options = Options();
  const Plan stored = PlanOf("llama", options);
  options.quantize = TensorType::kQ8_0;
  const Plan quantised = PlanOf("llama", options);
  EXPECT_EQ(stored.chosen.bytes, stored.weights[0].bytes);
  EXPECT_EQ(quantised.chosen.bytes, stored.weights[1].bytes);
  EXPECT_EQ(stored.weights[0].decode.total(), stored.speeds[0].decode.total());
  EXPECT_EQ(stored.weights[1].decode.total(), quantised.speeds[0].decode.total());
  EXPECT_LT(quantised.speeds[0].decode.memory, stored.speeds[0].decode.memory);
}

TEST(PlanTest, OnlyLatentAttentionCanBeUnfolded) {
  EXPECT_FALSE(PlanOf("llama", Options()).speeds[0].unfolded_prefill);
  const Plan plan = PlanOf("deepseek-v3", Options());
  ASSERT_TRUE(plan.speeds[0].unfolded_prefill);
}

}  // namespace
}  // namespace candor
