#include "model/kv_layout.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/error.h"

namespace candor {
namespace {

// Two heads of 32 key and 64 value dimensions; every third layer sees everything, the others 16 positions.
ModelConfig MixedConfig() {
  LayerConfig layer;
  layer.heads = 4;
  layer.kv_heads = 2;
  layer.head_dim = 32;
  layer.value_dim = 64;
  ModelConfig config;
  for (const uint32_t window : {16, 16, 0, 16, 16, 0}) {
    layer.window = window;
    config.layers.push_back(layer);
  }
  return config;
}

TEST(KvLayoutTest, LayersWithOneWindowShareAGroup) {
  const KvLayout layout(MixedConfig(), KvType::kF16);
  ASSERT_EQ(layout.groups().size(), 2u);
  EXPECT_EQ(layout.groups()[0].window, 16u);
  EXPECT_EQ(layout.groups()[0].layers, (std::vector<uint32_t>{0, 1, 3, 4}));
  EXPECT_EQ(layout.groups()[1].window, 0u);
  EXPECT_EQ(layout.groups()[1].layers, (std::vector<uint32_t>{2, 5}));
  EXPECT_EQ(layout.GroupOf(3), 0u);
  EXPECT_EQ(layout.GroupOf(5), 1u);
}

TEST(KvLayoutTest, APageHoldsKeysThenValuesOfLayerAfterLayer) {
  // f16: a head's keys take 32 * 64 * 2 = 4096 bytes, its values 64 * 64 * 2 = 8192; a layer's two heads 24576.
  const KvLayout layout(MixedConfig(), KvType::kF16);
  EXPECT_EQ(layout.KeyOffset(0, 0), 0u);
  EXPECT_EQ(layout.KeyOffset(0, 1), 4096u);
  EXPECT_EQ(layout.ValueOffset(0, 0), 8192u);
  EXPECT_EQ(layout.ValueOffset(0, 1), 16384u);
  EXPECT_EQ(layout.KeyOffset(1, 0), 24576u);
  EXPECT_EQ(layout.KeyOffset(2, 0), 0u);  // the first of its group
  EXPECT_EQ(layout.KeyOffset(4, 0), 3 * 24576u);
  EXPECT_EQ(layout.groups()[0].page_bytes, 4 * 24576u);
  EXPECT_EQ(layout.groups()[1].page_bytes, 2 * 24576u);
}

TEST(KvLayoutTest, BytesPerTokenAreThoseOfAllLayers) {
  // Per layer: 2 heads of 32 keys and 64 values. f32: 2 * 96 * 4 = 768. f16: 384. q8_0: keys 2 * 32 * 2, values
  // 2 * (64 + 2 scales of 2 bytes) = 264.
  EXPECT_EQ(KvLayout(MixedConfig(), KvType::kF32).BytesPerToken(), 6 * 768u);
  EXPECT_EQ(KvLayout(MixedConfig(), KvType::kF16).BytesPerToken(), 6 * 384u);
  EXPECT_EQ(KvLayout(MixedConfig(), KvType::kQ8_0).BytesPerToken(), 6 * 264u);
}

TEST(KvLayoutTest, NothingOverlapsAndEverythingIsAligned) {
  ModelConfig config = MixedConfig();
  config.layers[3].kv_heads = 4;  // layers need not be alike
  config.layers[3].value_dim = 96;
  for (const KvType type : {KvType::kF16, KvType::kF32, KvType::kQ8_0}) {
    const KvLayout layout(config, type);
    for (const KvGroup& group : layout.groups()) {
      std::vector<size_t> begins;
      for (const uint32_t layer : group.layers) {
        for (uint32_t head = 0; head < config.layers[layer].kv_heads; ++head) {
          begins.push_back(layout.KeyOffset(layer, head));
        }
        for (uint32_t head = 0; head < config.layers[layer].kv_heads; ++head) {
          begins.push_back(layout.ValueOffset(layer, head));
        }
      }
      begins.push_back(group.page_bytes);
      for (size_t i = 0; i + 1 < begins.size(); ++i) {
        EXPECT_EQ(begins[i] % 64, 0u);
        EXPECT_LT(begins[i], begins[i + 1]);
      }
    }
  }
}

TEST(KvLayoutTest, Q8ValuesNeedBlocksOf32) {
  ModelConfig config = MixedConfig();
  config.layers[2].value_dim = 48;
  EXPECT_THROW(KvLayout(config, KvType::kQ8_0), UnsupportedError);
  EXPECT_NO_THROW(KvLayout(config, KvType::kF16));
}

}  // namespace
}  // namespace candor
