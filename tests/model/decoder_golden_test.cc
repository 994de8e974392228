// The decoder against Hugging Face transformers in float32, on random checkpoints (tests/data/gguf).
#include <gtest/gtest.h>

#include <cmath>

#include "support/decoder_harness.h"
#include "support/safetensors_file.h"

namespace candor {
namespace {

struct Golden {
  Model model;
  std::vector<int32_t> prompt, greedy;
  std::vector<float> logits, greedy_logits;
};

Golden LoadGolden(const std::string& name) {
  const std::string base = std::string(CANDOR_TEST_DATA) + "/gguf/" + name;
  const SafetensorsFile expected(base + ".expected.safetensors");
  const boost::json::value tokens = boost::json::parse(ReadWholeFile(base + ".expected.json", 1 << 20));
  return {.model = LoadTestModel(base + ".gguf"),
          .prompt = boost::json::value_to<std::vector<int32_t>>(tokens.at("prompt")),
          .greedy = boost::json::value_to<std::vector<int32_t>>(tokens.at("greedy")),
          .logits = expected.Read<float>("logits"),
          .greedy_logits = expected.Read<float>("greedy_logits")};
}

float LargestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const float difference = std::fabs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

class DecoderGolden : public ::testing::TestWithParam<const char*> {};

// float32 sums in another order than the reference's: a few units in the last place of logits around 1, through up to
// six layers. The reference itself moves by about 1e-5 with another order.
constexpr float kExactTolerance = 2e-4f;
// Keys and values rounded to 11 bits.
constexpr float kDefaultCacheTolerance = 5e-3f;

TEST_P(DecoderGolden, EveryLogitAgreesWithTheReference) {
  const Golden golden = LoadGolden(GetParam());
  for (const KernelTable* kernels : AllKernels()) {
    SCOPED_TRACE(kernels->name);
    DecoderHarness harness(golden.model, {.kernels = kernels, .kv = KvType::kF32, .exact = true});
    EXPECT_LT(LargestDifference(harness.Append(golden.prompt), golden.logits), kExactTolerance);
  }
  DecoderHarness harness(golden.model, {});
  EXPECT_LT(LargestDifference(harness.Append(golden.prompt), golden.logits), kDefaultCacheTolerance);
}

TEST_P(DecoderGolden, GreedyTokensAreTheReferences) {
  const Golden golden = LoadGolden(GetParam());
  DecoderHarness harness(golden.model, {.kv = KvType::kF32, .exact = true});
  const size_t vocabulary = golden.model.config.vocabulary;
  std::vector<float> logits = harness.Append(golden.prompt);
  for (size_t i = 0; i < golden.greedy.size(); ++i) {
    const float* last = logits.data() + logits.size() - vocabulary;
    const float* expected = golden.greedy_logits.data() + i * vocabulary;
    const auto best = static_cast<int32_t>(std::max_element(last, last + vocabulary) - last);
    std::vector<float> sorted(expected, expected + vocabulary);
    std::nth_element(sorted.begin(), sorted.begin() + 1, sorted.end(), std::greater<float>());
    // Twice the tolerance: a smaller lead could turn.
    if (sorted[0] - sorted[1] > 2 * kExactTolerance) {
      EXPECT_EQ(best, golden.greedy[i]) << "token " << i;
    }
    logits = harness.Append({golden.greedy[i]});
  }
}

INSTANTIATE_TEST_SUITE_P(Families, DecoderGolden, ::testing::Values("llama", "llama3-rope", "qwen2", "qwen3", "gemma3"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace candor
