#include "cli/common_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace candor {
namespace {

struct Command {
  CLI::App app{"test", "prog"};
  ComputeOptions compute;
  SamplingOptions sampling;

  Command() {
    AddComputeOptions(app, compute);
    AddSamplingOptions(app, sampling);
  }
  void Parse(std::vector<std::string> arguments) {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  }
};

TEST(CommonOptions, LeaveDefaultsToTheModel) {
  Command command;
  command.Parse({});
  SamplingParams model;
  model.temperature = 0.25;
  model.top_k = 17;
  const SamplingParams params = Resolve(command.sampling, model);
  EXPECT_EQ(params.temperature, 0.25);
  EXPECT_EQ(params.top_k, 17u);
  const EngineOptions engine = EngineOptionsOf(command.compute);
  EXPECT_EQ(engine.context, 0u);
  EXPECT_EQ(engine.chunk, 512u);
  EXPECT_EQ(engine.kv, KvType::kF16);
}

TEST(CommonOptions, ReadEveryFlag) {
  Command command;
  command.Parse({"--temperature",
                 "0",
                 "--top-k",
                 "40",
                 "--top-p",
                 "0.5",
                 "--min-p",
                 "0.05",
                 "--typical-p",
                 "0.9",
                 "--repetition-penalty",
                 "1.1",
                 "--repetition-window",
                 "0",
                 "--presence-penalty",
                 "-2",
                 "--frequency-penalty",
                 "1e-1",
                 "--logit-bias",
                 "5:-100",
                 "--logit-bias",
                 "7:+2.5",
                 "--seed",
                 "18446744073709551615",
                 "--choice",
                 "5",
                 "--threads",
                 "3",
                 "--ctx",
                 "100",
                 "--chunk",
                 "7",
                 "--kv",
                 "q8_0",
                 "--exact",
                 "--isa",
                 "scalar"});
  const SamplingParams params = Resolve(command.sampling, {});
  EXPECT_EQ(params.temperature, 0);
  EXPECT_EQ(params.top_k, 40u);
  EXPECT_EQ(params.top_p, 0.5);
  EXPECT_EQ(params.min_p, 0.05);
  EXPECT_EQ(params.typical_p, 0.9);
  EXPECT_EQ(params.repetition_penalty, 1.1);
  EXPECT_EQ(params.repetition_window, 0u);
  EXPECT_EQ(params.presence_penalty, -2);
  EXPECT_EQ(params.frequency_penalty, 0.1);
  ASSERT_EQ(params.logit_bias.size(), 2u);
  EXPECT_EQ(params.logit_bias[0].token, 5);
  EXPECT_EQ(params.logit_bias[0].bias, -100);
  EXPECT_EQ(params.logit_bias[1].bias, 2.5);
  EXPECT_EQ(SeedOf(command.sampling), 18446744073709551615u);
  EXPECT_EQ(command.sampling.choice, 5u);
  EXPECT_EQ(command.compute.threads, 3u);
  EXPECT_EQ(command.compute.isa, "scalar");
  const EngineOptions engine = EngineOptionsOf(command.compute);
  EXPECT_EQ(engine.context, 100u);
  EXPECT_EQ(engine.chunk, 7u);
  EXPECT_EQ(engine.kv, KvType::kQ8_0);
  EXPECT_TRUE(engine.exact);
}

TEST(CommonOptions, RefuseValuesOutsideTheirRange) {
  const std::vector<std::vector<std::string>> refused = {
      {"--top-p", "1.01"},      {"--top-p", "x"},          {"--top-p", ""},          {"--top-p", "0.5x"},
      {"--top-k", "0.5"},       {"--top-k", "-1"},         {"--temperature", "inf"}, {"--temperature", "nan"},
      {"--threads", "0"},       {"--threads", "1025"},     {"--ctx", "1"},           {"--chunk", "9000"},
      {"--kv", "f8"},           {"--isa", "mmx"},          {"--seed", "1.5"},        {"--seed", "18446744073709551616"},
      {"--logit-bias", "1"},    {"--logit-bias", "1:101"}, {"--logit-bias", "-1:1"}, {"--logit-bias", "1:nan"},
      {"--logit-bias", "1:2x"}, {"--choice", "-1"},
  };
  for (const auto& arguments : refused) {
    Command command;
    EXPECT_THROW(command.Parse(arguments), CLI::ParseError) << arguments[0] << " " << arguments[1];
  }
}

std::string UsageMessage(const std::function<void()>& action) {
  try {
    action();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(InFlagNames, NamesTheFlagOfWhatTheEngineRefuses) {
  EngineOptions options;
  options.context = 100;
  EXPECT_EQ(InFlagNames(UsageMessage([&] { ResolveOptions(options, 50, {}); })), "--ctx: 100 is outside 2 to 50");
  options = {.chunk = 0};
  EXPECT_EQ(InFlagNames(UsageMessage([&] { ResolveOptions(options, 50, {}); })), "--chunk: 0 is outside 1 to 65536");
  SamplingParams params;
  params.top_p = 2;
  EXPECT_EQ(InFlagNames(UsageMessage([&] { ValidateSampling(params, 10); })), "--top-p: 2 is outside 0 to 1");
  params.top_p = 1;
  params.logit_bias = {{11, 1}};
  EXPECT_EQ(InFlagNames(UsageMessage([&] { ValidateSampling(params, 10); })),
            "--logit-bias: token 11 is outside 0 to 9");
  params.logit_bias = {{1, 1}, {1, 2}};
  EXPECT_EQ(InFlagNames(UsageMessage([&] { ValidateSampling(params, 10); })), "--logit-bias: token 1 is there twice");
}

TEST(InFlagNames, LeavesOtherMessagesAlone) {
  for (const char* message : {"context: a folder; name the file in it, a.gguf", "no context: 5 is outside", "",
                              ": is outside ", "temperature: \"11\" is not a number from 0 to 10"}) {
    EXPECT_EQ(InFlagNames(message), message);
  }
}

TEST(CommonOptions, SeedsDiffer) {
  EXPECT_NE(SeedOf({}), SeedOf({}));
  EXPECT_LT(SeedOf({}), uint64_t{1} << 32);
}

TEST(SetSamplingField, TakesNamesAsFlagsAndAsJson) {
  SamplingParams params;
  SetSamplingField(params, "top-p", "0.5");
  SetSamplingField(params, "top_k", "3");
  EXPECT_EQ(params.top_p, 0.5);
  EXPECT_EQ(params.top_k, 3u);
  EXPECT_EQ(SamplingValue(params, SamplingFields()[0]), "1");
}

TEST(SetSamplingField, SaysWhatIsWrong) {
  SamplingParams params;
  const auto error = [&](const char* name, const char* value) -> std::string {
    try {
      SetSamplingField(params, name, value);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error("temprature", "1"), "no setting temprature; did you mean temperature?");
  EXPECT_EQ(error("temperature", "11"), "temperature: \"11\" is not a number from 0 to 10");
  EXPECT_EQ(error("top-k", "1.5"), "top-k: \"1.5\" is not a whole number from 0 to 1048576");
}

}  // namespace
}  // namespace candor
