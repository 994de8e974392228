#include "model/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "base/error.h"
#include "format/json_metadata.h"
#include "format/safetensors.h"
#include "kernels/packed_matrix.h"
#include "model/golden_files.h"
#include "model/model.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Checkpoint FromText(const std::string& text, const std::string& source = "config.json") {
  Checkpoint checkpoint(MetadataFromJson(text, source));
  checkpoint.format = CheckpointFormat::kSafetensors;
  return checkpoint;
}

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

Inventory OfConfig(const std::string& name) {
  const Checkpoint checkpoint =
      FromText(TextOf(std::filesystem::path(CANDOR_TEST_DATA) / "configs" / (name + ".json")), name);
  return InventoryOf(checkpoint, ConfigOf(checkpoint));
}

// As published: parameters as the hub counts those of the safetensors files, and `total_size` of their index.
struct Published {
  const char* name;
  uint64_t parameters, file_bytes;
};

TEST(InventoryTest, ParametersAndSizesAreThePublishedOnes) {
  for (const Published& model :
       {Published{"llama-3.1-8b", 8'030'261'248, 16'060'522'496},
        Published{"llama-3.3-70b", 70'553'706'496, 141'107'412'992},
        Published{"r1-distill-qwen-1.5b", 1'777'088'000, 3'554'176'000},
        Published{"r1-distill-qwen-7b", 7'615'616'512, 15'231'233'024},
        Published{"r1-distill-qwen-14b", 14'770'033'664, 29'540'067'328},
        Published{"r1-distill-qwen-32b", 32'763'876'352, 65'527'752'704},
        Published{"qwen3-30b-a3b", 30'532'122'624, 61'064'245'248},
        Published{"gpt-oss-20b", 20'914'757'184, 13'761'264'768},
        Published{"gpt-oss-120b", 116'829'156'672, 65'248'815'744}, Published{"deepseek-r1", 671'026'419'200, 0}}) {
    const Inventory inventory = OfConfig(model.name);
    EXPECT_EQ(inventory.parameters, model.parameters) << model.name;
    if (model.file_bytes == 0) continue;
    EXPECT_EQ(inventory.stored_bytes, model.file_bytes) << model.name;
  }
}

TEST(InventoryTest, ActiveParametersAreThePublishedOnes) {
  // The model card of gpt-oss: 3.61 and 5.13 billion, "unembedding parameters are counted towards active, but not
  // embeddings".
  EXPECT_NEAR(static_cast<double>(OfConfig("gpt-oss-20b").active_parameters), 3.61e9, 0.005e9);
  EXPECT_NEAR(static_cast<double>(OfConfig("gpt-oss-120b").active_parameters), 5.13e9, 0.005e9);
  // DeepSeek-V3's report: 37 billion; its README_WEIGHTS: 36.7, "including 0.9B for the output head".
  const Inventory r1 = OfConfig("deepseek-r1");
  EXPECT_NEAR(static_cast<double>(r1.active_parameters), 36.7e9, 0.1e9);
  EXPECT_EQ(r1.lookup_parameters, uint64_t{129280} * 7168);
  // Qwen counts the embeddings: 3.3 billion.
  const Inventory qwen = OfConfig("qwen3-30b-a3b");
  EXPECT_EQ(qwen.active_parameters + qwen.lookup_parameters, 3'353'032'704u);
  // Every parameter of a dense model is active.
  const Inventory llama = OfConfig("llama-3.1-8b");
  EXPECT_EQ(llama.active_parameters + llama.lookup_parameters, llama.parameters);
}

// The hub's count of DeepSeek-R1's files by type: F8_E4M3 680,571,043,840, BF16 3,918,786,560, F32 41,555,600, where
// scales are 41,540,496 of the latter and the routers' corrections, 59 of 256, the others.
TEST(InventoryTest, DeepSeeksFilesHoldThePublishedNumberOfEachType) {
  std::map<TensorType, uint64_t> values;
  const Inventory inventory = OfConfig("deepseek-r1");
  for (const WeightGroup& group : inventory.groups) values[group.stored] += group.values();
  EXPECT_EQ(values[TensorType::kF8_E4M3], 680'571'043'840u);
  EXPECT_EQ(values[TensorType::kBF16], 3'918'786'560u + 59 * 256);
  EXPECT_EQ(values.size(), 2u);
  EXPECT_EQ(inventory.parameters + inventory.prediction_parameters, 684'531'386'000u - 41'540'496u);
  EXPECT_EQ(inventory.stored_bytes, 680'571'043'840 + 2 * (3'918'786'560 + 59 * 256) + 4 * 41'540'496u);
}

uint64_t PackedBytes(const Model& model) {
  uint64_t bytes = 0;
  const auto add = [&](const PackedMatrix& matrix) { bytes += matrix.bytes(); };
  const ModelWeights& w = model.weights;
  for (const PackedMatrix* matrix : {&w.token_embedding, &w.position_embedding, &w.output}) add(*matrix);
  for (const LayerWeights& layer : w.layers) {
    for (const PackedMatrix* matrix :
         {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.query_down, &layer.query_up,
          &layer.latent_down, &layer.ffn_gate, &layer.ffn_up, &layer.ffn_down, &layer.router, &layer.shared_gate,
          &layer.shared_up, &layer.shared_down}) {
      add(*matrix);
    }
    for (const auto* matrices :
         {&layer.latent_keys, &layer.latent_values, &layer.expert_gate, &layer.expert_up, &layer.expert_down}) {
      for (const PackedMatrix& matrix : *matrices) add(matrix);
    }
  }
  for (const PredictionWeights& prediction : w.predictions) {
    for (const PackedMatrix* matrix : {&prediction.projection, &prediction.token_embedding, &prediction.output}) {
      add(*matrix);
    }
  }
  return bytes;
}

uint64_t MatrixBytes(const Inventory& inventory, std::optional<TensorType> quantize) {
  uint64_t bytes = 0;
  for (const WeightGroup& group : inventory.groups) {
    if (group.inputs != 0) bytes += group.count * BytesOfOne(group, quantize);
  }
  return bytes;
}

// What is counted before is what is there after.
void ExpectWhatIsLoaded(const Checkpoint& checkpoint, const std::string& name) {
  ThreadPool pool(1);
  const Inventory inventory = InventoryOf(checkpoint, ConfigOf(checkpoint));
  for (const std::optional<TensorType> quantize :
       {std::optional<TensorType>(), std::optional(TensorType::kQ8_0), std::optional(TensorType::kQ4_K)}) {
    const Model model = LoadModel(checkpoint, pool, {.quantize = quantize});
    EXPECT_EQ(MatrixBytes(inventory, quantize), PackedBytes(model)) << name;
    EXPECT_NEAR(WeightBytesPerToken(inventory, quantize), static_cast<double>(model.weight_bytes_per_token), 0.5)
        << name;
  }
}

TEST(InventoryTest, IsWhatALoadedGgufFileTakes) {
  for (const char* name : kGoldenNames) ExpectWhatIsLoaded(OpenGolden(name), name);
}

Checkpoint OpenFolder(const std::filesystem::path& folder) {
  std::vector<File> files;
  std::vector<std::string> names;
  for (const char* name : {"config.json", "model.safetensors"}) {
    files.push_back(File::Open(folder / name));
    names.emplace_back(name);
  }
  return OpenSafetensors(std::move(files), names);
}

class FoldersTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path folder() const { return std::filesystem::path(CANDOR_TEST_DATA) / "checkpoints" / GetParam(); }
};

TEST_P(FoldersTest, IsWhatALoadedFolderTakes) { ExpectWhatIsLoaded(OpenFolder(folder()), GetParam()); }

// But for prediction layers, which these configurations speak of and these folders leave out.
TEST_P(FoldersTest, ConfigJsonAloneTellsTheSame) {
  const Checkpoint whole = OpenFolder(folder());
  const Checkpoint alone = FromText(TextOf(folder() / "config.json"));
  const Inventory found = InventoryOf(alone, ConfigOf(alone));
  const Inventory expected = InventoryOf(whole, ConfigOf(whole));
  EXPECT_EQ(found.parameters, expected.parameters);
  EXPECT_EQ(found.active_parameters, expected.active_parameters);
  EXPECT_EQ(found.lookup_parameters, expected.lookup_parameters);
  for (const std::optional<TensorType> quantize : {std::optional<TensorType>(), std::optional(TensorType::kQ4_K)}) {
    uint64_t predictions = 0;
    for (const WeightGroup& group : found.groups) {
      if (group.use == WeightUse::kPrediction) predictions += group.count * BytesOfOne(group, quantize);
    }
    EXPECT_EQ(KeptBytes(found, quantize) - predictions, KeptBytes(expected, quantize));
    EXPECT_NEAR(WeightBytesPerToken(found, quantize), WeightBytesPerToken(expected, quantize), 0.5);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FoldersTest,
                         ::testing::Values("deepseek-v3", "deepseek-v3-fp8", "deepseek-v3-no-q-lora", "gemma2",
                                           "gemma3", "gpt-oss", "gpt-oss-mxfp4", "gpt2", "llama", "llama3-rope",
                                           "mistral", "mixtral", "olmo2", "phi3", "qwen2", "qwen3", "qwen3-moe",
                                           "smollm3"),
                         [](const auto& name) {
                           std::string word = name.param;
                           std::replace(word.begin(), word.end(), '-', '_');
                           return word;
                         });

std::string ErrorOf(const std::string& text) {
  try {
    const Checkpoint checkpoint = FromText(text);
    InventoryOf(checkpoint, ConfigOf(checkpoint));
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

std::string With(const std::string& name, const std::string& from, const std::string& to) {
  std::string text = TextOf(std::filesystem::path(CANDOR_TEST_DATA) / "configs" / (name + ".json"));
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(InventoryTest, NamesTheMemberThatIsNotComputed) {
  EXPECT_EQ(ErrorOf(With("llama-3.1-8b", "\"bfloat16\"", "\"float64\"")),
            "config.json: torch_dtype is \"float64\", expected bfloat16, float16 or float32");
  EXPECT_EQ(ErrorOf(With("gpt-oss-20b", "\"intermediate_size\": 2880", "\"intermediate_size\": 2872")),
            "config.json: quantization_config.quant_method is \"mxfp4\" for experts with rows of 2872 values, expected "
            "a multiple of 32");
}

TEST(InventoryTest, TheTypeIsThatOfTheConfiguration) {
  const auto bytes = [](const std::string& text) {
    const Checkpoint checkpoint = FromText(text);
    return InventoryOf(checkpoint, ConfigOf(checkpoint)).stored_bytes;
  };
  EXPECT_EQ(bytes(With("llama-3.1-8b", "\"bfloat16\"", "\"float32\"")), 4 * 8'030'261'248u);
  EXPECT_EQ(bytes(With("llama-3.1-8b", "\"torch_dtype\"", "\"dtype\"")), 2 * 8'030'261'248u);
  EXPECT_EQ(bytes(With("llama-3.1-8b", "\"torch_dtype\"", "\"not_a_type\"")), 2 * 8'030'261'248u);
}

TEST(InventoryTest, QuantisesAsTheLoaderDoes) {
  const Inventory r1 = OfConfig("deepseek-r1");
  for (const WeightGroup& group : r1.groups) {
    if (group.part == Part(&LayerWeights::router)) {
      EXPECT_EQ(TypeOf(group, TensorType::kQ4_K), TensorType::kBF16);
    } else if (group.part == Part(&LayerWeights::latent_keys)) {
      // Rows of 128 are no whole block of 256.
      EXPECT_EQ(TypeOf(group, TensorType::kQ4_K), TensorType::kQ8_0);
      EXPECT_EQ(TypeOf(group, std::nullopt), TensorType::kF32);
    } else if (group.part == Part(&ModelWeights::output)) {
      EXPECT_EQ(TypeOf(group, TensorType::kQ4_K), TensorType::kQ6_K);
    } else if (group.part == Part(&LayerWeights::expert_down)) {
      EXPECT_EQ(TypeOf(group, TensorType::kQ4_K), TensorType::kQ4_K);
    }
  }
}

}  // namespace
}  // namespace candor
