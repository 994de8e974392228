#include "ipc/model_loading.h"

#include <gtest/gtest.h>

#include "engine/kv_cache.h"
#include "engine/plan.h"
#include "model/kv_layout.h"
#include "support/decoder_harness.h"

namespace candor {
namespace {

constexpr uint64_t kWeights = 100 << 20;

class DivideMemoryTest : public ::testing::Test {
 protected:
  DivideMemoryTest() : model_(LoadTestModel(std::string(CANDOR_TEST_DATA) + "/gguf/llama.gguf")) {
    model_.config.context_length = 100'000;
    message_.name = "it";
    message_.chunk = 64;
    message_.max_sequences = 4;
  }
  uint64_t Needed(uint32_t context) const { return kWeights + WorkingBytes(model_.config, 68) + KvBytes(context); }
  uint64_t KvBytes(uint32_t context) const {
    return KvCache(KvLayout(model_.config, message_.kv).groups(), 0).BytesFor(context, message_.chunk);
  }
  EngineOptions Divide(uint64_t bytes) {
    message_.max_bytes = bytes;
    return DivideMemory(message_, model_.config, kWeights);
  }

  Model model_;
  LoadModelMessage message_;
};

TEST_F(DivideMemoryTest, WithEnoughTheContextIsTheModelsAndTheRestRemembers) {
  const EngineOptions options = Divide(Needed(100'000) + 12345678);
  EXPECT_EQ(options.context, 100'000u);
  EXPECT_EQ(options.kv_bytes, KvBytes(100'000) + 12345678);
  EXPECT_TRUE(options.remember_prefixes);
}

TEST_F(DivideMemoryTest, WithLessTheContextIsTheLongestThatFits) {
  const EngineOptions options = Divide(Needed(30'000));
  EXPECT_EQ(options.context, 30'016u);  // whole pages
  EXPECT_LE(KvBytes(options.context), options.kv_bytes);
}

TEST_F(DivideMemoryTest, BelowTheLeastContextItIsRefusedWithWhatItNeeds) {
  const uint64_t least = Needed(kLeastContext);
  EXPECT_EQ(Divide(least).context, kLeastContext);
  try {
    Divide(least - 1);
    FAIL() << "fits";
  } catch (const MemoryError& error) {
    EXPECT_EQ(error.needed_bytes(), least);
    EXPECT_NE(std::string(error.what()).find("it: needs at least"), std::string::npos);
  }
}

TEST_F(DivideMemoryTest, AContextThatIsAskedForIsGivenOrRefused) {
  message_.context = 50'000;
  EXPECT_EQ(Divide(Needed(50'000)).context, 50'000u);
  EXPECT_THROW(Divide(Needed(50'000) - 1), MemoryError);
}

TEST_F(DivideMemoryTest, WhatIsUsualIsNotExceeded) {
  message_.kv_bytes = 1;
  const EngineOptions options = Divide(Needed(100'000));
  EXPECT_EQ(options.kv_bytes, KvBytes(kUsualContext));
  EXPECT_EQ(options.context, kUsualContext);
  message_.kv_bytes = KvBytes(40'000);
  EXPECT_EQ(Divide(Needed(100'000)).kv_bytes, KvBytes(40'000));
}

}  // namespace
}  // namespace candor
