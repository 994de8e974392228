// Configuration, documents, tensor tables and the bytes handed out, against what the reference reader and Python's JSON
// find in the same folders (tests/tools/describe_safetensors.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "format/describe.h"
#include "format/safetensors.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

std::string DescribeFolder(const fs::path& folder) {
  std::vector<File> files;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
    files.push_back(File::Open(entry.path()));
  }
  const Checkpoint checkpoint = OpenSafetensors(std::move(files), names);
  EXPECT_EQ(checkpoint.source, folder.string());
  std::string text = DescribeKeys(checkpoint);
  for (const Document& document : checkpoint.documents) {
    text += "document " + document.name + " " + ToHex(document.digest) + "\n";
    EXPECT_EQ(ShaOf(document.text), ToHex(document.digest));
  }
  return text + DescribeTensors(checkpoint);
}

std::string ReadText(const fs::path& path) {
  std::ifstream stream(path);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class SafetensorsGoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SafetensorsGoldenTest, AgreesWithTheReferenceReader) {
  const fs::path folder = fs::path(CANDOR_TEST_DATA "/checkpoints") / GetParam();
  const std::string expected = ReadText(folder.string() + ".txt");
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(DescribeFolder(folder), expected);
}

INSTANTIATE_TEST_SUITE_P(Made, SafetensorsGoldenTest,
                         ::testing::Values("deepseek-v3", "deepseek-v3-fp8", "deepseek-v3-no-q-lora", "gemma2",
                                           "gemma3", "gpt-oss", "gpt-oss-mxfp4", "gpt2", "llama", "llama3-rope",
                                           "mistral", "mixtral", "olmo2", "phi3", "qwen2", "qwen3", "qwen3-moe",
                                           "smollm3"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SafetensorsGoldenTest, AgreesOnATrainedModelWithAChatTemplate) {
  const fs::path folder = CANDOR_TEST_DATA "/reasoning";
  EXPECT_EQ(DescribeFolder(folder), ReadText(folder / "model.safetensors.txt"));
}

}  // namespace
}  // namespace candor
