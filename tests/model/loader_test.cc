#include "model/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>

#include "base/error.h"
#include "kernels/spec/quantize.h"
#include "model/golden_files.h"
#include "model/kept_type.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Files written tensor by tensor, with tables of their own.
class LoaderTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kHidden = 32;

  void SetUp() override {
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("candor_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    config_.architecture = "test";
    config_.vocabulary = 40;
    config_.hidden = kHidden;
    config_.context_length = 16;
    config_.norm_epsilon = 1e-6f;
    RopeConfig rope;
    rope.dims = 16;
    config_.ropes = {rope};
    LayerConfig layer;
    layer.heads = 3;
    layer.kv_heads = 1;
    layer.head_dim = layer.value_dim = 16;
    layer.attention_scale = 1;
    layer.ffn_dim = 4096 + 16;
    config_.layers = {layer};
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // The value at a row and column of a test matrix: exact in every float type that holds 8 bits.
  static float Value(uint64_t row, uint64_t col) { return static_cast<float>((row * 7 + col) % 251); }

  void AddBytes(const std::string& name, TensorType type, std::vector<uint64_t> shape, const std::string& bytes) {
    tensors_.push_back({name, type, std::move(shape), 0, data_.size(), bytes.size()});
    data_ += bytes;
  }
  void AddFloats(const std::string& name, const std::vector<float>& values) {
    AddBytes(name, TensorType::kF32, {values.size()},
             std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  }
  void AddMatrix(const std::string& name, uint64_t rows) {
    std::string bytes;
    for (uint64_t row = 0; row < rows; ++row) {
      for (uint64_t col = 0; col < kHidden; ++col) {
        const float value = Value(row, col);
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
      }
    }
    AddBytes(name, TensorType::kF32, {kHidden, rows}, bytes);
  }

  Model Load(std::span<const TensorRow> rows, int threads = 2, const LoadModelOptions& options = {}) {
    std::ofstream(path_, std::ios::binary) << data_;
    Checkpoint checkpoint(Metadata("made.file"));
    checkpoint.headers = {{}};
    checkpoint.tensors = tensors_;
    checkpoint.files.push_back(File::Open(path_));
    checkpoint.IndexTensors();
    ThreadPool pool(threads);
    Model model;
    model.config = config_;
    LoadWeights(checkpoint, rows, pool, options, model);
    return model;
  }

  std::string RefusalOf(std::span<const TensorRow> rows) {
    try {
      Load(rows);
    } catch (const FormatError& error) {
      return error.what();
    }
    return "";
  }

  // Rows [first, first + count) of a test matrix are all that `matrix` holds.
  static void ExpectRows(const PackedMatrix& matrix, uint64_t first, uint32_t count) {
    ASSERT_EQ(matrix.rows(), count);
    ASSERT_EQ(matrix.cols(), kHidden);
    std::vector<float> row(kHidden);
    for (uint32_t r = 0; r < count; ++r) {
      matrix.UnpackRow(r, row);
      for (uint32_t c = 0; c < kHidden; ++c) ASSERT_EQ(row[c], Value(first + r, c)) << r << ' ' << c;
    }
  }

  std::filesystem::path path_;
  ModelConfig config_;
  std::vector<TensorInfo> tensors_;
  std::string data_;
};

TEST_F(LoaderTest, PartsOfAFusedTensorGetTheirRows) {
  AddMatrix("qkv", 48 + 16 + 16);
  std::vector<float> bias(80);
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = static_cast<float>(i);
  AddFloats("qkv.bias", bias);
  config_.layers[0].query_bias = true;
  AddMatrix("gate_up", 2 * 4112);  // over a megabyte: several pieces, one across the boundary
  const TensorRow rows[] = {
      {{"qkv"}, {}, &LayerWeights::query},         {{"qkv"}, {}, &LayerWeights::key},
      {{"qkv"}, {}, &LayerWeights::value},         {{"qkv.bias"}, {}, &LayerWeights::query_bias},
      {{"qkv.bias"}, {}, &LayerWeights::key_bias}, {{"qkv.bias"}, {}, &LayerWeights::value_bias},
      {{"gate_up"}, {}, &LayerWeights::ffn_gate},  {{"gate_up"}, {}, &LayerWeights::ffn_up},
  };
  for (const int threads : {1, 2, 3, 7}) {
    const Model model = Load(rows, threads);
    const LayerWeights& layer = model.weights.layers[0];
    ExpectRows(layer.query, 0, 48);
    ExpectRows(layer.key, 48, 16);
    ExpectRows(layer.value, 64, 16);
    ExpectRows(layer.ffn_gate, 0, 4112);
    ExpectRows(layer.ffn_up, 4112, 4112);
    EXPECT_EQ(layer.query_bias, std::vector<float>(bias.begin(), bias.begin() + 48));
    EXPECT_EQ(layer.key_bias, std::vector<float>(bias.begin() + 48, bias.begin() + 64));
    EXPECT_EQ(layer.value_bias, std::vector<float>(bias.begin() + 64, bias.end()));
  }
}

TEST_F(LoaderTest, VectorsOfEveryFloatTypeBecomeFloats) {
  const float values[] = {0.0f, -1.5f, 0.00048828125f, 240.0f};  // exact in all three
  const uint16_t halves[] = {0x0000, 0xbe00, 0x1000, 0x5b80};
  std::string f16, bf16;
  std::vector<float> expected;
  for (uint32_t i = 0; i < kHidden; ++i) {
    expected.push_back(values[i % 4]);
    f16.append(reinterpret_cast<const char*>(&halves[i % 4]), 2);
    const uint16_t upper = static_cast<uint16_t>(std::bit_cast<uint32_t>(values[i % 4]) >> 16);
    bf16.append(reinterpret_cast<const char*>(&upper), 2);
  }
  AddFloats("a", expected);
  AddBytes("b", TensorType::kF16, {kHidden}, f16);
  AddBytes("c", TensorType::kBF16, {kHidden}, bf16);
  const TensorRow rows[] = {
      {{"a"}, {}, &ModelWeights::output_norm},
      {{"b"}, {}, &LayerWeights::attention_norm},
      {{"c"}, {}, &LayerWeights::ffn_norm},
  };
  const Model model = Load(rows);
  EXPECT_EQ(model.weights.output_norm, expected);
  EXPECT_EQ(model.weights.layers[0].attention_norm, expected);
  EXPECT_EQ(model.weights.layers[0].ffn_norm, expected);
}

TEST_F(LoaderTest, AValueThatIsNotFiniteIsRefusedNamingItsTensor) {
  std::vector<float> values(kHidden, 1.0f);
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    tensors_.clear();
    data_.clear();
    values[5] = bad;
    AddFloats("norm", values);
    const TensorRow rows[] = {{{"norm"}, {}, &ModelWeights::output_norm}};
    EXPECT_THAT(RefusalOf(rows), AllOf(HasSubstr(path_.string() + ": tensor norm: element 5"), HasSubstr("finite")));
  }
}

TEST_F(LoaderTest, TheFirstRowThatIsNotFiniteIsNamedWhateverTheThreads) {
  AddMatrix("token_embd", 40);
  for (const size_t row : {33, 17}) {
    const float bad = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(data_.data() + row * kHidden * sizeof(float), &bad, sizeof bad);
  }
  const TensorRow rows[] = {{{"token_embd"}, {}, &ModelWeights::token_embedding}};
  for (const int threads : {1, 2, 3}) {
    try {
      Load(rows, threads);
      ADD_FAILURE();
    } catch (const FormatError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path_.string() + ": tensor token_embd: row 17")) << threads;
    }
  }
}

TEST_F(LoaderTest, FactorsOfATensorMultiplyThoseOfLinearScaling) {
  const std::vector<float> factors = {1, 1, 2, 2.5f, 4, 8, 8, 8};
  AddFloats("freqs", factors);
  const TensorRow rows[] = {{{"freqs"}, {}, RopeFactorsPart{0}}};
  EXPECT_EQ(Load(rows).config.ropes[0].frequency_factors, std::vector<double>(factors.begin(), factors.end()));
  config_.ropes[0].frequency_factors.assign(8, 2.0f);
  EXPECT_EQ(Load(rows).config.ropes[0].frequency_factors, (std::vector<double>{2, 2, 4, 5, 8, 16, 16, 16}));
}

TEST_F(LoaderTest, AFactorThatIsZeroOrNegativeIsRefused) {
  for (const float bad : {0.0f, -1.0f}) {
    tensors_.clear();
    data_.clear();
    AddFloats("freqs", {1, 1, 1, bad, 1, 1, 1, 1});
    const TensorRow rows[] = {{{"freqs"}, {}, RopeFactorsPart{0}}};
    EXPECT_THAT(RefusalOf(rows),
                HasSubstr("made.file: tensor freqs: element 3 is " + std::to_string(static_cast<int>(bad))));
  }
}

TEST_F(LoaderTest, AFactorThatLinearScalingMakesTooLargeIsRefused) {
  config_.ropes[0].frequency_factors.assign(8, 4.0f);
  AddFloats("freqs", {1, 1, 1, 1, 1, 5e30f, 1, 1});
  const TensorRow rows[] = {{{"freqs"}, {}, RopeFactorsPart{0}}};
  EXPECT_THAT(RefusalOf(rows),
              AllOf(HasSubstr("made.file: tensor freqs: element 5 is 4.99999992e+30"),
                    HasSubstr("makes the factor 1.99999997e+31"), HasSubstr("expected 0.01 to 1e+31")));
}

TEST_F(LoaderTest, IgnoredTensorsAreReadAndDropped) {
  AddMatrix("token_embd", 40);
  AddFloats("mm.bias", {1, 2, 3});
  const TensorRow rows[] = {
      {{"token_embd"}, {}, &ModelWeights::token_embedding},
      {{"mm.*"}, {}, {}, "a projection of images"},
  };
  const Model model = Load(rows);
  ExpectRows(model.weights.token_embedding, 0, 40);
  EXPECT_EQ(model.weight_bytes_per_token, model.weights.token_embedding.bytes());
}

// The stated rule: the type that was asked for where its blocks divide a row, Q8_0 where blocks of 32 do, else as it
// is.
TEST_F(LoaderTest, QuantisedTypesFollowTheRule) {
  config_.hidden = 256;
  config_.layers[0].ffn_dim = 48;  // no multiple of 32
  config_.layers[0].heads = 6;     // rows of 96 for the output
  const TensorRow rows[] = {{{"embedding"}, {}, &ModelWeights::token_embedding},
                            {{"norm"}, {}, &ModelWeights::output_norm},
                            {{"query"}, {}, &LayerWeights::query},
                            {{"output"}, {}, &LayerWeights::attention_output},
                            {{"down"}, {}, &LayerWeights::ffn_down}};
  std::mt19937 engine(3);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  const auto add = [&](const std::string& name, uint64_t outputs, uint64_t inputs) {
    std::vector<float> values(outputs * inputs);
    for (float& value : values) value = normal(engine);
    AddBytes(name, TensorType::kF32, {inputs, outputs},
             std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
    return values;
  };
  const std::vector<float> embedding = add("embedding", 40, 256);
  AddFloats("norm", std::vector<float>(256, 1.0f));
  const std::vector<float> query = add("query", 96, 256);
  add("output", 256, 96);
  add("down", 256, 48);
  struct Rule {
    TensorType asked, embedding, query, output, down;
  };
  using enum TensorType;
  for (const Rule& rule : {Rule{kQ4_K, kQ6_K, kQ4_K, kQ8_0, kF32}, Rule{kQ6_K, kQ6_K, kQ6_K, kQ8_0, kF32},
                           Rule{kQ8_0, kQ8_0, kQ8_0, kQ8_0, kF32}}) {
    const Model model = Load(rows, 1, {.quantize = rule.asked});
    const LayerWeights& layer = model.weights.layers[0];
    EXPECT_EQ(model.weights.token_embedding.type(), rule.embedding);
    EXPECT_EQ(layer.query.type(), rule.query);
    EXPECT_EQ(layer.attention_output.type(), rule.output);
    EXPECT_EQ(layer.ffn_down.type(), rule.down);
    // What is packed is what the encoder makes of each row, whatever the threads.
    const Model again = Load(rows, 3, {.quantize = rule.asked});
    std::vector<float> row(256), second(256);
    std::vector<std::byte> bytes(256 / InfoOf(rule.query).block_values * InfoOf(rule.query).block_bytes);
    for (uint32_t r = 0; r < 96; ++r) {
      layer.query.UnpackRow(r, row);
      again.weights.layers[0].query.UnpackRow(r, second);
      EXPECT_EQ(row, second);
      spec::EncodeRow(rule.query, query.data() + size_t{r} * 256, 256, bytes.data());
      PackedMatrix one(rule.query, 1, 256, "row");
      one.PackRows(0, 1, bytes);
      one.UnpackRow(0, second);
      EXPECT_EQ(row, second) << "row " << r;
    }
  }
}

TEST(KeptTypeTest, WhatEveryTokenGoesThroughIsFinerThanTheRest) {
  using enum TensorType;
  for (const Part& part : {Part(&ModelWeights::token_embedding), Part(&ModelWeights::output),
                           Part(&PredictionWeights::token_embedding), Part(&PredictionWeights::output)}) {
    EXPECT_EQ(KeptType(part, kBF16, false, 256, kQ4_K), kQ6_K);
    EXPECT_EQ(KeptType(part, kBF16, false, 256, kQ8_0), kQ8_0);
  }
  EXPECT_EQ(KeptType(Part(&PredictionWeights::projection), kBF16, false, 256, kQ4_K), kQ4_K);
  EXPECT_EQ(KeptType(Part(&LayerWeights::router), kBF16, false, 256, kQ4_K), kBF16);
}

// Each block of 128 columns has a scale of its own, and a row of them for each 128 rows.
TEST_F(LoaderTest, ScalesOfFp8CountWhateverTheWeightsBecome) {
  constexpr uint32_t kRows = 160, kColumns = 384;
  constexpr char kOne = 0x38;  // 1.0 in E4M3
  config_.vocabulary = kRows;
  config_.hidden = kColumns;
  const float scales[2][3] = {{1, 2, 4}, {8, 16, 32}};
  AddBytes("embedding", TensorType::kF8_E4M3, {kColumns, kRows}, std::string(kRows * kColumns, kOne));
  AddBytes("embedding_scale_inv", TensorType::kF32, {3, 2},
           std::string(reinterpret_cast<const char*>(scales), sizeof scales));
  const TensorRow rows[] = {{{"embedding"}, {}, &ModelWeights::token_embedding}};
  for (const std::optional<TensorType> quantize :
       {std::optional<TensorType>(), std::optional(TensorType::kQ8_0), std::optional(TensorType::kQ6_K)}) {
    const Model model = Load(rows, 2, {.quantize = quantize});
    std::vector<float> row(kColumns);
    for (uint32_t r = 0; r < kRows; ++r) {
      model.weights.token_embedding.UnpackRow(r, row);
      for (uint32_t c = 0; c < kColumns; ++c) {
        // A block of equal values is quantised up to its scale's own rounding.
        ASSERT_NEAR(row[c] / scales[r / 128][c / 128], 1, quantize ? 1e-3 : 0) << r << ", " << c;
      }
    }
  }
}

TEST_F(LoaderTest, ScalesThatChangeBeforeTheyAreHashedAreNotUsed) {
  constexpr uint32_t kRows = 128, kColumns = 128;
  config_.vocabulary = kRows;
  config_.hidden = kColumns;
  AddBytes("embedding", TensorType::kF8_E4M3, {kColumns, kRows}, std::string(kRows * kColumns, 0x38));
  AddBytes("mm.large", TensorType::kF32, {1 << 23}, std::string(4 << 23, '\0'));
  const float scale = 1;
  AddBytes("embedding_scale_inv", TensorType::kF32, {1, 1},
           std::string(reinterpret_cast<const char*>(&scale), sizeof scale));
  const TensorRow rows[] = {{{"embedding"}, {}, &ModelWeights::token_embedding}, {{"mm.*"}, {}, {}, "another model"}};
  EXPECT_NO_THROW(Load(rows));
  bool changed = false;
  const auto change = [&](uint64_t, uint64_t) {
    if (changed) return;
    changed = true;
    const float other = 2;
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-static_cast<std::streamoff>(sizeof other), std::ios::end);
    file.write(reinterpret_cast<const char*>(&other), sizeof other);
  };
  try {
    Load(rows, 2, {.progress = change});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("tensor embedding_scale_inv changed while it was read"));
  }
}

TEST_F(LoaderTest, WhatIsNotFiniteIsNotQuantised) {
  std::vector<float> values(kHidden * 40, 0.5f);
  values[kHidden * 7 + 3] = std::numeric_limits<float>::infinity();
  AddBytes("embedding", TensorType::kF32, {kHidden, 40},
           std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  const TensorRow rows[] = {{{"embedding"}, {}, &ModelWeights::token_embedding}};
  try {
    Load(rows, 2, {.quantize = TensorType::kQ8_0});
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("tensor embedding"), HasSubstr("row 7, column 3")));
  }
}

}  // namespace
}  // namespace candor
