#include "model/tensor_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "model/family.h"
#include "model/golden_files.h"
#include "model/model.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<TensorSlot> Match(const Checkpoint& checkpoint) {
  return MatchTensors(FamilyOf(checkpoint).tensors, ConfigOf(checkpoint), checkpoint);
}

template <typename Kind>
std::string RefusalOf(const Checkpoint& checkpoint) {
  try {
    Match(checkpoint);
  } catch (const Kind& error) {
    return error.what();
  }
  return "";
}

TensorInfo& Tensor(Checkpoint& checkpoint, const std::string& name) {
  for (TensorInfo& tensor : checkpoint.tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::out_of_range(name);
}

void Rename(Checkpoint& checkpoint, const std::string& from, const std::string& to) {
  Tensor(checkpoint, from).name = to;
  checkpoint.IndexTensors();
}

TensorInfo Vector(const std::string& name, uint64_t length, uint64_t offset) {
  return {name, TensorType::kF32, {length}, 0, offset, length * sizeof(float)};
}

class TensorTableTest : public ::testing::Test {
 protected:
  Checkpoint llama_ = OpenGolden("llama");

  void Add(Checkpoint& checkpoint, const std::string& name, uint64_t length) {
    checkpoint.tensors.push_back(Vector(name, length, checkpoint.files[0].size()));
    checkpoint.IndexTensors();
  }
};

TEST_F(TensorTableTest, EveryTensorOfEveryGoldenFileHasItsPlace) {
  for (const char* name : kGoldenNames) {
    const Checkpoint checkpoint = OpenGolden(name);
    std::vector<uint64_t> elements(checkpoint.tensors.size());
    for (const TensorSlot& slot : Match(checkpoint)) {
      elements[slot.tensor] += slot.outputs * std::max<uint64_t>(slot.inputs, 1);
    }
    for (size_t i = 0; i < elements.size(); ++i) {
      EXPECT_EQ(elements[i], checkpoint.tensors[i].elements()) << name << " " << checkpoint.tensors[i].name;
    }
  }
}

TEST_F(TensorTableTest, AMissingTensorIsNamed) {
  Rename(llama_, "blk.1.attn_v.weight", "blk.1.attn_w.weight");
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("llama.gguf: tensor \"blk.1.attn_v.weight\" is missing"));
}

TEST_F(TensorTableTest, AnUnexpectedTensorIsNamedPrintably) {
  Add(llama_, "blk.0.attn_q.scale\x1b[2J", 64);
  EXPECT_THAT(RefusalOf<FormatError>(llama_), AllOf(HasSubstr("tensor \"blk.0.attn_q.scale\\x1B"), HasSubstr("llama")));
}

TEST_F(TensorTableTest, ATensorOfALayerThatTheModelDoesNotHaveIsUnexpected) {
  Add(llama_, "blk.3.attn_q.bias", 64);
  EXPECT_THAT(RefusalOf<FormatError>(llama_), AllOf(HasSubstr("blk.3.attn_q.bias"), HasSubstr("3 layers")));
  Replace(llama_.metadata, "llama.block_count", uint64_t{2});
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("with 2 layers"));
}

TEST_F(TensorTableTest, BiasesComeWithAllLayersOrWithNone) {
  for (const char* layer : {"0", "1", "2"}) {
    Add(llama_, std::string("blk.") + layer + ".attn_q.bias", 64);
    Add(llama_, std::string("blk.") + layer + ".attn_k.bias", 32);
    if (*layer != '2') Add(llama_, std::string("blk.") + layer + ".attn_v.bias", 32);
  }
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("\"blk.2.attn_v.bias\" is missing"));
  Add(llama_, "blk.2.attn_v.bias", 32);
  EXPECT_EQ(Match(llama_).size(), llama_.tensors.size());
}

TEST_F(TensorTableTest, WithoutAnOutputHeadTheEmbeddingIsIt) {
  llama_.tensors.erase(llama_.tensors.begin() + (&Tensor(llama_, "output.weight") - llama_.tensors.data()));
  llama_.IndexTensors();
  EXPECT_EQ(Match(llama_).size(), llama_.tensors.size());
}

TEST_F(TensorTableTest, AWrongShapeShowsFoundAndExpected) {
  Tensor(llama_, "blk.2.ffn_down.weight").shape = {64, 176};
  EXPECT_THAT(RefusalOf<FormatError>(llama_),
              HasSubstr("\"blk.2.ffn_down.weight\" has shape [64, 176], expected [176, 64]"));
}

TEST_F(TensorTableTest, EveryDimensionThatMetadataChangesIsRefusedByTheTensors) {
  for (const char* key : {"embedding_length", "feed_forward_length", "attention.head_count", "attention.key_length",
                          "attention.value_length"}) {
    Checkpoint checkpoint = OpenGolden("llama");
    const std::string full = std::string("llama.") + key;
    const uint64_t doubled = checkpoint.metadata.RequireUint(full, 0, UINT64_MAX) * 2;
    Replace(checkpoint.metadata, full, doubled);
    EXPECT_THAT(RefusalOf<FormatError>(checkpoint), HasSubstr("expected [")) << key;
  }
}

TEST_F(TensorTableTest, TrailingDimensionsOfOneDoNotMatter) {
  Tensor(llama_, "blk.0.attn_norm.weight").shape = {64, 1};
  Tensor(llama_, "blk.0.attn_q.weight").shape = {64, 64, 1, 1};
  EXPECT_EQ(Match(llama_).size(), llama_.tensors.size());
  Tensor(llama_, "blk.0.attn_norm.weight").shape = {1, 64};
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("has shape [1, 64], expected [64]"));
}

TEST_F(TensorTableTest, TypesThatAreNotComputedAreUnsupported) {
  Tensor(llama_, "blk.0.attn_q.weight").type = TensorType::kIQ2_XXS;
  EXPECT_THAT(RefusalOf<UnsupportedError>(llama_),
              HasSubstr("\"blk.0.attn_q.weight\" has type IQ2_XXS, which this version does not compute"));
}

TEST_F(TensorTableTest, VectorsAreFloats) {
  Tensor(llama_, "output_norm.weight").type = TensorType::kQ8_0;
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("has type Q8_0, expected F32, F16 or BF16"));
}

TEST_F(TensorTableTest, RowsAreWholeBlocks) {
  Tensor(llama_, "blk.0.ffn_down.weight").type = TensorType::kQ4_K;  // 176 columns in blocks of 256
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("has rows of 176 values, expected a multiple of 256"));
}

TEST_F(TensorTableTest, IgnoredPrefixesAreIgnoredByTheFamilyThatKnowsThem) {
  Checkpoint gemma = OpenGolden("gemma3");
  const size_t slots = Match(gemma).size();
  Add(gemma, "v.blk.0.attn_k.bias", 32);
  EXPECT_EQ(Match(gemma).size(), slots);
  Add(llama_, "v.blk.0.attn_k.bias", 32);
  EXPECT_THAT(RefusalOf<FormatError>(llama_), HasSubstr("v.blk.0.attn_k.bias"));
}

TEST_F(TensorTableTest, RowsOfOneNameDivideATensor) {
  const TensorRow rows[] = {
      {{"blk.{}.qkv"}, {}, &LayerWeights::query},
      {{"blk.{}.qkv"}, {}, &LayerWeights::key},
      {{"blk.{}.qkv"}, {}, &LayerWeights::value},
  };
  const ModelConfig config = ConfigOf(llama_);  // 64 + 32 + 32 rows
  for (auto& tensors = llama_.tensors; tensors.size() > 3;) tensors.pop_back();
  for (size_t i = 0; i < 3; ++i) {
    llama_.tensors[i].name = "blk." + std::to_string(i) + ".qkv";
    llama_.tensors[i].type = TensorType::kBF16;
    llama_.tensors[i].shape = {64, 128};
  }
  llama_.IndexTensors();
  const std::vector<TensorSlot> slots = MatchTensors(rows, config, llama_);
  ASSERT_EQ(slots.size(), 9u);
  EXPECT_EQ(slots[3].first_row, 0u);
  EXPECT_EQ(slots[4].first_row, 64u);
  EXPECT_EQ(slots[5].first_row, 96u);
  EXPECT_EQ(slots[5].layer, 1u);
  EXPECT_EQ(slots[5].outputs, 32u);
  llama_.tensors[1].shape = {64, 127};
  EXPECT_THROW(MatchTensors(rows, config, llama_), FormatError);
}

TEST_F(TensorTableTest, APartThatBeginsWithinAPanelIsRefused) {
  const TensorRow rows[] = {
      {{"qkv"}, {}, &LayerWeights::query},
      {{"qkv"}, {}, &LayerWeights::key},
  };
  ModelConfig config = ConfigOf(llama_);
  config.layers[0].heads = 1;
  config.layers[0].kv_heads = 1;
  config.layers[0].head_dim = 24;
  llama_.tensors.resize(1);
  llama_.tensors[0].name = "qkv";
  llama_.tensors[0].shape = {64, 48};
  llama_.IndexTensors();
  try {
    MatchTensors(rows, config, llama_);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is divided at row 24, expected a multiple of 16"));
  }
}

}  // namespace
}  // namespace candor
