#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "base/error.h"
#include "model/golden_files.h"

namespace candor {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

Model Load(const std::string& name, int threads = 2) {
  ThreadPool pool(threads);
  return LoadModel(OpenGolden(name), pool, {});
}

// Element (row, col) of a BF16 matrix, straight from the file.
float FileValue(const Checkpoint& checkpoint, const TensorInfo& tensor, uint64_t row, uint64_t col) {
  uint16_t bits;
  checkpoint.files[0].ReadAt(tensor.offset + (row * tensor.shape[0] + col) * 2,
                             std::as_writable_bytes(std::span(&bits, 1)));
  return std::bit_cast<float>(uint32_t{bits} << 16);
}

void ExpectSame(const PackedMatrix& matrix, const Checkpoint& checkpoint, const std::string& name) {
  const TensorInfo* tensor = checkpoint.FindTensor(name);
  ASSERT_NE(tensor, nullptr) << name;
  ASSERT_EQ(matrix.rows(), tensor->rows()) << name;
  ASSERT_EQ(matrix.cols(), tensor->shape[0]) << name;
  std::vector<float> row(matrix.cols());
  for (uint32_t r = 0; r < matrix.rows(); r += 5) {
    matrix.UnpackRow(r, row);
    for (uint32_t c = 0; c < matrix.cols(); c += 3) {
      ASSERT_EQ(row[c], FileValue(checkpoint, *tensor, r, c)) << name << ' ' << r << ' ' << c;
    }
  }
}

TEST(ModelTest, EveryMatrixHoldsItsTensorsValues) {
  for (const char* name : {"llama", "llama3-rope", "qwen2", "qwen3", "gemma3", "olmo2", "smollm3"}) {
    const Checkpoint checkpoint = OpenGolden(name);
    const Model model = Load(name);
    ExpectSame(model.weights.token_embedding, checkpoint, "token_embd.weight");
    if (checkpoint.FindTensor("output.weight")) ExpectSame(model.weights.head(), checkpoint, "output.weight");
    for (size_t i = 0; i < model.weights.layers.size(); ++i) {
      const LayerWeights& layer = model.weights.layers[i];
      const std::string block = "blk." + std::to_string(i) + ".";
      ExpectSame(layer.query, checkpoint, block + "attn_q.weight");
      ExpectSame(layer.key, checkpoint, block + "attn_k.weight");
      ExpectSame(layer.value, checkpoint, block + "attn_v.weight");
      ExpectSame(layer.attention_output, checkpoint, block + "attn_output.weight");
      ExpectSame(layer.ffn_gate, checkpoint, block + "ffn_gate.weight");
      ExpectSame(layer.ffn_up, checkpoint, block + "ffn_up.weight");
      ExpectSame(layer.ffn_down, checkpoint, block + "ffn_down.weight");
    }
  }
}

TEST(ModelTest, PartsThatAFamilyDoesNotHaveAreEmpty) {
  const Model llama = Load("llama");
  EXPECT_FALSE(llama.weights.output.empty());
  EXPECT_TRUE(llama.weights.layers[0].query_norm.empty());
  EXPECT_TRUE(llama.weights.layers[0].query_bias.empty());
  EXPECT_TRUE(llama.weights.layers[0].post_ffn_norm.empty());
  const Model qwen2 = Load("qwen2");
  EXPECT_TRUE(qwen2.weights.output.empty());
  EXPECT_EQ(&qwen2.weights.head(), &qwen2.weights.token_embedding);
  EXPECT_EQ(qwen2.weights.layers[2].query_bias.size(), 64u);
  EXPECT_EQ(qwen2.weights.layers[2].key_bias.size(), 32u);
  EXPECT_EQ(qwen2.weights.layers[2].value_bias.size(), 32u);
  const Model gemma = Load("gemma3");
  EXPECT_EQ(gemma.weights.layers[5].query_norm.size(), 32u);
  EXPECT_EQ(gemma.weights.layers[5].post_attention_norm.size(), 64u);
  EXPECT_EQ(gemma.weights.layers[5].post_ffn_norm.size(), 64u);
}

TEST(ModelTest, Llama3FactorsComeFromTheirTensor) {
  // Llama 3.1's rule on config.json's values: base 500000, 16 dimensions, factor 8, low 1, high 4, original length 64.
  std::vector<float> expected;
  for (int i = 0; i < 8; ++i) {
    const double wavelength = 2 * M_PI * std::pow(500000.0, i / 8.0);
    const double smooth = (64 / wavelength - 1) / (4 - 1);
    const double factor = wavelength < 16 ? 1 : wavelength > 64 ? 8 : 1 / ((1 - smooth) / 8 + smooth);
    expected.push_back(static_cast<float>(factor));
  }
  const std::vector<double> factors = Load("llama3-rope").config.ropes[0].frequency_factors;
  ASSERT_EQ(factors.size(), 8u);
  // The converter computes in float32.
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(factors[i], expected[i], 1e-5 * expected[i]) << i;
}

TEST(ModelTest, DigestsAreThoseOfTheFiles) {
  // sha256sum tests/data/gguf/*.gguf
  EXPECT_EQ(ToHex(Load("llama").file_digests.at(0)),
            "8b65cb0cf95721c9e69c9e5bb86478bcb51923d11e79d9ee08b6319f9f8371a6");
  EXPECT_EQ(ToHex(Load("gemma3").file_digests.at(0)),
            "644ffe2d3e26ab555a408d5011aaddd89a57203c4de38fa79876fb40df9e5c85");
}

TEST(ModelTest, TheThreadsThatPackDoNotMatter) {
  const Model one = Load("gemma3", 1);
  for (const int threads : {2, 3}) {
    const Model other = Load("gemma3", threads);
    const PackedMatrix& a = one.weights.token_embedding;
    const PackedMatrix& b = other.weights.token_embedding;
    ASSERT_EQ(a.bytes(), b.bytes());
    EXPECT_EQ(std::memcmp(a.panel(0), b.panel(0), a.bytes()), 0);
    EXPECT_EQ(one.file_digests, other.file_digests);
  }
}

TEST(ModelTest, BytesPerTokenCountTheHeadOnceAndTheEmbeddingOnlyWhenTied) {
  // BF16, all rows multiples of 16. llama: 3 layers of q 64x64, k and v 64x32, output 64x64, three of 64x176, and the
  // head 64x320. qwen2: the same, tied.
  const uint64_t layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 176;
  EXPECT_EQ(Load("llama").weight_bytes_per_token, 2 * (3 * layer + 64 * 320));
  EXPECT_EQ(Load("qwen2").weight_bytes_per_token, 2 * (3 * layer + 64 * 320));
}

TEST(ModelTest, ProgressEndsAtTheFilesSize) {
  const Checkpoint checkpoint = OpenGolden("llama");
  ThreadPool pool(1);
  uint64_t last = 0, total = 0;
  LoadModel(checkpoint, pool, {.progress = [&](uint64_t done, uint64_t all) {
              EXPECT_GE(done, last);
              last = done;
              total = all;
            }});
  EXPECT_EQ(total, checkpoint.files[0].size());
  EXPECT_EQ(last, total);
}

// Values that metadata should never have, and the few of them that a field may have.
const MetadataValue kHostile[] = {
    uint64_t{0},
    uint64_t{1},
    uint64_t{1} << 31,
    uint64_t{1} << 32,
    uint64_t{1} << 63,
    std::numeric_limits<uint64_t>::max(),
    int64_t{-1},
    0.0,
    -1.0,
    1e-300,
    1e300,
    std::numeric_limits<double>::quiet_NaN(),
    std::numeric_limits<double>::infinity(),
    true,
    std::string("1"),
    NumberArray(NumberType::kUint32, {}),
};

bool IsHarmless(const std::string& field, const MetadataValue& value) {
  if (value == MetadataValue(uint64_t{1})) {
    static const std::set<std::string> kMayBeOne = {"attention.sliding_window", "attention.sliding_window_pattern"};
    return kMayBeOne.count(field) != 0;
  }
  static const std::set<std::string> kMayBeZero = {"attention.sliding_window"};
  return value == MetadataValue(uint64_t{0}) && kMayBeZero.count(field) != 0;
}

TEST(ModelTest, EveryNumberOfTheMetadataIsBounded) {
  const std::set<std::string> optional = {
      "vocab_size",     "attention.key_length", "attention.value_length", "attention.head_count_kv",
      "rope.freq_base", "rope.scaling.factor",  "rope.scale_linear",      "rope.dimension_count",
      "attention.scale"};
  const std::map<std::string, std::set<std::string>> own = {
      {"llama", {"attention.sliding_window"}},
      {"gemma3",
       {"rope.freq_base_swa", "rope.global.freq_base", "rope.local.freq_base", "attention.sliding_window_pattern",
        "final_logit_softcapping", "attn_logit_softcapping"}}};
  ThreadPool pool(1);
  size_t refused = 0;
  for (const char* name : kPlainNames) {
    Checkpoint checkpoint = OpenGolden(name);
    const std::string architecture = checkpoint.metadata.RequireString("general.architecture");
    std::set<std::string> fields = optional;
    if (own.count(architecture)) fields.insert(own.at(architecture).begin(), own.at(architecture).end());
    for (const auto& [key, value] : checkpoint.metadata.values()) {
      if (key.starts_with(architecture + ".")) fields.insert(key.substr(architecture.size() + 1));
    }
    for (const std::string& field : fields) {
      const std::string key = architecture + "." + field;
      const bool was_there = checkpoint.metadata.Has(key);
      const MetadataValue before = was_there ? *checkpoint.metadata.Find(key) : MetadataValue(false);
      for (const MetadataValue& hostile : kHostile) {
        // The other spelling of a base wins where both are there.
        if (field == "rope.global.freq_base") checkpoint.metadata.Remove(architecture + ".rope.freq_base");
        if (field == "rope.local.freq_base") checkpoint.metadata.Remove(architecture + ".rope.freq_base_swa");
        Replace(checkpoint.metadata, key, hostile);
        try {
          LoadModel(checkpoint, pool, {});
          EXPECT_TRUE(IsHarmless(field, hostile)) << name << ": " << key << " = " << Describe(hostile);
        } catch (const Error& error) {
          // The field itself, or the tensor that it makes wrong.
          EXPECT_THAT(error.what(), AnyOf(HasSubstr(key), HasSubstr("tensor \"")));
          ++refused;
        }
        checkpoint.metadata.Remove(key);
        if (was_there) checkpoint.metadata.Add(key, before);
      }
    }
  }
  EXPECT_GT(refused, 900u);
}

TEST(ModelTest, EveryMissingFieldHasADefaultOrIsNamed) {
  ThreadPool pool(1);
  for (const char* name : kPlainNames) {
    const Checkpoint whole = OpenGolden(name);
    for (const auto& [key, value] : whole.metadata.values()) {
      Checkpoint checkpoint = OpenGolden(name);
      checkpoint.metadata.Remove(key);
      try {
        LoadModel(checkpoint, pool, {});
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), AnyOf(HasSubstr(key), HasSubstr("tensor \""))) << name;
      }
    }
  }
}

}  // namespace
}  // namespace candor
