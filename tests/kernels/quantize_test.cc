// Floats to blocks: the published rule for Q8_0, the error of the searched formats, and what is at the edges.
#include "kernels/spec/quantize.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include "kernels/packed_matrix.h"
#include "kernels/spec/blocks.h"
#include "kernels/spec/float_formats.h"

namespace candor {
namespace {

std::vector<std::byte> Encode(TensorType type, const std::vector<float>& x) {
  const TensorTypeInfo& info = InfoOf(type);
  std::vector<std::byte> bytes(x.size() / info.block_values * info.block_bytes, std::byte{0xa5});
  spec::EncodeRow(type, x.data(), x.size(), bytes.data());
  return bytes;
}

std::vector<float> Decode(TensorType type, const std::vector<std::byte>& bytes) {
  const TensorTypeInfo& info = InfoOf(type);
  std::vector<float> x;
  spec::DecodedBlock block;
  for (size_t at = 0; at < bytes.size(); at += info.block_bytes) {
    spec::DecodeBlock(type, reinterpret_cast<const uint8_t*>(bytes.data()) + at, block);
    for (int i = 0; i < block.columns; ++i) x.push_back(spec::Value(block, i));
  }
  return x;
}

// The root of the mean squared error over that of the values.
double RelativeError(const std::vector<float>& x, const std::vector<float>& y) {
  double error = 0.0, power = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    error += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2.0);
    power += std::pow(static_cast<double>(x[i]), 2.0);
  }
  return std::sqrt(error / power);
}

// Blocks in the bits of their floats and the bytes that the gguf Python package makes of them.
TEST(EncodeQ8_0, GivesTheReferencesBytes) {
  std::ifstream file(std::string(CANDOR_TEST_DATA) + "/kernels/q8_0_blocks.txt");
  size_t blocks = 0;
  for (std::string line; std::getline(file, line); ++blocks) {
    std::istringstream words(line);
    std::vector<float> x;
    std::string word;
    while (x.size() < 32 && words >> word)
      x.push_back(std::bit_cast<float>(static_cast<uint32_t>(std::stoul(word, nullptr, 16))));
    words >> word;
    const std::vector<std::byte> got = Encode(TensorType::kQ8_0, x);
    ASSERT_EQ(word.size(), 2 * got.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(std::to_integer<unsigned long>(got[i]), std::stoul(word.substr(2 * i, 2), nullptr, 16))
          << "block " << blocks << " byte " << i;
    }
  }
  EXPECT_EQ(blocks, 16u);
}

TEST(EncodeFloats, RoundToTheNearestAndSaturate) {
  std::mt19937 random(4);
  std::vector<float> x = {0.0f,    -0.0f,    65504.0f,    65520.0f,  1e9f,     -1e9f,
                          3.4e38f, -3.4e38f, 0x1.00ffp0f, 0x1.01p0f, 0x1.03p0f};
  while (x.size() < 100000) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isfinite(value)) x.push_back(value);
  }
  const std::vector<std::byte> copy = Encode(TensorType::kF32, x);
  const std::vector<std::byte> halves = Encode(TensorType::kF16, x);
  const std::vector<std::byte> brains = Encode(TensorType::kBF16, x);
  EXPECT_EQ(std::memcmp(copy.data(), x.data(), copy.size()), 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const float half = spec::FloatElement(TensorType::kF16, &halves[2 * i]);
    ASSERT_EQ(half, spec::FloatFromHalf(spec::HalfFromFloat(x[i])));
    const float brain = spec::FloatElement(TensorType::kBF16, &brains[2 * i]);
    ASSERT_TRUE(std::isfinite(brain)) << x[i];
    ASSERT_EQ(std::signbit(brain), std::signbit(x[i]));
    // Neither neighbour is nearer, and a tie went to the even one.
    const uint32_t bits = std::bit_cast<uint32_t>(brain);
    const double error = std::fabs(static_cast<double>(x[i]) - static_cast<double>(brain));
    for (const uint32_t neighbour : {bits - 0x10000u, bits + 0x10000u}) {
      const float other = std::bit_cast<float>(neighbour);
      if ((neighbour ^ bits) >> 31 != 0 || !std::isfinite(other)) continue;
      const double other_error = std::fabs(static_cast<double>(x[i]) - static_cast<double>(other));
      ASSERT_TRUE(error < other_error || (error == other_error && (bits >> 16) % 2 == 0)) << x[i];
    }
  }
}

// Data that every machine makes alike: sums and quotients of uniform numbers.
std::vector<float> Samples(int kind, size_t n) {
  std::mt19937 random(17);
  const auto uniform = [&] { return static_cast<double>(random()) / 4294967296.0; };
  std::vector<float> x;
  while (x.size() < n) {
    double normal = -6.0;  // the sum of twelve uniform numbers has variance 1
    for (int i = 0; i < 12; ++i) normal += uniform();
    const double value = kind == 0   ? normal
                         : kind == 1 ? normal / std::sqrt(0.05 + uniform())        // heavy tails
                         : kind == 2 ? normal * (x.size() % 97 == 0 ? 12.0 : 1.0)  // rare outliers
                                     : normal + 1.5;
    x.push_back(static_cast<float>(0.02 * value));
  }
  return x;
}

struct ErrorCase {
  int kind;
  TensorType type;
  double reference;
};

class SearchedFormat : public ::testing::TestWithParam<ErrorCase> {};

// The reference is the relative error of llama.cpp's quantiser (llama-cpp-python 0.3.36, no importance matrix) on the
// same data.
TEST_P(SearchedFormat, ErrsLessThanTheReferencesQuantiser) {
  const ErrorCase& c = GetParam();
  const std::vector<float> x = Samples(c.kind, 256 * 400);
  const double error = RelativeError(x, Decode(c.type, Encode(c.type, x)));
  EXPECT_LT(error, c.reference);
  EXPECT_GT(error, 0.8 * c.reference);  // a format of so many bits cannot do much better
}

INSTANTIATE_TEST_SUITE_P(
    Data, SearchedFormat,
    ::testing::Values(ErrorCase{0, TensorType::kQ4_K, 0.070472}, ErrorCase{1, TensorType::kQ4_K, 0.082886},
                      ErrorCase{2, TensorType::kQ4_K, 0.095392}, ErrorCase{3, TensorType::kQ4_K, 0.039079},
                      ErrorCase{0, TensorType::kQ6_K, 0.017539}, ErrorCase{1, TensorType::kQ6_K, 0.021381},
                      ErrorCase{2, TensorType::kQ6_K, 0.029386}, ErrorCase{3, TensorType::kQ6_K, 0.014934}));

// With the scales that were found, every code is the nearest: what was packed is what was searched.
TEST(SearchedFormats, EveryCodeIsTheNearest) {
  for (const TensorType type : {TensorType::kQ4_K, TensorType::kQ6_K}) {
    const std::vector<float> x = Samples(1, 256 * 20);
    const std::vector<std::byte> bytes = Encode(type, x);
    const size_t block_bytes = InfoOf(type).block_bytes;
    spec::DecodedBlock block;
    for (size_t b = 0; b < bytes.size() / block_bytes; ++b) {
      spec::DecodeBlock(type, reinterpret_cast<const uint8_t*>(bytes.data()) + b * block_bytes, block);
      for (int i = 0; i < 256; ++i) {
        const double value = x[b * 256 + static_cast<size_t>(i)];
        const double scale = spec::ScaleOf(block, i), minimum = spec::MinimumOf(block, i);
        const int codes = type == TensorType::kQ4_K ? 16 : 64;
        double nearest = std::numeric_limits<double>::infinity();
        for (int code = 0; code < codes; ++code) {
          nearest = std::min(nearest, std::fabs(value - (scale * (code - block.offset) - minimum)));
        }
        ASSERT_NEAR(std::fabs(value - static_cast<double>(spec::Value(block, i))), nearest, 1e-6 * std::fabs(scale))
            << InfoOf(type).name << " block " << b << " value " << i;
      }
    }
  }
}

TEST(SearchedFormats, BlocksAreOnTheirOwn) {
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ4_K, TensorType::kQ6_K}) {
    const std::vector<float> x = Samples(0, 256 * 8);
    const std::vector<std::byte> together = Encode(type, x);
    std::vector<std::byte> apart;
    for (size_t at = 0; at < x.size(); at += 256) {
      const std::vector<std::byte> one =
          Encode(type, {x.begin() + static_cast<ptrdiff_t>(at), x.begin() + static_cast<ptrdiff_t>(at) + 256});
      apart.insert(apart.end(), one.begin(), one.end());
    }
    EXPECT_EQ(together, apart);
  }
}

TEST(SearchedFormats, EdgesStayFiniteAndClose) {
  const auto block_of = [](auto value) {
    std::vector<float> x;
    for (int i = 0; i < 256; ++i) x.push_back(static_cast<float>(value(i)));
    return x;
  };
  struct Edge {
    const char* name;
    std::vector<float> x;
    double q4, q6;  // relative errors allowed
  };
  const Edge edges[] = {
      {"one positive value", block_of([](int) { return 0.37; }), 0.002, 0.005},
      {"one negative value", block_of([](int) { return -0.37; }), 0.002, 0.005},
      {"a single value", block_of([](int i) { return i == 77 ? -3.0 : 0.0; }), 0.002, 0.005},
      {"two levels", block_of([](int i) { return i % 3 ? 1.0 : -1.0; }), 0.01, 0.005},
      {"a ramp", block_of([](int i) { return i - 128; }), 0.02, 0.01},
      {"groups of very different size", block_of([](int i) { return std::ldexp(std::sin(i), -(i / 32)); }), 0.06, 0.02},
      {"numbers beyond binary16", block_of([](int i) { return 1e6 * std::sin(i); }), 0.06, 0.02},
      {"factors that round to zero", block_of([](int i) { return 1e-5 * std::sin(i); }), 0.06, 0.02},
  };
  for (const Edge& edge : edges) {
    EXPECT_LT(RelativeError(edge.x, Decode(TensorType::kQ4_K, Encode(TensorType::kQ4_K, edge.x))), edge.q4)
        << edge.name;
    EXPECT_LT(RelativeError(edge.x, Decode(TensorType::kQ6_K, Encode(TensorType::kQ6_K, edge.x))), edge.q6)
        << edge.name;
  }
  // What no factor can hold becomes the largest or zero, and can be packed.
  const std::vector<float> extremes[] = {block_of([](int) { return 0.0; }),
                                         block_of([](int) { return -0.0; }),
                                         block_of([](int i) { return i % 2 ? 3.4e38 : -3.4e38; }),
                                         block_of([](int i) { return i % 2 ? 1e-45 : -1e-30; }),
                                         block_of([](int i) { return i == 5 ? 3.4e38 : 1e-38; }),
                                         block_of([](int i) { return i % 2 ? 1e-7 : -2e-8; })};
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ4_K, TensorType::kQ6_K}) {
    for (const std::vector<float>& x : extremes) {
      const std::vector<std::byte> bytes = Encode(type, x);
      PackedMatrix matrix(type, 1, 256, "w");
      matrix.PackRows(0, 1, bytes);
      const std::vector<float> y = Decode(type, bytes);
      for (size_t i = 0; i < 256; ++i) {
        EXPECT_TRUE(std::isfinite(y[i]));
        EXPECT_LE(std::fabs(y[i]), std::max(2e-7, 1.1 * std::fabs(static_cast<double>(x[i])))) << i;
      }
    }
  }
}

}  // namespace
}  // namespace candor
