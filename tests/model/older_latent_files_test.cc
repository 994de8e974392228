// DeepSeek R1's GGUF files of early 2025: keys and values of all heads in one tensor, a head's widths as the cache's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "model/golden_files.h"
#include "support/decoder_harness.h"

namespace candor {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(CANDOR_TEST_DATA) / "checkpoints" / "deepseek-v3";

// The golden file with attn_kv_b, from the checkpoint that it was made of, instead of attn_k_b and attn_v_b.
Checkpoint OlderFile() {
  Checkpoint checkpoint = OpenGolden("deepseek-v3");
  std::erase_if(checkpoint.tensors, [](const TensorInfo& tensor) {
    return tensor.name.find("attn_k_b") != std::string::npos || tensor.name.find("attn_v_b") != std::string::npos;
  });
  const Checkpoint source = OpenTestCheckpoint(kFolder);
  for (int layer = 0; layer < 4; ++layer) {
    TensorInfo tensor = *source.FindTensor("model.layers." + std::to_string(layer) + ".self_attn.kv_b_proj.weight");
    tensor.name = "blk." + std::to_string(layer) + ".attn_kv_b.weight";
    tensor.file = 1;
    checkpoint.tensors.push_back(tensor);
  }
  checkpoint.files.push_back(File::Open(kFolder / "model.safetensors"));
  checkpoint.headers.push_back(source.headers[0]);
  checkpoint.IndexTensors();
  checkpoint.metadata.Remove("deepseek2.attention.key_length_mla");
  checkpoint.metadata.Remove("deepseek2.attention.value_length_mla");
  Replace(checkpoint.metadata, "deepseek2.attention.head_count_kv", uint64_t{4});
  return checkpoint;
}

TEST(OlderLatentFiles, GiveTheSameLogits) {
  ThreadPool pool(2);
  const Model older = LoadModel(OlderFile(), pool, {});
  const Model newer = LoadTestModel(GoldenPath("deepseek-v3"));
  const std::vector<int32_t> tokens = {1, 153, 165, 242, 304, 14, 48, 263, 303, 82};
  EXPECT_EQ(DecoderHarness(older, {}).Append(tokens), DecoderHarness(newer, {}).Append(tokens));
  EXPECT_TRUE(older.notes.empty());  // floats are only moved
}

TEST(OlderLatentFiles, BothSpellingsTogetherAreRefused) {
  Checkpoint checkpoint = OlderFile();
  const Checkpoint newer = OpenGolden("deepseek-v3");
  TensorInfo tensor = *newer.FindTensor("blk.2.attn_k_b.weight");
  checkpoint.tensors.push_back(tensor);
  checkpoint.IndexTensors();
  ThreadPool pool(1);
  try {
    LoadModel(checkpoint, pool, {});
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("holds the same weights as \"blk.2.attn_kv_b.weight\""));
  }
}

}  // namespace
}  // namespace candor
