// A checkpoint with DeepSeek's layer for multi-token prediction: it is read and kept, and changes no answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/error.h"
#include "model/golden_files.h"
#include "support/decoder_harness.h"

namespace candor {
namespace {

// Another layer 4, made of layer 3's tensors in a second opening of the same file; `extra` names what else it has and
// the tensor of layer 3 that stands in for it.
Checkpoint WithPredictionLayer(Checkpoint checkpoint, const std::filesystem::path& file, const std::string& layers,
                               const std::map<std::string, std::string>& extra) {
  const std::string from = layers + "3.";
  const std::string to = layers + "4.";
  std::vector<TensorInfo> added;
  for (const TensorInfo& tensor : checkpoint.tensors) {
    TensorInfo copy = tensor;
    copy.file = 1;
    if (tensor.name.starts_with(from)) {
      copy.name = to + tensor.name.substr(from.size());
      added.push_back(copy);
    }
  }
  for (const auto& [name, stand_in] : extra) {
    const TensorInfo* tensor = checkpoint.FindTensor(stand_in);
    EXPECT_NE(tensor, nullptr) << stand_in;
    TensorInfo copy = *tensor;
    copy.file = static_cast<uint32_t>(2 + added.size());
    copy.name = to + name;
    if (name.find("eh_proj") != std::string::npos) copy.shape = {128, 64};
    added.push_back(copy);
  }
  while (checkpoint.files.size() < 2 + added.size() + 1) {
    checkpoint.files.push_back(File::Open(file));
    checkpoint.headers.push_back(checkpoint.headers[0]);
  }
  checkpoint.tensors.insert(checkpoint.tensors.end(), added.begin(), added.end());
  checkpoint.IndexTensors();
  return checkpoint;
}

const std::vector<int32_t> kTokens = {1, 153, 165, 242, 304, 14, 48, 263};

void ExpectKept(const Checkpoint& checkpoint, const std::string& plain_path) {
  ThreadPool pool(2);
  const Model model = LoadModel(checkpoint, pool, {});
  ASSERT_EQ(model.config.layers.size(), 4u);
  ASSERT_EQ(model.config.prediction_layers.size(), 1u);
  ASSERT_EQ(model.weights.predictions.size(), 1u);
  const PredictionWeights& prediction = model.weights.predictions[0];
  EXPECT_EQ(prediction.projection.rows(), 64u);
  EXPECT_EQ(prediction.projection.cols(), 128u);
  EXPECT_EQ(prediction.embedding_norm, model.weights.layers[3].attention_norm);
  EXPECT_EQ(prediction.hidden_norm, model.weights.layers[3].ffn_norm);
  EXPECT_EQ(prediction.output_norm, model.weights.layers[3].attention_norm);
  EXPECT_EQ(prediction.output.rows(), 320u);
  ASSERT_EQ(model.weights.layers.size(), 5u);
  EXPECT_EQ(model.weights.layers[4].router_correction, model.weights.layers[3].router_correction);
  EXPECT_EQ(model.weights.layers[4].expert_down.size(), 8u);

  const Model plain = LoadTestModel(std::filesystem::path(CANDOR_TEST_DATA) / plain_path);
  EXPECT_TRUE(plain.weights.predictions.empty());
  EXPECT_EQ(DecoderHarness(model, {}).Append(kTokens), DecoderHarness(plain, {}).Append(kTokens));
  EXPECT_EQ(model.weight_bytes_per_token, plain.weight_bytes_per_token);
}

TEST(PredictionLayer, OfSafetensorsIsKept) {
  const auto folder = std::filesystem::path(CANDOR_TEST_DATA) / "checkpoints" / "deepseek-v3";
  const std::string layer = "model.layers.3.";
  std::map<std::string, std::string> extra = {{"enorm.weight", layer + "input_layernorm.weight"},
                                              {"hnorm.weight", layer + "post_attention_layernorm.weight"},
                                              {"eh_proj.weight", layer + "self_attn.kv_b_proj.weight"},
                                              {"shared_head.norm.weight", layer + "input_layernorm.weight"},
                                              {"shared_head.head.weight", "lm_head.weight"},
                                              {"embed_tokens.weight", "model.embed_tokens.weight"}};
  const auto file = folder / "model.safetensors";
  ExpectKept(WithPredictionLayer(OpenTestCheckpoint(folder), file, "model.layers.", extra), "checkpoints/deepseek-v3");
  extra.erase("hnorm.weight");
  ThreadPool pool(1);
  try {
    LoadModel(WithPredictionLayer(OpenTestCheckpoint(folder), file, "model.layers.", extra), pool, {});
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("\"model.layers.4.hnorm.weight\" is missing"));
  }
}

TEST(PredictionLayer, OfGgufIsKept) {
  const std::string layer = "blk.3.";
  Checkpoint checkpoint = WithPredictionLayer(OpenGolden("deepseek-v3"), GoldenPath("deepseek-v3"), "blk.",
                                              {{"nextn.enorm.weight", layer + "attn_norm.weight"},
                                               {"nextn.hnorm.weight", layer + "ffn_norm.weight"},
                                               {"nextn.eh_proj.weight", layer + "attn_v_b.weight"},
                                               {"nextn.shared_head_norm.weight", layer + "attn_norm.weight"},
                                               {"nextn.shared_head_head.weight", "output.weight"}});
  Replace(checkpoint.metadata, "deepseek2.block_count", uint64_t{5});
  Replace(checkpoint.metadata, "deepseek2.nextn_predict_layers", uint64_t{1});
  for (TensorInfo& tensor : checkpoint.tensors) {
    if (tensor.name == "blk.4.nextn.eh_proj.weight") {
      const TensorInfo* gate = checkpoint.FindTensor("blk.0.ffn_gate.weight");  // large enough for 64 by 128
      tensor.offset = gate->offset;
      tensor.bytes = 64 * 128 * 2;
    }
  }
  checkpoint.IndexTensors();
  ExpectKept(checkpoint, "gguf/deepseek-v3.gguf");
}

}  // namespace
}  // namespace candor
