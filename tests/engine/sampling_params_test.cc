#include "engine/sampling_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "format/json_metadata.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::ThrowsMessage;

TEST(SamplingParamsTest, DefaultsAreValid) { EXPECT_NO_THROW(ValidateSampling(SamplingParams{}, 100)); }

TEST(SamplingParamsTest, EveryFieldAcceptsItsEndsAndRefusesWhatIsBeyond) {
  for (const SamplingField& field : SamplingFields()) {
    const auto with = [&](double value) {
      SamplingParams params;
      std::visit([&](auto member) { params.*member = static_cast<std::decay_t<decltype(params.*member)>>(value); },
                 field.member);
      return params;
    };
    EXPECT_NO_THROW(ValidateSampling(with(field.min), 10)) << field.name;
    EXPECT_NO_THROW(ValidateSampling(with(field.max), 10)) << field.name;
    const auto refuses = [&](double value) {
      EXPECT_THAT([&] { ValidateSampling(with(value), 10); },
                  ThrowsMessage<UsageError>(AllOf(HasSubstr(field.name), HasSubstr(" to "))))
          << field.name << " " << value;
    };
    if (std::holds_alternative<double SamplingParams::*>(field.member)) {
      refuses(std::nextafter(field.min, -INFINITY));
      refuses(std::nextafter(field.max, INFINITY));
      refuses(NAN);
    } else {
      refuses(field.max + 1);
    }
  }
}

TEST(SamplingParamsTest, MessageNamesParameterValueAndRange) {
  SamplingParams params;
  params.temperature = 11;
  EXPECT_THAT([&] { ValidateSampling(params, 10); }, ThrowsMessage<UsageError>("temperature: 11 is outside 0 to 10"));
}

TEST(SamplingParamsTest, BiasesMustNameDifferentTokensOfTheVocabulary) {
  SamplingParams params;
  params.logit_bias = {{10, 1.0}};
  EXPECT_THROW(ValidateSampling(params, 10), UsageError);
  EXPECT_NO_THROW(ValidateSampling(params, 11));
  params.logit_bias = {{-1, 1.0}};
  EXPECT_THROW(ValidateSampling(params, 10), UsageError);
  params.logit_bias = {{3, 101.0}};
  EXPECT_THROW(ValidateSampling(params, 10), UsageError);
  params.logit_bias = {{3, 1.0}, {2, 1.0}, {3, 2.0}};
  EXPECT_THAT([&] { ValidateSampling(params, 10); }, ThrowsMessage<UsageError>("logit_bias: token 3 is there twice"));
}

TEST(SamplingParamsTest, ModelWithoutSettingsGivesTheDefaults) {
  const SamplingParams params = DefaultSampling(Metadata("m.gguf"));
  EXPECT_EQ(params.temperature, 0.7);
  EXPECT_EQ(params.top_p, 0.9);
  EXPECT_EQ(params.top_k, 0u);
}

TEST(SamplingParamsTest, TakesTheModelsOwnSettings) {
  Metadata metadata("m.gguf");
  metadata.Add("general.sampling.temp", 0.25);
  metadata.Add("general.sampling.top_k", int64_t{20});
  metadata.Add("general.sampling.top_p", 0.8);
  metadata.Add("general.sampling.min_p", 0.125);
  metadata.Add("general.sampling.penalty_repeat", 1.5);
  metadata.Add("general.sampling.penalty_last_n", int64_t{-1});
  const SamplingParams params = DefaultSampling(metadata);
  EXPECT_EQ(params.temperature, 0.25);
  EXPECT_EQ(params.top_k, 20u);
  EXPECT_EQ(params.top_p, 0.8);
  EXPECT_EQ(params.min_p, 0.125);
  EXPECT_EQ(params.repetition_penalty, 1.5);
  EXPECT_EQ(params.repetition_window, 0u);
}

TEST(SamplingParamsTest, WindowOfNoTokensTurnsTheModelsPenaltyOff) {
  Metadata metadata("m.gguf");
  metadata.Add("general.sampling.penalty_repeat", 1.5);
  metadata.Add("general.sampling.penalty_last_n", int64_t{0});
  EXPECT_EQ(DefaultSampling(metadata).repetition_penalty, 1.0);
}

TEST(SamplingParamsTest, ModelsSettingOutsideItsRangeIsAnError) {
  Metadata metadata("m.gguf");
  metadata.Add("general.sampling.top_p", 1.5);
  EXPECT_THAT([&] { DefaultSampling(metadata); },
              ThrowsMessage<FormatError>(AllOf(HasSubstr("m.gguf"), HasSubstr("general.sampling.top_p"))));
  Metadata absurd("m.gguf");
  absurd.Add("general.sampling.top_k", uint64_t{1} << 40);
  EXPECT_THROW(DefaultSampling(absurd), FormatError);
}

TEST(SamplingParamsTest, TakesAGenerationConfigs) {
  const SamplingParams params = SamplingOfGenerationConfig(MetadataFromJson(
      R"({"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 1, "min_p": 0.05, "typical_p": 0.9,
          "repetition_penalty": 1.05, "eos_token_id": [1, 2], "max_new_tokens": 2048})",
      "generation_config.json"));
  EXPECT_EQ(params.temperature, 0.6);
  EXPECT_EQ(params.top_k, 20u);
  EXPECT_EQ(params.top_p, 1.0);
  EXPECT_EQ(params.min_p, 0.05);
  EXPECT_EQ(params.typical_p, 0.9);
  EXPECT_EQ(params.repetition_penalty, 1.05);
  EXPECT_EQ(params.repetition_window, 0u);
}

TEST(SamplingParamsTest, AGenerationConfigThatSaysNothingGivesTheDefaults) {
  const SamplingParams params =
      SamplingOfGenerationConfig(MetadataFromJson(R"({"temperature": null, "top_k": -1})", "generation_config.json"));
  EXPECT_EQ(params.temperature, 0.7);
  EXPECT_EQ(params.top_p, 0.9);
  EXPECT_EQ(params.top_k, 0u);
  EXPECT_EQ(params.repetition_window, 64u);
}

TEST(SamplingParamsTest, AGenerationConfigThatDoesNotSampleIsGreedy) {
  const auto temperature_of = [](std::string_view text) {
    return SamplingOfGenerationConfig(MetadataFromJson(text, "generation_config.json")).temperature;
  };
  EXPECT_EQ(temperature_of(R"({"do_sample": false, "temperature": 0.6})"), 0.0);
  EXPECT_EQ(temperature_of(R"({"do_sample": true})"), 0.7);
}

TEST(SamplingParamsTest, AGenerationConfigsSettingOutsideItsRangeIsAnError) {
  for (const char* text : {R"({"top_p": 1.5})", R"({"temperature": -1})", R"({"temperature": "hot"})",
                           R"({"top_k": 0.5})", R"({"repetition_penalty": 0})", R"({"do_sample": 1})"}) {
    EXPECT_THAT([&] { SamplingOfGenerationConfig(MetadataFromJson(text, "generation_config.json")); },
                ThrowsMessage<FormatError>(HasSubstr("generation_config.json: metadata key ")))
        << text;
  }
}

}  // namespace
}  // namespace candor
