// Metadata, tensor tables and the bytes handed out, against what the reference reader finds in the same files
// (tests/tools/describe_gguf.py).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "format/describe.h"
#include "format/gguf.h"

namespace candor {
namespace {

std::string DescribeFile(const std::filesystem::path& path) {
  std::vector<File> files;
  files.push_back(File::Open(path));
  const Checkpoint checkpoint = OpenGguf(std::move(files));
  return DescribeKeys(checkpoint) + DescribeTensors(checkpoint);
}

std::filesystem::path ModelFolder() {
  if (const char* folder = std::getenv("CANDOR_MODELS")) return folder;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : "/") / ".local/share/candor/models";
}

class GgufGoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GgufGoldenTest, AgreesWithTheReferenceReader) {
  const std::string file = GetParam() + ".gguf";
  for (const std::filesystem::path& folder : {std::filesystem::path(CANDOR_TEST_DATA "/gguf"),
                                              std::filesystem::path(CANDOR_SHARED_GOLDEN "/gguf"), ModelFolder()}) {
    if (!std::filesystem::exists(folder / file)) continue;
    std::ifstream stream(CANDOR_TEST_DATA "/gguf/" + file + ".txt");
    const std::string expected(std::istreambuf_iterator<char>(stream), {});
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(DescribeFile(folder / file), expected);
    return;
  }
  GTEST_SKIP() << file << " is not here";
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Made, GgufGoldenTest,
                         ::testing::Values("llama", "llama3-rope", "qwen3", "gemma3", "deepseek-v3", "gpt-oss",
                                           "gpt-oss-mxfp4", "gpt2", "mixtral", "olmo2", "qwen3-moe", "smollm3"),
                         TestName);
INSTANTIATE_TEST_SUITE_P(Real, GgufGoldenTest, ::testing::Values("smollm2-135m", "gemma3-270m", "qwen2.5-coder-0.5b"),
                         TestName);

}  // namespace
}  // namespace candor
