#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/error.h"

namespace candor {
namespace {

using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr uint32_t kHuge = std::numeric_limits<uint32_t>::max();

ModelConfig ValidConfig() {
  ModelConfig config;
  config.vocabulary = 100;
  config.hidden = 64;
  config.context_length = 512;
  config.norm_epsilon = 1e-6f;
  RopeConfig rope;
  rope.dims = 16;
  rope.frequency_factors.assign(8, 1.0f);
  config.ropes = {rope};
  LayerConfig layer;
  layer.heads = 4;
  layer.kv_heads = 2;
  layer.head_dim = 16;
  layer.value_dim = 16;
  layer.attention_scale = 0.25f;
  layer.ffn_dim = 176;
  config.layers = {layer, layer};
  return config;
}

struct Refusal {
  const char* field;  // as the message names it
  std::function<void(ModelConfig&)> break_it;
};

TEST(ConfigTest, AcceptsAPlainModel) { EXPECT_NO_THROW(ValidateConfig(ValidConfig(), "m.gguf")); }

TEST(ConfigTest, AcceptsALayerWithoutRotation) {
  ModelConfig config = ValidConfig();
  config.layers[1].rope = -1;
  EXPECT_NO_THROW(ValidateConfig(config, "m.gguf"));
}

TEST(ConfigTest, AcceptsBoundsThatRoundingToFloatMovesOutwards) {
  ModelConfig config = ValidConfig();
  config.norm_epsilon = static_cast<float>(kMaxNormEpsilon);
  EXPECT_GT(config.norm_epsilon, kMaxNormEpsilon);
  EXPECT_NO_THROW(ValidateConfig(config, "m.gguf"));
  config.norm_epsilon = static_cast<float>(kMinNormEpsilon);
  EXPECT_LT(config.norm_epsilon, kMinNormEpsilon);
  EXPECT_NO_THROW(ValidateConfig(config, "m.gguf"));
}

TEST(ConfigTest, RefusesEveryFieldOutOfRangeAndNamesIt) {
  const Refusal refusals[] = {
      {"vocabulary", [](ModelConfig& c) { c.vocabulary = 0; }},
      {"vocabulary", [](ModelConfig& c) { c.vocabulary = kHuge; }},
      {"hidden", [](ModelConfig& c) { c.hidden = 0; }},
      {"hidden", [](ModelConfig& c) { c.hidden = 1; }},
      {"hidden", [](ModelConfig& c) { c.hidden = kHuge; }},
      {"context_length", [](ModelConfig& c) { c.context_length = 0; }},
      {"context_length", [](ModelConfig& c) { c.context_length = 1; }},
      {"context_length", [](ModelConfig& c) { c.context_length = kHuge; }},
      {"embedding_scale", [](ModelConfig& c) { c.embedding_scale = 0; }},
      {"embedding_scale", [](ModelConfig& c) { c.embedding_scale = kNan; }},
      {"embedding_scale", [](ModelConfig& c) { c.embedding_scale = kInfinity; }},
      {"norm_epsilon", [](ModelConfig& c) { c.norm_epsilon = 0; }},
      {"norm_epsilon", [](ModelConfig& c) { c.norm_epsilon = 1; }},
      {"norm_epsilon", [](ModelConfig& c) { c.norm_epsilon = kNan; }},
      {"logit_softcap", [](ModelConfig& c) { c.logit_softcap = -1; }},
      {"logit_softcap", [](ModelConfig& c) { c.logit_softcap = kNan; }},
      {"logit_softcap", [](ModelConfig& c) { c.logit_softcap = kInfinity; }},
      {"number of layers", [](ModelConfig& c) { c.layers.clear(); }},
      {"number of layers", [](ModelConfig& c) { c.layers.resize(kMaxLayers + 1, c.layers[0]); }},
      {"number of ropes", [](ModelConfig& c) { c.ropes.resize(kMaxRopes + 1, c.ropes[0]); }},
      {"ropes[0].dims", [](ModelConfig& c) { c.ropes[0].dims = 0; }},
      {"ropes[0].dims", [](ModelConfig& c) { c.ropes[0].dims = 15; }},
      {"ropes[0].dims", [](ModelConfig& c) { c.ropes[0].dims = kHuge - 1; }},
      {"ropes[0].base", [](ModelConfig& c) { c.ropes[0].base = 0; }},
      {"ropes[0].base", [](ModelConfig& c) { c.ropes[0].base = kNan; }},
      {"ropes[0].base", [](ModelConfig& c) { c.ropes[0].base = kInfinity; }},
      {"ropes[0].magnitude", [](ModelConfig& c) { c.ropes[0].magnitude = 0; }},
      {"ropes[0].magnitude", [](ModelConfig& c) { c.ropes[0].magnitude = kNan; }},
      {"ropes[0].frequency_factors", [](ModelConfig& c) { c.ropes[0].frequency_factors.resize(7); }},
      {"ropes[0].frequency_factors[3]", [](ModelConfig& c) { c.ropes[0].frequency_factors[3] = 0; }},
      {"ropes[0].frequency_factors[3]", [](ModelConfig& c) { c.ropes[0].frequency_factors[3] = kNan; }},
      {"ropes[0].frequency_factors[7]", [](ModelConfig& c) { c.ropes[0].frequency_factors[7] = kInfinity; }},
      {"layers[1].heads", [](ModelConfig& c) { c.layers[1].heads = 0; }},
      {"layers[1].heads", [](ModelConfig& c) { c.layers[1].heads = kHuge; }},
      {"layers[1].kv_heads", [](ModelConfig& c) { c.layers[1].kv_heads = 0; }},
      {"layers[1].kv_heads", [](ModelConfig& c) { c.layers[1].kv_heads = 3; }},
      {"layers[1].kv_heads", [](ModelConfig& c) { c.layers[1].kv_heads = 8; }},
      {"layers[1].head_dim", [](ModelConfig& c) { c.layers[1].head_dim = 0; }},
      {"layers[1].head_dim", [](ModelConfig& c) { c.layers[1].head_dim = 17; }},
      {"layers[1].head_dim", [](ModelConfig& c) { c.layers[1].head_dim = kHuge; }},
      {"layers[1].head_dim", [](ModelConfig& c) { c.layers[1].head_dim = 14; }},  // fewer than are rotated
      {"layers[1].value_dim", [](ModelConfig& c) { c.layers[1].value_dim = 0; }},
      {"layers[1].value_dim", [](ModelConfig& c) { c.layers[1].value_dim = kHuge; }},
      {"layers[1].heads * head_dim",
       [](ModelConfig& c) {
         c.layers[1].heads = kMaxHeads;
         c.layers[1].head_dim = kMaxHeadDim;
       }},
      {"layers[1].heads * value_dim",
       [](ModelConfig& c) {
         c.layers[1].heads = kMaxHeads;
         c.layers[1].value_dim = kMaxHeadDim;
       }},
      {"layers[1].attention_scale", [](ModelConfig& c) { c.layers[1].attention_scale = 0; }},
      {"layers[1].attention_scale", [](ModelConfig& c) { c.layers[1].attention_scale = kNan; }},
      {"layers[1].attention_scale", [](ModelConfig& c) { c.layers[1].attention_scale = kInfinity; }},
      {"layers[1].attention_softcap", [](ModelConfig& c) { c.layers[1].attention_softcap = kNan; }},
      {"layers[1].attention_softcap", [](ModelConfig& c) { c.layers[1].attention_softcap = -50; }},
      {"layers[1].window", [](ModelConfig& c) { c.layers[1].window = kHuge; }},
      {"layers[1].rope", [](ModelConfig& c) { c.layers[1].rope = 1; }},
      {"layers[1].rope", [](ModelConfig& c) { c.layers[1].rope = -2; }},
      {"layers[1].ffn_dim", [](ModelConfig& c) { c.layers[1].ffn_dim = 0; }},
      {"layers[1].ffn_dim", [](ModelConfig& c) { c.layers[1].ffn_dim = 1; }},
      {"layers[1].ffn_dim", [](ModelConfig& c) { c.layers[1].ffn_dim = kHuge; }},
      {"layers[1].activation", [](ModelConfig& c) { c.layers[1].activation = static_cast<Activation>(9); }},
  };
  for (const Refusal& refusal : refusals) {
    ModelConfig config = ValidConfig();
    refusal.break_it(config);
    try {
      ValidateConfig(config, "m.gguf");
      ADD_FAILURE() << refusal.field << " was accepted";
    } catch (const FormatError& error) {
      EXPECT_THAT(error.what(), HasSubstr("m.gguf: " + std::string(refusal.field) + " is "));
      EXPECT_THAT(error.what(), HasSubstr("expected"));
    }
  }
}

}  // namespace
}  // namespace candor
