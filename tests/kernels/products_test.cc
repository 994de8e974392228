// Every product of every instruction set against the plain definition, on bits.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/packed_matrix.h"
#include "kernels/reference.h"
#include "kernels/spec/float_formats.h"

namespace candor {
namespace {

constexpr TensorType kTypes[] = {TensorType::kF32,  TensorType::kF16,    TensorType::kBF16,   TensorType::kQ4_0,
                                 TensorType::kQ4_1, TensorType::kQ5_0,   TensorType::kQ5_1,   TensorType::kQ8_0,
                                 TensorType::kQ2_K, TensorType::kQ3_K,   TensorType::kQ4_K,   TensorType::kQ5_K,
                                 TensorType::kQ6_K, TensorType::kIQ4_NL, TensorType::kIQ4_XS, TensorType::kMXFP4};

// Which inputs: ordinary numbers, or what breaks kernels.
enum class Inputs { kOrdinary, kExtreme, kLargest };

class Product {
 public:
  Product(TensorType type, uint32_t rows, uint32_t columns, Inputs inputs, unsigned seed)
      : type_(type), rows_(rows), columns_(columns), random_(seed) {
    const TensorTypeInfo& info = InfoOf(type);
    row_bytes_ = columns / info.block_values * info.block_bytes;
    weights_.resize(rows * row_bytes_);
    for (uint8_t& byte : weights_) byte = inputs == Inputs::kLargest ? LargestCodes() : static_cast<uint8_t>(random_());
    for (size_t at = 0; at < weights_.size(); at += info.block_bytes) FixScales(weights_.data() + at, inputs);
    if (type == TensorType::kQ8_0 && inputs == Inputs::kExtreme) {
      for (size_t i = 0; i < 32; ++i) weights_[2 + i] = 0x80;  // -128 everywhere in a block
    }
    matrix_ = PackedMatrix(type, rows, columns, "w");
    matrix_.PackRows(0, rows, std::as_bytes(std::span(weights_)));
  }

  std::vector<float> Input(int tokens, Inputs inputs) {
    std::normal_distribution<float> normal;
    std::vector<float> x(static_cast<size_t>(tokens) * columns_);
    if (inputs == Inputs::kLargest) {  // by token: 127 everywhere, -127 everywhere
      for (size_t i = 0; i < x.size(); ++i) x[i] = i / columns_ % 2 ? -1.0f : 1.0f;
      return x;
    }
    for (float& v : x) v = normal(random_);
    if (inputs == Inputs::kExtreme) {
      const float special[] = {0.0f, -0.0f, 1e30f, -1e30f, 1e-35f, 1e-42f, 127.0f, -127.0f, 0.5f, 1.5f, 2.5f};
      for (size_t block = 0; block < x.size(); block += 32) {
        switch (random_() % 5) {
          case 0:
            for (size_t i = 0; i < 32; ++i) x[block + i] = special[random_() % std::size(special)];
            break;
          case 1:
            std::fill_n(x.begin() + static_cast<ptrdiff_t>(block), 32, 0.0f);
            break;
          case 2:  // ties: the scale is 1, and the values lie between integers
            for (size_t i = 0; i < 32; ++i) x[block + i] = static_cast<float>(random_() % 250) - 124.5f;
            x[block] = -127.0f;
            break;
          case 3:
            for (size_t i = 0; i < 32; ++i) x[block + i] *= 1e-33f;
            break;
          default:
            for (size_t i = 0; i < 32; ++i) x[block + i] = i % 2 ? 127.0f : -127.0f;
        }
      }
    }
    return x;
  }

  std::vector<float> Kernel(const KernelTable& kernels, ActivationKind kind, const std::vector<float>& x,
                            const std::vector<float>& bias, int parts) const {
    const int tokens = static_cast<int>(x.size() / columns_);
    HugeBuffer activations(static_cast<size_t>(tokens) * ActivationBytes(kind, columns_));
    for (int t = 0; t < tokens;) {
      const int tile = TileTokens(tokens - t, kernels.max_tile);
      kernels.make_activations(kind, x.data() + static_cast<size_t>(t) * columns_, columns_, tile,
                               static_cast<int>(columns_),
                               activations.data() + static_cast<size_t>(t) * ActivationBytes(kind, columns_));
      t += tile;
    }
    const size_t stride = size_t{matrix_.panels()} * 16;
    std::vector<float> out(static_cast<size_t>(tokens) * stride);
    // In `parts` pieces, as threads would.
    const uint32_t panels = matrix_.panels();
    for (int part = 0; part < parts; ++part) {
      kernels.matmul({.weights = matrix_.view(),
                      .kind = kind,
                      .activations = activations.data(),
                      .tokens = tokens,
                      .panel_begin = panels * static_cast<uint32_t>(part) / static_cast<uint32_t>(parts),
                      .panel_end = panels * static_cast<uint32_t>(part + 1) / static_cast<uint32_t>(parts),
                      .bias = bias.empty() ? nullptr : bias.data(),
                      .out = out.data(),
                      .out_stride = stride});
    }
    std::vector<float> rows;
    for (int t = 0; t < tokens; ++t) {
      const float* row = out.data() + static_cast<size_t>(t) * stride;
      rows.insert(rows.end(), row, row + rows_);
    }
    return rows;
  }

  std::vector<float> Definition(ActivationKind kind, const std::vector<float>& x,
                                const std::vector<float>& bias) const {
    std::vector<float> out;
    for (size_t t = 0; t < x.size() / columns_; ++t) {
      const std::span<const float> row(x.data() + t * columns_, columns_);
      const reference::Quantized q = reference::Quantize(row, kind == ActivationKind::kInt15);
      for (uint32_t r = 0; r < rows_; ++r) {
        const uint8_t* w = weights_.data() + r * row_bytes_;
        const float product = kind == ActivationKind::kFloat ? reference::ExactProduct(type_, w, row)
                                                             : reference::IntegerProduct(type_, w, q);
        out.push_back(bias.empty() ? product : product + bias[r]);
      }
    }
    return out;
  }

 private:
  void PutHalf(uint8_t* at, Inputs inputs) {
    std::normal_distribution<float> normal(0.0f, 0.05f);
    const float extreme[] = {0.0f, 65504.0f, -65504.0f, 6e-8f, 1e-4f, -1.0f};
    const uint16_t half = spec::HalfFromFloat(
        inputs == Inputs::kExtreme && random_() % 4 == 0 ? extreme[random_() % std::size(extreme)] : normal(random_));
    std::memcpy(at, &half, 2);
  }

  // A byte of the codes with the largest products, as they are multiplied.
  uint8_t LargestCodes() const {
    if (type_ == TensorType::kQ8_0) return 0x80;   // -128
    if (type_ == TensorType::kMXFP4) return 0x77;  // 7: 6.0
    return 0xff;
  }

  void FixScales(uint8_t* block, Inputs inputs) {
    switch (type_) {
      case TensorType::kF32: {
        const float value = std::normal_distribution<float>()(random_);
        std::memcpy(block, &value, 4);
        return;
      }
      case TensorType::kF16:
        return PutHalf(block, inputs);
      case TensorType::kBF16:
        block[1] = static_cast<uint8_t>((block[1] & 0x80) | 0x3d);
        return;
      case TensorType::kMXFP4:
        block[0] = static_cast<uint8_t>(inputs == Inputs::kExtreme && random_() % 4 == 0 ? random_() % 3
                                                                                         : 118 + random_() % 8);
        return;
      case TensorType::kQ2_K:
        PutHalf(block + 80, inputs);
        return PutHalf(block + 82, inputs);
      case TensorType::kQ3_K:
        return PutHalf(block + 108, inputs);
      case TensorType::kQ6_K:
        return PutHalf(block + 208, inputs);
      case TensorType::kQ4_1:
      case TensorType::kQ5_1:
      case TensorType::kQ4_K:
      case TensorType::kQ5_K:
        PutHalf(block + 2, inputs);
        return PutHalf(block, inputs);
      default:
        return PutHalf(block, inputs);
    }
  }

  TensorType type_;
  uint32_t rows_, columns_;
  std::mt19937 random_;
  size_t row_bytes_;
  std::vector<uint8_t> weights_;
  PackedMatrix matrix_;
};

bool SameBits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

void ExpectSame(const std::vector<float>& got, const std::vector<float>& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(SameBits(got[i], want[i])) << what << " output " << i << ": " << got[i] << ", defined " << want[i];
  }
}

bool IsFloat(TensorType type) { return InfoOf(type).block_values == 1; }

std::vector<const KernelTable*> Tables() {
  std::vector<const KernelTable*> tables;
  for (const KernelTable* const* table = AvailableKernels(); *table; ++table) tables.push_back(*table);
  return tables;
}

class Products : public ::testing::TestWithParam<TensorType> {};

TEST_P(Products, EverySetComputesTheDefinition) {
  ThreadPool mode(1);  // kernels run with MXCSR as the pool sets it
  mode.Run([&](Worker&) {
    for (Inputs inputs : {Inputs::kOrdinary, Inputs::kExtreme}) {
      Product product(GetParam(), 35, 512, inputs, 1);
      std::vector<float> bias(48);
      for (size_t i = 0; i < bias.size(); ++i) bias[i] = 0.25f * static_cast<float>(i);
      for (int tokens : {1, 2, 3, 7, 8, 13}) {
        const std::vector<float> x = product.Input(tokens, inputs);
        for (ActivationKind kind : {ActivationKind::kInt8, ActivationKind::kInt15, ActivationKind::kFloat}) {
          if (IsFloat(GetParam()) && kind != ActivationKind::kFloat) continue;
          const std::vector<float> want = product.Definition(kind, x, bias);
          for (const KernelTable* kernels : Tables()) {
            ExpectSame(product.Kernel(*kernels, kind, x, bias, tokens == 3 ? 3 : 1), want,
                       std::string(kernels->name) + " kind " + std::to_string(static_cast<int>(kind)) + " tokens " +
                           std::to_string(tokens));
          }
        }
      }
    }
  });
}

TEST_P(Products, LongRowsAreSummedInSegments) {
  ThreadPool mode(1);
  mode.Run([&](Worker&) {
    Product product(GetParam(), 16, 4096 + 4096 + 512, Inputs::kOrdinary, 2);
    const std::vector<float> x = product.Input(2, Inputs::kOrdinary);
    for (ActivationKind kind : {ActivationKind::kInt8, ActivationKind::kInt15, ActivationKind::kFloat}) {
      if (IsFloat(GetParam()) && kind != ActivationKind::kFloat) continue;
      const std::vector<float> want = product.Definition(kind, x, {});
      for (const KernelTable* kernels : Tables()) {
        ExpectSame(product.Kernel(*kernels, kind, x, {}, 1), want, kernels->name);
      }
    }
  });
}

// Sums of products that are kept in 16 bits for a while must not overflow there.
TEST_P(Products, TheLargestCodesAndInputsFit) {
  ThreadPool mode(1);
  mode.Run([&](Worker&) {
    Product product(GetParam(), 16, 512, Inputs::kLargest, 4);
    const std::vector<float> x = product.Input(6, Inputs::kLargest);
    for (ActivationKind kind : {ActivationKind::kInt8, ActivationKind::kInt15}) {
      if (IsFloat(GetParam())) continue;
      const std::vector<float> want = product.Definition(kind, x, {});
      for (const KernelTable* kernels : Tables()) {
        ExpectSame(product.Kernel(*kernels, kind, x, {}, 1), want, kernels->name);
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Types, Products, ::testing::ValuesIn(kTypes),
                         [](const auto& info) { return std::string(InfoOf(info.param).name); });

// A whole token of inputs that are not numbers must not come out as numbers.
TEST(ProductsOfBadInputs, WhatIsNotFiniteStaysSo) {
  for (const KernelTable* kernels : Tables()) {
    Product product(TensorType::kQ4_K, 16, 256, Inputs::kOrdinary, 3);
    for (float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> x = product.Input(1, Inputs::kOrdinary);
      x[77] = bad;
      for (ActivationKind kind : {ActivationKind::kInt8, ActivationKind::kInt15}) {
        for (float y : product.Kernel(*kernels, kind, x, {}, 1)) EXPECT_TRUE(std::isnan(y)) << kernels->name;
      }
    }
  }
}

}  // namespace
}  // namespace candor
