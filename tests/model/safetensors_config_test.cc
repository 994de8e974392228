// Configurations from config.json: both spellings, every kind of rotation, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "format/json_metadata.h"
#include "model/model.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A plain model with `more` members (a list that ends in a comma, or nothing).
ModelConfig Configure(const std::string& model_type, const std::string& more, uint32_t context_limit = 0) {
  Checkpoint checkpoint(MetadataFromJson("{" + more + R"("model_type": ")" + model_type + R"(", "vocab_size": 320,
      "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
      "intermediate_size": 176, "rms_norm_eps": 1e-6, "max_position_embeddings": 4096})",
                                         "config.json"));
  checkpoint.format = CheckpointFormat::kSafetensors;
  checkpoint.IndexTensors();
  return ConfigOf(checkpoint, context_limit);
}

std::string RefusalOf(const std::string& model_type, const std::string& more) {
  try {
    Configure(model_type, more);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SafetensorsConfig, RotationsHaveTwoSpellings) {
  EXPECT_EQ(Configure("llama", "").ropes[0].base, 10000.0);
  EXPECT_EQ(Configure("llama", R"("rope_theta": 500000,)").ropes[0].base, 500000.0);
  EXPECT_EQ(Configure("llama", R"("rope_parameters": {"rope_theta": 1e6, "rope_type": "default"},)").ropes[0].base,
            1e6);
  const std::string members = R"("factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 64})";
  const RopeConfig older =
      Configure("llama", R"("rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", )" + members + ",").ropes[0];
  const RopeConfig newer =
      Configure("llama", R"("rope_parameters": {"rope_theta": 5e5, "rope_type": "llama3", )" + members + ",").ropes[0];
  EXPECT_EQ(older.frequency_factors, newer.frequency_factors);
  // transformers' function for this kind, by its published formula.
  for (size_t i = 0; i < 8; ++i) {
    const double wavelength = 2 * M_PI * std::pow(5e5, static_cast<double>(i) / 8.0);
    const double smooth = (64 / wavelength - 1) / (4 - 1);
    const double factor = wavelength < 16 ? 1 : wavelength > 64 ? 8 : 1 / ((1 - smooth) / 8 + smooth);
    EXPECT_NEAR(older.frequency_factors[i], factor, 1e-12 * factor) << i;
  }
}

TEST(SafetensorsConfig, LinearScaling) {
  const auto factors =
      Configure("llama", R"("rope_scaling": {"type": "linear", "factor": 4},)").ropes[0].frequency_factors;
  EXPECT_EQ(factors, std::vector<double>(8, 4.0));
}

TEST(SafetensorsConfig, YarnByItsPaper) {
  const RopeConfig rope = Configure("qwen2", R"("rope_theta": 10000, "rope_scaling": {"type": "yarn", "factor": 4,
      "original_max_position_embeddings": 1024},)")
                              .ropes[0];
  EXPECT_NEAR(rope.magnitude, 0.1 * std::log(4.0) + 1, 1e-12);
  // Dimensions between 32 turns and one turn over 1,024 positions: 16 ln(1024 / (turns 2 pi)) / (2 ln 10000).
  const double low = std::floor(16 * std::log(1024 / (32 * 2 * M_PI)) / (2 * std::log(1e4)));
  const double high = std::ceil(16 * std::log(1024 / (2 * M_PI)) / (2 * std::log(1e4)));
  for (size_t i = 0; i < 8; ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    EXPECT_NEAR(1 / rope.frequency_factors[i], ramp / 4 + 1 - ramp, 1e-12) << i;
  }
  EXPECT_EQ(rope.frequency_factors[0], 1.0);
  EXPECT_EQ(rope.frequency_factors[7], 4.0);
}

constexpr const char* kLongRope = R"("original_max_position_embeddings": 1024, "rope_scaling": {"type": "longrope",
    "short_factor": [1, 1, 1, 1, 1.5, 2, 2, 2], "long_factor": [1, 2, 3, 4, 5, 6, 7, 8]},)";

TEST(SafetensorsConfig, LongRopeTakesItsSetFromTheContextLimit) {
  const std::vector<double> few = {1, 1, 1, 1, 1.5, 2, 2, 2};
  const std::vector<double> many = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(Configure("phi3", kLongRope).ropes[0].frequency_factors, many);  // 4,096: all that the model can
  EXPECT_EQ(Configure("phi3", kLongRope, 1024).ropes[0].frequency_factors, few);
  EXPECT_EQ(Configure("phi3", kLongRope, 1025).ropes[0].frequency_factors, many);
  // sqrt(1 + ln(4096 / 1024) / ln(1024)), for both sets
  const double magnitude = std::sqrt(1 + std::log(4.0) / std::log(1024.0));
  EXPECT_NEAR(Configure("phi3", kLongRope, 100).ropes[0].magnitude, magnitude, 1e-12);
  EXPECT_NEAR(Configure("phi3", kLongRope).ropes[0].magnitude, magnitude, 1e-12);
}

TEST(SafetensorsConfig, APartOfAHeadMayBeRotated) {
  EXPECT_EQ(Configure("phi3", R"("partial_rotary_factor": 0.75,)").ropes[0].dims, 12u);
}

TEST(SafetensorsConfig, WhatIsNotComputedIsUnsupported) {
  EXPECT_THAT(RefusalOf("llama", R"("rope_scaling": {"type": "dynamic", "factor": 2},)"),
              AllOf(HasSubstr("rope_scaling.rope_type is \"dynamic\""), HasSubstr("how long a text has become")));
  EXPECT_THAT(RefusalOf("llama", R"("hidden_act": "relu",)"), HasSubstr("hidden_act is \"relu\""));
  EXPECT_THAT(RefusalOf("mamba", ""), AllOf(HasSubstr("model_type is \"mamba\""), HasSubstr("deepseek_v3")));
  EXPECT_THAT(RefusalOf("llama", R"("quantization_config": {"quant_method": "gptq"},)"), HasSubstr("\"gptq\""));
  EXPECT_THAT(RefusalOf("llama", R"("quantization_config": {"quant_method": "fp8", "weight_block_size": [64, 128]},)"),
              HasSubstr("weight_block_size"));
  EXPECT_THAT(RefusalOf("qwen2", R"("layer_types": ["full_attention", "full_attention", "linear", "full_attention"],)"),
              HasSubstr("\"linear\""));
  EXPECT_THAT(RefusalOf("qwen3_moe", R"("decoder_sparse_step": 2, "num_experts": 8,)"),
              HasSubstr("decoder_sparse_step"));
}

// Six positions are less than one turn of any dimension: there is no ramp, and all but the first are divided whole.
TEST(SafetensorsConfig, YarnWithoutARampDividesWhole) {
  const auto factors = Configure("llama", R"("rope_scaling": {"type": "yarn", "factor": 4,
      "original_max_position_embeddings": 6},)")
                           .ropes[0]
                           .frequency_factors;
  EXPECT_EQ(factors, (std::vector<double>{1, 4, 4, 4, 4, 4, 4, 4}));
}

TEST(SafetensorsConfig, TheClampedActivationsNumbersAreTheConfigs) {
  const std::string more = R"("sliding_window": 8, "num_local_experts": 4, "num_experts_per_tok": 2,
      "rope_scaling": {"rope_type": "default"}, )";
  const LayerConfig own = Configure("gpt_oss", more + R"("swiglu_limit": 5, "swiglu_alpha": 2,)").layers[0];
  EXPECT_EQ(own.activation_limit, 5.0f);
  EXPECT_EQ(own.activation_alpha, 2.0f);
  const LayerConfig usual = Configure("gpt_oss", more).layers[0];
  EXPECT_EQ(usual.activation_limit, 7.0f);
  EXPECT_EQ(usual.activation_alpha, 1.702f);
  EXPECT_EQ(usual.head_dim, 64u);
}

TEST(SafetensorsConfig, YarnsMagnitudeIsGivenOrFollows) {
  const auto magnitude = [](const std::string& more) {
    return Configure("llama", R"("rope_scaling": {"type": "yarn", "factor": 4, )" + more +
                                  R"("original_max_position_embeddings": 1024},)")
        .ropes[0]
        .magnitude;
  };
  EXPECT_NEAR(magnitude(R"("mscale": 0.5, "mscale_all_dim": 2, )"),
              (0.05 * std::log(4.0) + 1) / (0.2 * std::log(4.0) + 1), 1e-12);
  EXPECT_EQ(magnitude(R"("attention_factor": 1.25, )"), 1.25);
}

// What transformers' classes take where config.json says nothing; null says something.
TEST(SafetensorsConfig, AMissingMemberIsItsClasssDefault) {
  EXPECT_EQ(Configure("mixtral", R"("num_local_experts": 4, "num_experts_per_tok": 2,)").ropes[0].base, 1e6);
  EXPECT_EQ(Configure("smollm3", "").ropes[0].base, 2e6);
  EXPECT_EQ(Configure("mistral", "").layers[0].window, 4096u);
  EXPECT_EQ(Configure("mistral", R"("sliding_window": null,)").layers[0].window, 0u);
  const ModelConfig gemma2 = Configure("gemma2", R"("head_dim": 16,)");
  EXPECT_EQ(gemma2.logit_softcap, 30.0f);
  EXPECT_EQ(gemma2.layers[0].attention_softcap, 50.0f);
  EXPECT_EQ(gemma2.layers[0].window, 4096u);
  EXPECT_EQ(gemma2.layers[0].attention_scale, 1.0f / 16);
  EXPECT_EQ(Configure("gemma2", R"("final_logit_softcapping": null, "head_dim": 16,)").logit_softcap, 0.0f);
  const ModelConfig r1 = Configure("deepseek_v3", R"("kv_lora_rank": 32, "qk_nope_head_dim": 16, "v_head_dim": 16,
      "qk_rope_head_dim": 16, "n_routed_experts": 16, "num_experts_per_tok": 4, "moe_intermediate_size": 32,)");
  EXPECT_EQ(r1.layers[0].latent.query_rank, 1536u);
  EXPECT_EQ(r1.layers[2].experts.count, 0u);
  const ExpertsConfig& experts = r1.layers[3].experts;
  EXPECT_EQ(experts.groups, 8u);
  EXPECT_EQ(experts.groups_used, 4u);
  EXPECT_EQ(experts.shared_ffn_dim, 32u);
  EXPECT_EQ(experts.weight_scale, 2.5f);
  EXPECT_TRUE(experts.normalize);
  EXPECT_TRUE(r1.ropes[0].interleaved);
}

TEST(SafetensorsConfig, WindowsAreSwitchedOnLayerByLayer) {
  const auto windows = [](const std::string& type, const std::string& more) {
    std::string pattern;
    for (const LayerConfig& layer :
         Configure(type, R"("use_sliding_window": true, "sliding_window": 8, )" + more).layers) {
      pattern += layer.window == 8 ? 'w' : layer.window == 0 ? '.' : '?';
    }
    return pattern;
  };
  for (const char* type : {"qwen2", "qwen3"}) {
    EXPECT_EQ(windows(type, R"("max_window_layers": 2,)"), "..ww") << type;
    EXPECT_EQ(windows(type, ""), "....") << type << ": from layer 28 on";
    EXPECT_EQ(windows(type, R"("layer_types": ["sliding_attention", "full_attention", "sliding_attention",
        "full_attention"],)"),
              "w.w.")
        << type;
  }
  EXPECT_EQ(windows("smollm3", R"("no_rope_layer_interval": 2,)"), ".w.w");
  EXPECT_EQ(Configure("qwen3", R"("sliding_window": 8, "max_window_layers": 0,)").layers[0].window, 0u);
}

TEST(SafetensorsConfig, LayersWithoutExpertsBetweenOthersAreRefused) {
  const std::string experts = R"("num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, )";
  EXPECT_EQ(RefusalOf("qwen3_moe", experts + R"("mlp_only_layers": [],)"), "");
  EXPECT_THAT(RefusalOf("qwen3_moe", experts + R"("mlp_only_layers": [1],)"), HasSubstr("mlp_only_layers"));
  EXPECT_THAT(RefusalOf("qwen3_moe", experts + R"("use_sliding_window": true,)"), HasSubstr("use_sliding_window"));
}

TEST(SafetensorsConfig, QuantisationIsReadWhereItStands) {
  const auto refusal = [](const std::string& text) -> std::string {
    Checkpoint checkpoint(MetadataFromJson(text, "config.json"));
    checkpoint.format = CheckpointFormat::kSafetensors;
    checkpoint.IndexTensors();
    try {
      ConfigOf(checkpoint);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string awq = R"("quantization_config": {"quant_method": "awq"})";
  EXPECT_THAT(refusal(R"({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}, )" + awq + "}"),
              HasSubstr("quantization_config.quant_method is \"awq\""));
  EXPECT_THAT(refusal(R"({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", )" + awq + "}}"),
              HasSubstr("text_config.quantization_config.quant_method is \"awq\""));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", )" + awq + "}"), HasSubstr("\"awq\""));
}

TEST(SafetensorsConfig, WhatShouldBeAnObjectIsOne) {
  for (const char* key : {"rope_scaling", "rope_parameters", "quantization_config"}) {
    for (const char* value : {"1", "true", "\"default\"", "[]", "[{}]"}) {
      EXPECT_THAT(RefusalOf("llama", std::string("\"") + key + "\": " + value + ","),
                  AllOf(HasSubstr(key), HasSubstr("an object")));
    }
    EXPECT_EQ(RefusalOf("llama", std::string("\"") + key + "\": null,"), "");
  }
  EXPECT_THAT(RefusalOf("llama", R"("num_key_value_heads": {},)"), HasSubstr("num_key_value_heads"));
}

TEST(SafetensorsConfig, OneRotationIsGivenOnce) {
  EXPECT_THAT(RefusalOf("llama", R"("rope_scaling": {"type": "linear", "factor": 4}, "rope_parameters": {},)"),
              HasSubstr("rope_scaling is given beside rope_parameters"));
}

TEST(SafetensorsConfig, TheWindowsOfGemma3HaveARotationOfTheirOwn) {
  const std::string more = R"("head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 32, )";
  const auto grouped = [&](const std::string& local) {
    return more + R"("rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8, "rope_theta": 1e6},
        "sliding_attention": )" +
           local + "},";
  };
  const ModelConfig config = Configure("gemma3_text", grouped(R"({"rope_type": "default", "rope_theta": 5e3})"));
  EXPECT_EQ(config.ropes[0].base, 1e6);
  EXPECT_EQ(config.ropes[0].frequency_factors, std::vector<double>(8, 8.0));
  EXPECT_EQ(config.ropes[1].base, 5e3);
  EXPECT_TRUE(config.ropes[1].frequency_factors.empty());
  EXPECT_THAT(RefusalOf("gemma3_text", grouped(R"({"rope_type": "dynamic", "rope_theta": 5e3})")),
              HasSubstr("rope_parameters.sliding_attention.rope_type is \"dynamic\""));
  EXPECT_EQ(Configure("gemma3_text", more + R"("rope_theta": 1e6, "rope_local_base_freq": 7e3,)").ropes[1].base, 7e3);
}

TEST(SafetensorsConfig, SwitchesThatWouldNeedMoreAreUnsupported) {
  const std::string gemma = R"("head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 32, )";
  EXPECT_THAT(RefusalOf("gemma3_text", gemma + R"("use_bidirectional_attention": true,)"), HasSubstr("bidirectional"));
  EXPECT_THAT(RefusalOf("gemma2", gemma + R"("attention_bias": true,)"), HasSubstr("attention_bias is true"));
  EXPECT_EQ(RefusalOf("gemma2", gemma + R"("attention_bias": false,)"), "");
}

TEST(SafetensorsConfig, NumbersAreBoundedAndNamed) {
  EXPECT_THAT(RefusalOf("llama", R"("head_dim": 0,)"), HasSubstr("head_dim"));
  EXPECT_THAT(RefusalOf("llama", R"("head_dim": 17,)"), AllOf(HasSubstr("head_dim is 17"), HasSubstr("even")));
  EXPECT_THAT(RefusalOf("llama", R"("rope_theta": "fast",)"), HasSubstr("rope_theta"));
  EXPECT_THAT(RefusalOf("llama", R"("rope_theta": 0,)"), HasSubstr("rope_theta is 0"));
  EXPECT_THAT(RefusalOf("llama", R"("rope_scaling": {"type": "linear"},)"),
              HasSubstr("rope_scaling.factor is missing"));
  EXPECT_THAT(RefusalOf("llama", R"("rope_scaling": {"type": "linear", "factor": 1e9},)"), HasSubstr("factor"));
  EXPECT_THAT(RefusalOf("llama", R"("rope_scaling": {"factor": 8},)"), HasSubstr("rope_scaling.rope_type is missing"));
  EXPECT_THAT(RefusalOf("llama", R"("rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 1,
      "high_freq_factor": 4},)"),
              HasSubstr("rope_scaling.original_max_position_embeddings is missing"));
  EXPECT_THAT(RefusalOf("phi3", R"("original_max_position_embeddings": 64, "rope_scaling": {"type": "longrope",
      "short_factor": [true, true, true, true, true, true, true, true],
      "long_factor": [1, 1, 1, 1, 1, 1, 1, 1]},)"),
              HasSubstr("short_factor"));
  EXPECT_THAT(RefusalOf("phi3", R"("rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1]},)"),
              AllOf(HasSubstr("short_factor"), HasSubstr("8 numbers")));
  EXPECT_THAT(RefusalOf("phi3", R"("rope_scaling": {"type": "longrope", "long_factor": [1, 1, 1, 1, 1, 1, 1, 1]},)"),
              HasSubstr("short_factor is missing"));
  EXPECT_THAT(RefusalOf("mixtral", R"("num_local_experts": 4, "num_experts_per_tok": 5,)"),
              HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(RefusalOf("mixtral", R"("num_local_experts": 1000000, "num_experts_per_tok": 5,)"),
              HasSubstr("num_local_experts"));
}

}  // namespace
}  // namespace candor
