// FP8 weights: products of every set against the plain definition, on bits; packing and what it refuses.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/kernel_table.h"
#include "kernels/packed_matrix.h"
#include "kernels/reference.h"
#include "kernels/spec/float_formats.h"
#include "kernels/support.h"

namespace candor {
namespace {

struct Fp8Weights {
  uint32_t rows, columns;
  std::vector<uint8_t> codes;  // [rows][columns]
  std::vector<float> scales;   // [rows][blocks]

  size_t blocks() const { return (columns + 127) / 128; }
};

// Every code but the NaNs, with ordinary scales and with some at the edges of float32.
Fp8Weights RandomWeights(uint32_t rows, uint32_t columns, bool extreme) {
  std::mt19937 random(columns);
  Fp8Weights w{rows, columns, std::vector<uint8_t>(size_t{rows} * columns), {}};
  for (uint8_t& code : w.codes) {
    do {
      code = static_cast<uint8_t>(random());
    } while ((code & 127) == 127);
  }
  std::normal_distribution<float> normal(0.0f, 0.01f);
  const float edges[] = {0.0f, -1.0f, 1e-40f, 1e-38f, 7.5e35f, -7.5e35f, 1e-45f, 0.3f};
  for (size_t i = 0; i < rows * w.blocks(); ++i) {
    w.scales.push_back(extreme && random() % 2 ? edges[random() % std::size(edges)] : normal(random));
  }
  return w;
}

PackedMatrix Pack(const Fp8Weights& w) {
  PackedMatrix matrix(TensorType::kF8_E4M3, w.rows, w.columns, "w");
  // In ranges, as threads would.
  for (uint32_t row = 0; row < w.rows; row += 16) {
    const uint32_t count = std::min<uint32_t>(16, w.rows - row);
    matrix.PackRows(row, count,
                    std::as_bytes(std::span(w.codes)).subspan(size_t{row} * w.columns, size_t{count} * w.columns),
                    std::span(w.scales).subspan(row * w.blocks(), count * w.blocks()));
  }
  return matrix;
}

// Outputs [tokens][rows].
std::vector<float> Kernel(const KernelTable& kernels, const PackedMatrix& matrix, const std::vector<float>& x,
                          const float* bias, uint32_t parts) {
  const size_t columns = matrix.cols();
  const size_t token_bytes = ActivationBytes(ActivationKind::kFloat, columns);
  const int tokens = static_cast<int>(x.size() / columns);
  // What lies behind the inputs must not be read.
  std::vector<float> floats(x.size() + 1024, std::nanf(""));
  auto* activations = reinterpret_cast<std::byte*>(floats.data());
  for (int t = 0; t < tokens;) {
    const int tile = TileTokens(tokens - t, kernels.max_tile);
    kernels.make_activations(ActivationKind::kFloat, x.data() + static_cast<size_t>(t) * columns, columns, tile,
                             static_cast<int>(columns), activations + static_cast<size_t>(t) * token_bytes);
    t += tile;
  }
  const size_t stride = size_t{matrix.panels()} * 16 + 5;
  std::vector<float> out(static_cast<size_t>(tokens) * stride);
  for (uint32_t part = 0; part < parts; ++part) {
    kernels.matmul({.weights = matrix.view(),
                    .kind = ActivationKind::kFloat,
                    .activations = activations,
                    .tokens = tokens,
                    .panel_begin = matrix.panels() * part / parts,
                    .panel_end = matrix.panels() * (part + 1) / parts,
                    .bias = bias,
                    .out = out.data(),
                    .out_stride = stride});
  }
  std::vector<float> rows;
  for (size_t t = 0; t < static_cast<size_t>(tokens); ++t) {
    rows.insert(rows.end(), out.begin() + static_cast<ptrdiff_t>(t * stride),
                out.begin() + static_cast<ptrdiff_t>(t * stride + matrix.rows()));
  }
  return rows;
}

std::vector<float> Definition(const Fp8Weights& w, const std::vector<float>& x, const float* bias) {
  std::vector<float> out;
  for (size_t t = 0; t < x.size() / w.columns; ++t) {
    for (size_t r = 0; r < w.rows; ++r) {
      const float product =
          reference::Fp8Product(w.codes.data() + r * w.columns, std::span(w.scales).subspan(r * w.blocks(), w.blocks()),
                                std::span(x).subspan(t * w.columns, w.columns));
      out.push_back(bias ? product + bias[r] : product);
    }
  }
  return out;
}

TEST(Fp8Products, EverySetComputesTheDefinition) {
  for (const bool extreme : {false, true}) {
    // 35 and 99 rows: panels that are computed together, and some left over.
    for (const auto& [rows, columns] : {std::pair{35u, 256u}, {99u, 303u}, {16u, 1u}, {80u, 128u}}) {
      const Fp8Weights w = RandomWeights(rows, columns, extreme);
      const PackedMatrix matrix = Pack(w);
      const std::vector<float> bias = Normal(size_t{matrix.panels()} * 16, 5);
      for (const size_t tokens : {1u, 2u, 3u, 7u, 8u, 13u}) {
        const std::vector<float> x = Normal(tokens * columns, 3);
        const float* added = tokens % 2 ? bias.data() : nullptr;
        const std::vector<float> want = Definition(w, x, added);
        ForEachTable([&](const KernelTable& k) {
          ExpectSame(Kernel(k, matrix, x, added, tokens == 3 ? 3 : 1), want,
                     std::string(k.name) + " columns " + std::to_string(columns) + " tokens " + std::to_string(tokens));
        });
      }
    }
  }
}

TEST(Fp8Products, LongRowsAreSummedInSegments) {
  const Fp8Weights w = RandomWeights(35, 4096 + 4096 + 200, false);
  const PackedMatrix matrix = Pack(w);
  for (const size_t tokens : {1u, 2u}) {
    const std::vector<float> x = Normal(tokens * w.columns, 4);
    const std::vector<float> want = Definition(w, x, nullptr);
    ForEachTable([&](const KernelTable& k) { ExpectSame(Kernel(k, matrix, x, nullptr, 1), want, k.name); });
  }
}

TEST(Fp8Packing, ARowUnpacksToItsValues) {
  const Fp8Weights w = RandomWeights(35, 300, true);
  const PackedMatrix matrix = Pack(w);
  EXPECT_EQ(matrix.bytes(), size_t{3} * 3 * (2048 + 64));
  std::vector<float> row(w.columns);
  for (uint32_t r = 0; r < w.rows; ++r) {
    matrix.UnpackRow(r, row);
    for (uint32_t k = 0; k < w.columns; ++k) {
      ASSERT_EQ(row[k], spec::FloatFromE4M3(w.codes[r * w.columns + k]) * w.scales[r * w.blocks() + k / 128]);
    }
  }
}

TEST(Fp8Packing, WhatIsNotANumberIsRefusedNamingTensorAndRow) {
  const auto expect_refused = [](const Fp8Weights& w, const std::string& what) {
    PackedMatrix matrix(TensorType::kF8_E4M3, w.rows, w.columns, "model.layers.3.mlp.up_proj.weight");
    try {
      matrix.PackRows(0, w.rows, std::as_bytes(std::span(w.codes)), w.scales);
      FAIL() << what;
    } catch (const FormatError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("model.layers.3.mlp.up_proj.weight: row 19"), std::string::npos) << message;
    }
  };
  const Fp8Weights good = RandomWeights(20, 300, false);
  for (const uint8_t code : {0x7f, 0xff}) {
    for (const size_t column : {0u, 299u}) {
      Fp8Weights bad = good;
      bad.codes[19 * 300 + column] = code;
      expect_refused(bad, "code");
    }
  }
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float scale : {infinity, -infinity, std::nanf(""), 7.7e35f, -1e38f}) {
    Fp8Weights bad = good;
    bad.scales[19 * 3 + 2] = scale;
    expect_refused(bad, std::to_string(scale));
  }
}

}  // namespace
}  // namespace candor
