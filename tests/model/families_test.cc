// Configurations of small files, each against the config.json of the checkpoint that the file was made from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "base/error.h"
#include "model/golden_files.h"
#include "model/model.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(const Checkpoint& checkpoint) {
  try {
    ConfigOf(checkpoint);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void ExpectCommon(const ModelConfig& config, const std::string& architecture, size_t layers, uint32_t head_dim) {
  EXPECT_EQ(config.architecture, architecture);
  EXPECT_EQ(config.vocabulary, 320u);
  EXPECT_EQ(config.hidden, 64u);
  EXPECT_EQ(config.context_length, 512u);
  EXPECT_EQ(config.norm_epsilon, 1e-6f);
  EXPECT_EQ(config.logit_softcap, 0.0f);
  ASSERT_EQ(config.layers.size(), layers);
  for (const LayerConfig& layer : config.layers) {
    EXPECT_EQ(layer.heads, 4u);
    EXPECT_EQ(layer.kv_heads, 2u);
    EXPECT_EQ(layer.head_dim, head_dim);
    EXPECT_EQ(layer.value_dim, head_dim);
    EXPECT_EQ(layer.attention_scale, static_cast<float>(std::pow(head_dim, -0.5)));
    EXPECT_EQ(layer.attention_softcap, 0.0f);
    EXPECT_EQ(layer.ffn_dim, 176u);
  }
  for (const RopeConfig& rope : config.ropes) {
    EXPECT_EQ(rope.dims, head_dim);
    EXPECT_EQ(rope.magnitude, 1.0f);
    EXPECT_TRUE(rope.frequency_factors.empty());
  }
}

void ExpectFullAttention(const ModelConfig& config) {
  EXPECT_EQ(config.embedding_scale, 1.0f);
  for (const LayerConfig& layer : config.layers) {
    EXPECT_EQ(layer.window, 0u);
    EXPECT_EQ(layer.rope, 0);
    EXPECT_EQ(layer.activation, Activation::kSilu);
  }
}

TEST(FamiliesTest, Llama) {
  const ModelConfig config = ConfigOf(OpenGolden("llama"));
  ExpectCommon(config, "llama", 3, 16);
  ExpectFullAttention(config);
  ASSERT_EQ(config.ropes.size(), 1u);
  EXPECT_EQ(config.ropes[0].base, 10000.0);
  EXPECT_TRUE(config.ropes[0].interleaved);
  EXPECT_EQ(config.name, "Convtmp");
}

TEST(FamiliesTest, Llama3) {
  const ModelConfig config = ConfigOf(OpenGolden("llama3-rope"));
  ExpectCommon(config, "llama", 3, 16);
  ExpectFullAttention(config);
  EXPECT_EQ(config.ropes[0].base, 500000.0);
}

TEST(FamiliesTest, Qwen2) {
  const ModelConfig config = ConfigOf(OpenGolden("qwen2"));
  ExpectCommon(config, "qwen2", 3, 16);  // without key_length: hidden / heads
  ExpectFullAttention(config);
  ASSERT_EQ(config.ropes.size(), 1u);
  EXPECT_EQ(config.ropes[0].base, 10000.0);
  EXPECT_FALSE(config.ropes[0].interleaved);
}

TEST(FamiliesTest, Qwen3) {
  const ModelConfig config = ConfigOf(OpenGolden("qwen3"));
  ExpectCommon(config, "qwen3", 3, 32);
  ExpectFullAttention(config);
  ASSERT_EQ(config.ropes.size(), 1u);
  EXPECT_EQ(config.ropes[0].base, 10000.0);
  EXPECT_FALSE(config.ropes[0].interleaved);
}

TEST(FamiliesTest, Gemma3) {
  const ModelConfig config = ConfigOf(OpenGolden("gemma3"));
  ExpectCommon(config, "gemma3", 6, 32);
  EXPECT_EQ(config.embedding_scale, 8.0f);  // 64^0.5
  ASSERT_EQ(config.ropes.size(), 2u);
  for (size_t i = 0; i < 6; ++i) {
    const bool sliding = i < 5;
    const LayerConfig& layer = config.layers[i];
    EXPECT_EQ(layer.window, sliding ? 16u : 0u) << i;
    EXPECT_EQ(config.ropes[layer.rope].base, sliding ? 10000.0 : 1000000.0) << i;
    EXPECT_EQ(layer.activation, Activation::kGeluTanh);
  }
  EXPECT_FALSE(config.ropes[0].interleaved || config.ropes[1].interleaved);
}

TEST(FamiliesTest, AnUnknownArchitectureNamesThoseThatAreKnown) {
  Checkpoint checkpoint = OpenGolden("llama");
  Replace(checkpoint.metadata, "general.architecture", std::string("mamba\x1b[2J"));
  EXPECT_THROW(ConfigOf(checkpoint), UnsupportedError);
  EXPECT_THAT(
      ErrorOf(checkpoint),
      AllOf(
          HasSubstr("mamba\\x1B"),
          HasSubstr("deepseek2, gemma2, gemma3, gpt2, gpt-oss, llama, olmo2, phi3, qwen2, qwen3, qwen3moe, smollm3")));
  checkpoint.metadata.Remove("general.architecture");
  EXPECT_THROW(ConfigOf(checkpoint), FormatError);
}

TEST(FamiliesTest, TheVocabularyIsTheEmbeddingsAndContradictionsAreRefused) {
  Checkpoint checkpoint = OpenGolden("llama");
  checkpoint.metadata.Remove("llama.vocab_size");
  EXPECT_EQ(ConfigOf(checkpoint).vocabulary, 320u);
  checkpoint.metadata.Add("llama.vocab_size", uint64_t{321});
  EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("llama.vocab_size is 321, expected 320"));
  checkpoint.metadata.Remove("llama.vocab_size");
  StringTable tokens;
  tokens.Append("a");
  Replace(checkpoint.metadata, "tokenizer.ggml.tokens", std::move(tokens));
  EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("tokenizer.ggml.tokens is 1, expected 320"));
}

TEST(FamiliesTest, LinearScalingDividesEveryFrequency) {
  Checkpoint checkpoint = OpenGolden("llama");
  checkpoint.metadata.Add("llama.rope.scaling.factor", 4.0);
  EXPECT_EQ(ConfigOf(checkpoint).ropes[0].frequency_factors, std::vector<double>(8, 4.0));
  checkpoint.metadata.Add("llama.rope.scaling.type", std::string("linear"));
  EXPECT_EQ(ConfigOf(checkpoint).ropes[0].frequency_factors, std::vector<double>(8, 4.0));
  Replace(checkpoint.metadata, "llama.rope.scaling.type", std::string("none"));
  EXPECT_TRUE(ConfigOf(checkpoint).ropes[0].frequency_factors.empty());
  Replace(checkpoint.metadata, "llama.rope.scaling.type", std::string("linear"));
  checkpoint.metadata.Remove("llama.rope.scaling.factor");
  EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("llama.rope.scaling.factor is missing"));
  checkpoint.metadata.Add("llama.rope.scale_linear", 2.0);
  EXPECT_EQ(ConfigOf(checkpoint).ropes[0].frequency_factors, std::vector<double>(8, 2.0));
}

TEST(FamiliesTest, OtherScalingsAreUnsupported) {
  Checkpoint checkpoint = OpenGolden("qwen2");
  checkpoint.metadata.Add("qwen2.rope.scaling.type", std::string("dynamic"));
  EXPECT_THROW(ConfigOf(checkpoint), UnsupportedError);
  EXPECT_THAT(ErrorOf(checkpoint), AllOf(HasSubstr("qwen2.rope.scaling.type is \"dynamic\""), HasSubstr("linear")));
}

TEST(FamiliesTest, PartialRotationAndAnAttentionScaleAreTakenFromTheFile) {
  Checkpoint checkpoint = OpenGolden("llama");
  Replace(checkpoint.metadata, "llama.rope.dimension_count", uint64_t{8});
  checkpoint.metadata.Add("llama.attention.scale", 0.5);
  const ModelConfig config = ConfigOf(checkpoint);
  EXPECT_EQ(config.ropes[0].dims, 8u);
  EXPECT_EQ(config.layers[2].attention_scale, 0.5f);
}

TEST(FamiliesTest, LlamaWithAWindowOrExperts) {
  Checkpoint checkpoint = OpenGolden("llama");
  checkpoint.metadata.Add("llama.attention.sliding_window", uint64_t{128});
  EXPECT_EQ(ConfigOf(checkpoint).layers[1].window, 128u);
  checkpoint.metadata.Add("llama.expert_count", uint64_t{8});
  EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("llama.expert_used_count"));
  checkpoint.metadata.Add("llama.expert_used_count", uint64_t{2});
  EXPECT_EQ(ConfigOf(checkpoint).layers[2].experts.count, 8u);
}

TEST(FamiliesTest, GemmaScalesPositionsOfItsFullLayersOnly) {
  Checkpoint checkpoint = OpenGolden("gemma3");
  checkpoint.metadata.Add("gemma3.rope.scaling.type", std::string("linear"));
  checkpoint.metadata.Add("gemma3.rope.scaling.factor", 8.0);
  const ModelConfig config = ConfigOf(checkpoint);
  EXPECT_EQ(config.ropes[config.layers[5].rope].frequency_factors, std::vector<double>(16, 8.0));
  EXPECT_TRUE(config.ropes[config.layers[0].rope].frequency_factors.empty());
}

TEST(FamiliesTest, GemmaBasesHaveDefaultsAndTwoSpellings) {
  Checkpoint checkpoint = OpenGolden("gemma3");
  checkpoint.metadata.Remove("gemma3.rope.freq_base");
  checkpoint.metadata.Remove("gemma3.rope.freq_base_swa");
  EXPECT_EQ(ConfigOf(checkpoint).ropes[0].base, 1000000.0);
  EXPECT_EQ(ConfigOf(checkpoint).ropes[1].base, 10000.0);
  checkpoint.metadata.Add("gemma3.rope.global.freq_base", 20000.0);
  checkpoint.metadata.Add("gemma3.rope.local.freq_base", 500.0);
  EXPECT_EQ(ConfigOf(checkpoint).ropes[0].base, 20000.0);
  EXPECT_EQ(ConfigOf(checkpoint).ropes[1].base, 500.0);
}

TEST(FamiliesTest, GemmaPatternIsAPeriodOrAList) {
  Checkpoint checkpoint = OpenGolden("gemma3");
  checkpoint.metadata.Add("gemma3.attention.sliding_window_pattern", uint64_t{2});
  EXPECT_EQ(ConfigOf(checkpoint).layers[0].window, 16u);
  EXPECT_EQ(ConfigOf(checkpoint).layers[1].window, 0u);
  EXPECT_EQ(ConfigOf(checkpoint).layers[5].window, 0u);
  const std::byte listed[] = {std::byte{0}, std::byte{1}, std::byte{1}, std::byte{0}, std::byte{1}, std::byte{1}};
  Replace(checkpoint.metadata, "gemma3.attention.sliding_window_pattern", NumberArray(NumberType::kBool, listed));
  EXPECT_EQ(ConfigOf(checkpoint).layers[0].window, 0u);
  EXPECT_EQ(ConfigOf(checkpoint).layers[5].window, 16u);
  Replace(checkpoint.metadata, "gemma3.attention.sliding_window_pattern",
          NumberArray(NumberType::kBool, std::span(listed).first(5)));
  EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("gemma3.attention.sliding_window_pattern has 5 values"));
}

TEST(FamiliesTest, Gemma27BScalesQueriesByItsWidth) {
  // config.json of gemma-3-27b: 62 layers, hidden 5376, 32 heads of 128, query_pre_attn_scalar 168.
  Checkpoint checkpoint = OpenGolden("gemma3");
  Replace(checkpoint.metadata, "gemma3.block_count", uint64_t{62});
  Replace(checkpoint.metadata, "gemma3.embedding_length", uint64_t{5376});
  Replace(checkpoint.metadata, "gemma3.attention.head_count", uint64_t{32});
  Replace(checkpoint.metadata, "gemma3.attention.head_count_kv", uint64_t{16});
  Replace(checkpoint.metadata, "gemma3.attention.key_length", uint64_t{128});
  const ModelConfig config = ConfigOf(checkpoint);
  EXPECT_EQ(config.layers[0].attention_scale, static_cast<float>(std::pow(168.0, -0.5)));
  EXPECT_EQ(config.layers[61].attention_scale, static_cast<float>(std::pow(168.0, -0.5)));
}

struct BadKey {
  const char* key;
  MetadataValue value;
  const char* message;
};

TEST(FamiliesTest, ANumberThatFitsNoModelIsNamedByItsKey) {
  const BadKey cases[] = {
      {"llama.context_length", uint64_t{1}, "metadata key \"llama.context_length\": expected an integer from 2 to"},
      {"llama.rope.dimension_count", uint64_t{15}, "llama.rope.dimension_count is 15, expected an even number"},
      {"llama.rope.dimension_count", uint64_t{18},
       "metadata key \"llama.rope.dimension_count\": expected an integer from 2 to 16, found 18"},
      {"llama.rope.freq_base", uint64_t{10000}, "metadata key \"llama.rope.freq_base\": expected a float from 1 to"},
      {"llama.attention.key_length", uint64_t{17}, "llama.attention.key_length is 17, expected an even number"},
      {"llama.attention.value_length", uint64_t{17}, "llama.attention.value_length is 17, expected an even number"},
      {"llama.attention.head_count_kv", uint64_t{3},
       "llama.attention.head_count_kv is 3, expected a divisor of llama.attention.head_count, 4"},
  };
  for (const BadKey& bad : cases) {
    Checkpoint checkpoint = OpenGolden("llama");
    Replace(checkpoint.metadata, bad.key, bad.value);
    EXPECT_THROW(ConfigOf(checkpoint), FormatError);
    EXPECT_THAT(ErrorOf(checkpoint), HasSubstr(bad.message));
  }
}

TEST(FamiliesTest, HeadsThatTheFileGivesNoWidthMustHaveOne) {
  Checkpoint checkpoint = OpenGolden("qwen2");  // without key_length: hidden / heads
  const auto error_with = [&](uint64_t hidden, uint64_t heads) {
    Replace(checkpoint.metadata, "qwen2.embedding_length", hidden);
    Replace(checkpoint.metadata, "qwen2.attention.head_count", heads);
    Replace(checkpoint.metadata, "qwen2.attention.head_count_kv", uint64_t{1});
    return ErrorOf(checkpoint);
  };
  EXPECT_THAT(error_with(64, 3), HasSubstr("qwen2.attention.head_count is 3, expected a divisor of "
                                           "qwen2.embedding_length, 64"));
  for (const auto& [hidden, heads] : {std::pair(64, 16), std::pair(60, 4), std::pair(4096, 2)}) {
    EXPECT_THAT(error_with(hidden, heads),
                AllOf(HasSubstr("qwen2.attention.head_count is " + std::to_string(heads) + ", expected to divide "),
                      HasSubstr("into heads of an even width from 8 to 1024")));
  }
}

TEST(FamiliesTest, MoreHeadsThanAProjectionMayHoldAreNamedByTheirKey) {
  for (const char* length : {"llama.attention.key_length", "llama.attention.value_length"}) {
    Checkpoint checkpoint = OpenGolden("llama");
    Replace(checkpoint.metadata, "llama.attention.head_count", uint64_t{1024});
    Replace(checkpoint.metadata, "llama.attention.key_length", uint64_t{16});
    Replace(checkpoint.metadata, "llama.attention.value_length", uint64_t{16});
    Replace(checkpoint.metadata, length, uint64_t{256});
    EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("llama.attention.head_count is 1024, expected at most 512 with heads of "
                                               "256 (" +
                                               std::string(length) + ")"));
  }
}

TEST(FamiliesTest, BoundsThatRoundingMovesOutwardsAreAcceptedWhole) {
  Checkpoint checkpoint = OpenGolden("llama");
  for (const double epsilon : {kMinNormEpsilon, kMaxNormEpsilon}) {
    Replace(checkpoint.metadata, "llama.attention.layer_norm_rms_epsilon", epsilon);
    EXPECT_EQ(ErrorOf(checkpoint), "") << epsilon;
  }
}

TEST(FamiliesTest, GemmaSoftcapsAreRead) {
  Checkpoint checkpoint = OpenGolden("gemma3");
  checkpoint.metadata.Add("gemma3.final_logit_softcapping", 30.0);
  checkpoint.metadata.Add("gemma3.attn_logit_softcapping", 50.0);
  EXPECT_EQ(ConfigOf(checkpoint).logit_softcap, 30.0f);
  EXPECT_EQ(ConfigOf(checkpoint).layers[3].attention_softcap, 50.0f);
}

}  // namespace
}  // namespace candor
