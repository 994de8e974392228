#include "engine/speed_estimate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace candor {
namespace {

constexpr MachineSpeed kMachine = {.read_gbps = 25, .int8_gops = 1000, .float_gflops = 250};

LayerConfig PlainLayer() {
  LayerConfig layer;
  layer.heads = 8;
  layer.kv_heads = 2;
  layer.head_dim = layer.value_dim = 64;
  return layer;
}

// Two layers with a key-value matrix, another that every token meets, and experts; an output head.
struct SmallModel {
  SmallModel() {
    config.layers.assign(2, PlainLayer());
    for (size_t layer = 0; layer < 2; ++layer) {
      Add(WeightUse::kKeyValue, layer, 1, 1);
      Add(WeightUse::kEveryToken, layer, 1, 1);
      Add(WeightUse::kExpert, layer, 16, 2);
    }
    Add(WeightUse::kHead, 0, 1, 1);
    Add(WeightUse::kLookup, 0, 1, 0);
  }

  void Add(WeightUse use, size_t layer, uint32_t count, double used) {
    WeightGroup group;
    group.use = use;
    group.layer = layer;
    group.count = count;
    group.used = used;
    group.outputs = 1024;
    group.inputs = 1024;
    group.part = &LayerWeights::query;
    group.stored = TensorType::kQ4_K;
    inventory.groups.push_back(group);
  }

  SpeedEstimate Estimate(const MachineSpeed& machine = kMachine) const {
    return SpeedEstimate(config, inventory, KvType::kF16, std::nullopt, machine);
  }

  ModelConfig config;
  Inventory inventory;
};

constexpr double kMatrixBytes = 1024 * 1024 / 256 * 144.0;

TEST(SpeedEstimateTest, ATokenReadsWhatItUsesAndItsCache) {
  const StepTime time = SmallModel().Estimate().Decode(639);
  // A layer: a matrix of keys and values, another, two of 16 experts; and the head. 87 % of the bandwidth.
  EXPECT_NEAR(time.memory, 9 * kMatrixBytes / (0.87 * 25e9), 1e-12);
  // 10 tiles of 64 positions, with keys and values in two heads of 64 each.
  EXPECT_NEAR(time.attention, 2 * 640 * 2 * 2 * 64 * 2 / 25e9, 1e-12);
  EXPECT_EQ(time.bound(), Bound::kMemory);
  EXPECT_NEAR(time.total(), time.memory + time.compute + time.attention + time.threads, 1e-15);
}

TEST(SpeedEstimateTest, AFasterMemoryHelpsUntilArithmeticBinds) {
  const SmallModel model;
  MachineSpeed machine = kMachine;
  const double before = model.Estimate(machine).Decode(0).memory;
  machine.read_gbps *= 2;
  EXPECT_NEAR(model.Estimate(machine).Decode(0).memory, before / 2, 1e-12);
  machine.read_gbps *= 1000;
  const StepTime time = model.Estimate(machine).Decode(0);
  EXPECT_EQ(time.memory, 0);
  // 9 products of 2^21 operations at a fifth of the peak.
  EXPECT_GT(time.compute, 9 * 2.0 * 1024 * 1024 / (0.20 * 1000e9));
}

TEST(SpeedEstimateTest, APrefillComputesTheLastLayerAndTheHeadOnce) {
  SmallModel model;
  // An infinitely fast memory, so that only operations count.
  MachineSpeed machine = kMachine;
  machine.read_gbps = 1e9;
  const StepTime time = model.Estimate(machine).Prefill(512);
  const double rows = 512 * (1 + 1 + 2 + 1) + 4;  // the first layer's, the last one's keys and values; the last token
  const double one = 2.0 * 1024 * 1024 / 1000e9;
  const double many = (rows - 4) * one / 0.67 + 4 * one / 0.20;
  EXPECT_NEAR(time.compute, many + rows * 1024 * 150 / 250e9, 1e-3 * many);
}

TEST(SpeedEstimateTest, AChunkReadsTheExpertsThatAnyOfItsTokensGoesTo) {
  SmallModel model;
  std::erase_if(model.inventory.groups,
                [](const WeightGroup& group) { return group.use != WeightUse::kExpert || group.layer == 1; });
  MachineSpeed machine = kMachine;
  machine.read_gbps = 1e-3;  // so slow that nothing else counts
  const SpeedEstimate slow = model.Estimate(machine);
  const double all = 16 * kMatrixBytes / (0.87 * 1e6);
  EXPECT_NEAR(slow.Prefill(1).memory, all / 8, 1e-6 * all);
  // Two tokens miss an expert with a probability of (7/8)^2.
  EXPECT_NEAR(slow.Prefill(2).memory, all * (1 - 49.0 / 64), 1e-6 * all);
  EXPECT_NEAR(slow.Prefill(512).memory, all, 1e-6 * all);
  EXPECT_NEAR(slow.Prefill(1024).memory, 2 * all, 1e-6 * all);
  EXPECT_NEAR(slow.Prefill(1024, 1024).memory, all, 1e-6 * all);
}

TEST(SpeedEstimateTest, AttentionGrowsWithTheSquareOfAPromptAndNotBeyondAWindow) {
  SmallModel model;
  const auto attention = [&](uint32_t tokens) { return model.Estimate().Prefill(tokens).attention; };
  EXPECT_NEAR(attention(32768) / attention(16384), 4, 0.02);
  // A prompt of n tokens sees n / 64 + 1 tiles on average, half of that: one layer, and a token of the other.
  const double tiles = 4096.0 * (4096 / 64 + 1) / 2 + 64;
  EXPECT_NEAR(attention(4096), tiles * 64 * 2 * 8 * 128 / (0.78 * 250e9), 0.01 * attention(4096));
  for (LayerConfig& layer : model.config.layers) layer.window = 128;
  EXPECT_NEAR(attention(32768) / attention(16384), 2, 0.02);
  // 128 positions are in three tiles, but for those that end with one.
  EXPECT_NEAR(model.Estimate().Decode(1000).attention, 2 * 3 * 64 * 2 * 2 * 64 * 2 / 25e9, 1e-12);
}

TEST(SpeedEstimateTest, UnfoldedAttentionTakesFewerOperations) {
  // DeepSeek-V3's: 128 heads, a latent of 512 and 64 that are rotated, heads of 128 + 64 and 128.
  LayerConfig layer = PlainLayer();
  layer.heads = 128;
  layer.kv_heads = 1;
  layer.latent = {.rank = 512, .query_rank = 1536, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
  layer.head_dim = 576;
  layer.value_dim = 512;
  EXPECT_EQ(AttentionOperations(layer), 2 * 128 * (512 + 64 + 512));
  EXPECT_EQ(AttentionOperations(layer, true), 2 * 128 * (128 + 64 + 128));
  EXPECT_EQ(AttentionOperations(PlainLayer(), true), AttentionOperations(PlainLayer()));
  SmallModel model;
  model.config.layers.assign(2, layer);
  const StepTime folded = model.Estimate().Prefill(4096);
  const StepTime unfolded = model.Estimate().UnfoldedPrefill(4096);
  EXPECT_NEAR(folded.attention / unfolded.attention, 3.4, 0.01);
  EXPECT_EQ(folded.compute, unfolded.compute);
}

TEST(SpeedEstimateTest, ExactArithmeticAndFloatWeightsTakeFloatOperations) {
  SmallModel model;
  MachineSpeed machine = kMachine;
  machine.read_gbps = 1e9;
  const auto compute = [&](bool exact) {
    return SpeedEstimate(model.config, model.inventory, KvType::kF16, std::nullopt, machine, exact)
        .Prefill(512)
        .compute;
  };
  const double outputs = (512 * 5 + 4) * 1024 * 150 / 250e9;
  EXPECT_NEAR((compute(true) - outputs) / (compute(false) - outputs), 4, 1e-9);
  // Quantising what is quantised changes nothing; what is not becomes smaller.
  const auto decode = [&] {
    return SpeedEstimate(model.config, model.inventory, KvType::kF16, TensorType::kQ8_0, kMachine).Decode(0).memory;
  };
  EXPECT_EQ(decode(), model.Estimate().Decode(0).memory);
  for (WeightGroup& group : model.inventory.groups) group.stored = TensorType::kBF16;
  EXPECT_NEAR(decode() / model.Estimate().Decode(0).memory, 34.0 / 64 * 0.95 / 0.88, 1e-9);
}

TEST(SpeedEstimateTest, TheFloatPeakFollowsFromTheDotProducts) {
  EXPECT_EQ(FloatPeak(2000, "avx512-vnni"), 500);
  EXPECT_EQ(FloatPeak(2000, "avx2-vnni"), 500);
  EXPECT_EQ(FloatPeak(400, "avx2"), 300);
  EXPECT_EQ(FloatPeak(4, "scalar"), 4);
}

TEST(SpeedEstimateTest, TheLargestPartBinds) {
  EXPECT_EQ((StepTime{.memory = 3, .compute = 2, .attention = 1, .threads = 0}.bound()), Bound::kMemory);
  EXPECT_EQ((StepTime{.memory = 1, .compute = 2, .attention = 1, .threads = 0}.bound()), Bound::kCompute);
  EXPECT_EQ((StepTime{.memory = 1, .compute = 2, .attention = 3, .threads = 0}.bound()), Bound::kAttention);
  EXPECT_EQ((StepTime{.memory = 1, .compute = 2, .attention = 3, .threads = 4}.bound()), Bound::kThreads);
}

}  // namespace
}  // namespace candor
