// The decoder against Hugging Face transformers in float32, on random checkpoints (tests/data/gguf).
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <limits>

#include "support/decoder_harness.h"
#include "support/safetensors_file.h"

namespace candor {
namespace {

struct Golden {
  Model model;
  std::vector<int32_t> prompt, greedy;
  std::vector<float> logits, greedy_logits;
};

// `path` is "gguf/NAME.gguf" or "checkpoints/NAME".
Golden LoadGolden(const std::string& path) {
  const std::string data = CANDOR_TEST_DATA;
  const std::string name = std::filesystem::path(path).stem();
  const SafetensorsFile expected(data + "/checkpoints/" + name + "/expected.safetensors");
  const boost::json::value tokens =
      boost::json::parse(ReadWholeFile(data + "/checkpoints/" + name + "/expected.json", 1 << 20));
  return {.model = LoadTestModel(data + "/" + path),
          .prompt = boost::json::value_to<std::vector<int32_t>>(tokens.at("prompt")),
          .greedy = boost::json::value_to<std::vector<int32_t>>(tokens.at("greedy")),
          .logits = expected.Read<float>("logits"),
          .greedy_logits = expected.Read<float>("greedy_logits")};
}

// Infinite where a value is not a number, or where there is nothing to compare.
float LargestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (a.size() != b.size() || a.empty()) return kInfinity;
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float difference = std::fabs(a[i] - b[i]);
    if (std::isnan(difference)) return kInfinity;
    largest = std::max(largest, difference);
  }
  return largest;
}

TEST(LargestDifference, NothingThatIsNotANumberIsSmall) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> zeros(3, 0.0f);
  EXPECT_EQ(LargestDifference({1, -3, 2}, zeros), 3);
  EXPECT_EQ(LargestDifference(zeros, zeros), 0);
  for (const std::vector<float>& values : std::vector<std::vector<float>>{
           {nan, 0, 0}, {0, nan, 0}, {0, 0, nan}, {1e9f, nan, 0}, {nan, 1e9f, 0}, {0, infinity, 0}, {}, {0, 0}}) {
    EXPECT_EQ(LargestDifference(values, zeros), infinity);
    EXPECT_EQ(LargestDifference(zeros, values), infinity);
  }
  EXPECT_EQ(LargestDifference({infinity}, {infinity}), infinity);
  EXPECT_EQ(LargestDifference({}, {}), infinity);
}

class DecoderGolden : public ::testing::TestWithParam<std::string> {};

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
  // Where experts are chosen, a near tie may go the other way with a rounded cache.
  if (golden.model.config.layers.back().experts.count != 0) return;
  DecoderHarness harness(golden.model, {});
  EXPECT_LT(LargestDifference(harness.Append(golden.prompt), golden.logits), kDefaultCacheTolerance);
}

// The promise of one answer: every instruction set, number of threads and division of the prompt gives the same bits.
TEST_P(DecoderGolden, EverySettingGivesTheSameBits) {
  const Golden golden = LoadGolden(GetParam());
  for (const bool exact : {false, true}) {
    DecoderHarness plain(golden.model, {.exact = exact});
    const std::vector<float> expected = plain.Append(golden.prompt);
    int threads = 1;
    for (const KernelTable* kernels : AllKernels()) {
      for (const uint32_t chunk : {1u, 7u, 16u, 512u}) {
        threads = threads % 4 + 1;
        DecoderHarness harness(golden.model, {.kernels = kernels, .threads = threads, .exact = exact, .chunk = chunk});
        ASSERT_EQ(harness.Append(golden.prompt), expected) << kernels->name << ", " << threads << " threads, " << chunk;
      }
    }
  }
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

std::vector<std::string> Goldens() {
  std::vector<std::string> paths;
  for (const char* folder : {"gguf", "checkpoints"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(CANDOR_TEST_DATA) / folder)) {
      const bool is_model = entry.is_directory() || entry.path().extension() == ".gguf";
      if (is_model) paths.push_back(std::string(folder) + "/" + entry.path().filename().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Families, DecoderGolden, ::testing::ValuesIn(Goldens()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace candor
