#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <string>

#include "engine/philox.h"
#include "kernels/spec/math.h"

namespace candor {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// docs/numerics-sampling.md read literally: sort everything, then walk down the list.
TokenId Define(std::vector<float> l, const SamplingParams& p, const SamplingPosition& at) {
  const std::span<const TokenId> answer = at.tokens.subspan(at.prompt_tokens);
  const size_t window = p.repetition_window == 0 ? at.tokens.size() : p.repetition_window;
  for (TokenId id = 0; id < static_cast<TokenId>(l.size()); ++id) {
    double a = l[id];
    const auto recent = at.tokens.last(std::min(window, at.tokens.size()));
    if (p.repetition_penalty != 1 && std::find(recent.begin(), recent.end(), id) != recent.end()) {
      a = a > 0 ? a / p.repetition_penalty : a * p.repetition_penalty;
    }
    const auto count = std::count(answer.begin(), answer.end(), id);
    if (count > 0) a = (a - static_cast<double>(count) * p.frequency_penalty) - p.presence_penalty;
    for (const LogitBias& bias : p.logit_bias) a += bias.token == id ? bias.bias : 0;
    l[id] = static_cast<float>(a);
  }
  struct Item {
    TokenId id;
    double x, w;
  };
  std::vector<Item> items;
  for (TokenId id = 0; id < static_cast<TokenId>(l.size()); ++id) items.push_back({id, 0, 0});
  std::stable_sort(items.begin(), items.end(), [&](const Item& a, const Item& b) { return l[a.id] > l[b.id]; });
  if (p.temperature == 0) return items[0].id;
  const double m = l[items[0].id];
  for (Item& item : items) {
    item.x = (static_cast<double>(l[item.id]) - m) / p.temperature;
    item.w = item.x < -23 ? 0 : std::nearbyint(spec::Exp(item.x) * 0x1p32) * 0x1p-32;
  }
  std::erase_if(items, [](const Item& item) { return item.w == 0; });
  const auto sum = [&] {
    double total = 0;
    for (const Item& item : items) total += item.w;
    return total;
  };
  const auto keep_prefix = [](std::vector<Item>& list, double target) {
    double total = 0;
    size_t n = 0;
    do total += list[n++].w;
    while (n < list.size() && total < target);
    list.resize(n);
  };
  if (p.top_k > 0 && p.top_k < items.size()) items.resize(p.top_k);
  if (p.top_p != 1) keep_prefix(items, p.top_p * sum());
  std::erase_if(items, [&](const Item& item) { return item.w < p.min_p; });
  if (p.typical_p != 1) {
    const double total = sum();
    double h = 0;
    for (const Item& item : items) h += item.w * (spec::Log(total) - item.x);
    h /= total;
    std::vector<Item> ranked = items;
    std::stable_sort(ranked.begin(), ranked.end(), [&](const Item& a, const Item& b) {
      return std::fabs((spec::Log(total) - a.x) - h) < std::fabs((spec::Log(total) - b.x) - h);
    });
    keep_prefix(ranked, p.typical_p * total);
    std::erase_if(items, [&](const Item& item) {
      return std::none_of(ranked.begin(), ranked.end(), [&](const Item& kept) { return kept.id == item.id; });
    });
  }
  const double target = UniformForToken(at.seed, at.choice, answer.size()) * sum();
  double total = 0;
  for (const Item& item : items) {
    total += item.w;
    if (total > target) return item.id;
  }
  ADD_FAILURE() << "the running sum must pass the target";
  return -1;
}

// The generator of tests/tools/make_sampling_cases.py.
class Lcg {
 public:
  explicit Lcg(uint64_t state) : state_(state) {}
  uint64_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 48;
  }

 private:
  uint64_t state_;
};

struct Case {
  std::vector<float> logits;
  std::vector<TokenId> tokens;
  SamplingParams params;
  SamplingPosition at;
  TokenId expected;
};

Case ParseCase(const std::string& line) {
  std::map<std::string, std::string> fields;
  Case result;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const std::string key = word.substr(0, word.find('=')), value = word.substr(word.find('=') + 1);
    if (key == "bias") {
      result.params.logit_bias.push_back({std::stoi(value), std::stod(value.substr(value.find(':') + 1))});
    } else {
      fields[key] = value;
    }
  }
  const auto integer = [&](const char* key) { return std::stoull(fields.at(key)); };
  Lcg numbers(integer("lcg"));
  for (uint64_t i = 0; i < integer("vocabulary"); ++i) {
    result.logits.push_back((static_cast<float>(numbers.Next()) - 32768) / static_cast<float>(integer("divisor")));
  }
  for (uint64_t i = 0; i < integer("prompt") + integer("answer"); ++i) {
    result.tokens.push_back(static_cast<TokenId>(numbers.Next() % integer("vocabulary")));
  }
  result.at.prompt_tokens = integer("prompt");
  result.at.seed = integer("seed");
  result.at.choice = static_cast<uint32_t>(integer("choice"));
  for (const SamplingField& field : SamplingFields()) {
    std::visit(
        [&](auto member) {
          auto& out = result.params.*member;
          out = static_cast<std::decay_t<decltype(out)>>(std::stod(fields.at(field.name)));
        },
        field.member);
  }
  result.expected = static_cast<TokenId>(integer("expected"));
  return result;
}

TEST(SamplerTest, PicksWhatTheReferencePicks) {
  std::ifstream file(std::string(CANDOR_TEST_DATA) + "/sampling/cases.txt");
  Sampler sampler(*AvailableKernels()[0]);
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    Case c = ParseCase(line);
    c.at.tokens = c.tokens;
    EXPECT_EQ(sampler.Sample(c.logits, c.params, c.at), c.expected) << line;
  }
  EXPECT_EQ(cases, 400);
}

TEST(SamplerTest, PicksWhatTheDefinitionPicksInLargeVocabularies) {
  std::mt19937 random(1);
  Sampler sampler(*AvailableKernels()[0]);
  const auto one_of = [&](std::initializer_list<double> values) { return values.begin()[random() % values.size()]; };
  for (int round = 0; round < 60; ++round) {
    const size_t vocabulary = round % 10 == 0 ? 262144 : 20000 + random() % 5000;
    // From a flat to a peaked distribution, and often with many equal logits.
    std::normal_distribution<float> normal(0, static_cast<float>(one_of({0.0, 0.5, 3, 8})));
    const bool coarse = random() % 2 == 0;
    std::vector<float> logits(vocabulary);
    for (float& logit : logits) logit = coarse ? std::round(normal(random) * 4) / 4 : normal(random);
    std::vector<TokenId> tokens(1 + random() % 100);
    for (TokenId& token : tokens) token = static_cast<TokenId>(random() % vocabulary);
    SamplingParams params;
    params.temperature = one_of({0.1, 0.7, 1, 3});
    params.top_k = static_cast<uint32_t>(one_of({0, 0, 1, 40, 300, 5000}));
    params.top_p = one_of({0, 0.1, 0.9, 0.999, 1});
    params.min_p = one_of({0, 0, 0.01, 0.2});
    // The definition above is quadratic here.
    params.typical_p = vocabulary < 100000 && params.top_k > 0 ? one_of({1, 0.2, 0.9}) : 1;
    params.repetition_penalty = one_of({1, 1.3});
    params.presence_penalty = one_of({0, 0.5});
    const SamplingPosition at{tokens, random() % tokens.size(), random(), 0};
    EXPECT_EQ(sampler.Sample(logits, params, at), Define(logits, params, at))
        << "round " << round << " vocabulary " << vocabulary << " temperature " << params.temperature << " top_k "
        << params.top_k << " top_p " << params.top_p << " min_p " << params.min_p << " typical_p " << params.typical_p;
  }
}

TEST(SamplerTest, DrawsFollowTheDistribution) {
  // Weights 1 : 2 : 5, as above; 40,000 draws, five standard deviations of a binomial count are at most 500.
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  SamplingParams params;
  params.temperature = 1;
  params.top_p = 1;
  Sampler sampler(*AvailableKernels()[0]);
  std::vector<int> counts(3);
  std::vector<TokenId> tokens = {0};
  for (uint64_t seed = 0; seed < 40000; ++seed) {
    ++counts[static_cast<size_t>(*sampler.Sample(logits, params, {tokens, 1, seed, 0}))];
  }
  EXPECT_NEAR(counts[0], 5000, 500);
  EXPECT_NEAR(counts[1], 10000, 500);
  EXPECT_NEAR(counts[2], 25000, 500);
}

// Worked out by hand: e^-20 is 8.85 units of 2^-32, so 9; a million such tokens beside one of weight 1.
TEST(SamplerTest, UnlikelyTokensKeepTheirShare) {
  constexpr uint64_t kUnit = uint64_t{1} << 32, kTail = 1000000;
  std::vector<float> logits(kTail + 1, -20.0f);
  logits[0] = 0;
  SamplingParams params;
  params.temperature = 1;
  params.top_p = 1;
  const std::vector<TokenId> tokens = {0};
  Sampler sampler(*AvailableKernels()[0]);
  int tail_draws = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    const double target = UniformForToken(seed, 0, 0) * static_cast<double>(kUnit + 9 * kTail);
    if (target < kUnit) continue;
    ++tail_draws;
    const auto place = static_cast<TokenId>((static_cast<uint64_t>(target) - kUnit) / 9 + 1);
    EXPECT_EQ(sampler.Sample(logits, params, {tokens, 1, seed, 0}), place);
  }
  EXPECT_GT(tail_draws, 0);  // 6 are expected
}

TEST(SamplerTest, GreedyTakesTheLowestOfEqualIds) {
  SamplingParams params;
  params.temperature = 0;
  Sampler sampler(*AvailableKernels()[0]);
  const std::vector<TokenId> tokens = {0};
  EXPECT_EQ(sampler.Sample(std::vector<float>{-1, -0.0f, 0.0f, -3}, params, {tokens, 1, 0, 0}), 1);
  EXPECT_EQ(sampler.Sample(std::vector<float>{-1, 0.0f, -0.0f, -3}, params, {tokens, 1, 0, 0}), 1);
}

TEST(SamplerTest, LogitThatIsNotFiniteGivesNoToken) {
  Sampler sampler(*AvailableKernels()[0]);
  const std::vector<TokenId> tokens = {0};
  for (const double temperature : {0.0, 1.0}) {
    SamplingParams params;
    params.temperature = temperature;
    for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
      for (const size_t place : {0, 20, 39}) {
        std::vector<float> logits(40, 1.0f);
        EXPECT_TRUE(sampler.Sample(logits, params, {tokens, 1, 0, 0}));
        logits[place] = bad;
        EXPECT_FALSE(sampler.Sample(logits, params, {tokens, 1, 0, 0})) << bad << " at " << place;
      }
    }
  }
}

TEST(SamplerTest, PenaltyThatOverflowsGivesNoToken) {
  Sampler sampler(*AvailableKernels()[0]);
  const std::vector<TokenId> tokens = {1};
  SamplingParams params;
  params.repetition_penalty = 10;
  EXPECT_FALSE(sampler.Sample(std::vector<float>{0, -3e38f}, params, {tokens, 1, 0, 0}));
}

TEST(SamplerTest, ExtremeLogitsAndTemperaturesStillGiveTheMostLikelyToken) {
  Sampler sampler(*AvailableKernels()[0]);
  const std::vector<TokenId> tokens = {0};
  SamplingParams params;
  params.temperature = 5e-324;
  const float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(sampler.Sample(std::vector<float>{-largest, largest, 0}, params, {tokens, 1, 3, 0}), 1);
  params.temperature = 10;
  EXPECT_EQ(sampler.Sample(std::vector<float>{-largest, largest, 0}, params, {tokens, 1, 3, 0}), 1);
  EXPECT_EQ(sampler.Sample(std::vector<float>{-largest}, params, {tokens, 1, 3, 0}), 0);
}

TEST(SamplerTest, EarlierCallsLeaveNoTrace) {
  std::mt19937 random(5);
  std::vector<float> logits(1000);
  for (float& logit : logits) logit = std::normal_distribution<float>(0, 2)(random);
  const std::vector<TokenId> tokens = {3, 4, 5, 3};
  SamplingParams penalised;
  penalised.repetition_penalty = 2;
  penalised.frequency_penalty = 1;
  penalised.logit_bias = {{7, 20.0}};
  const SamplingParams plain;
  Sampler used(*AvailableKernels()[0]);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const SamplingPosition at{tokens, 2, seed, 0};
    EXPECT_EQ(used.Sample(logits, penalised, at), Sampler(*AvailableKernels()[0]).Sample(logits, penalised, at));
    EXPECT_EQ(used.Sample(logits, plain, at), Sampler(*AvailableKernels()[0]).Sample(logits, plain, at));
  }
}

}  // namespace
}  // namespace candor
