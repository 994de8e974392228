#include "cli/logits_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/error.h"

namespace candor {
namespace {

class LogitsFileTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::filesystem::path path_ = std::filesystem::path(testing::TempDir()) / "candor-logits-test.safetensors";
};

// The layout is that of the safetensors format: u64 header length, JSON, then little-endian data.
TEST_F(LogitsFileTest, WritesASafetensorsFile) {
  {
    LogitsFile file(path_);
    file.Begin(2, 3);
    file.WriteRow(std::vector<float>{1, 2, 3});
    file.WriteRow(std::vector<float>{4, 5, -0.0f});
    file.Finish();
  }
  const std::string content = Content();
  ASSERT_GT(content.size(), 8u);
  uint64_t length = 0;
  std::memcpy(&length, content.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  ASSERT_EQ(content.size(), 8 + length + 24);
  std::string header = content.substr(8, length);
  header.erase(header.find_last_not_of(' ') + 1);
  EXPECT_EQ(header, R"({"logits":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})");
  uint32_t bits[6];
  std::memcpy(bits, content.data() + 8 + length, 24);
  EXPECT_EQ(bits[0], 0x3F800000u);
  EXPECT_EQ(bits[5], 0x80000000u);
}

TEST_F(LogitsFileTest, LeavesNoHalfOfAFile) {
  {
    LogitsFile file(path_);
    file.Begin(2, 1);
    file.WriteRow(std::vector<float>{1});
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LogitsFileTest, NamesAPathThatCannotBeWritten) {
  try {
    LogitsFile file("/no/such/folder/x");
    FAIL();
  } catch (const IoError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("/no/such/folder/x: cannot open for writing"));
  }
}

}  // namespace
}  // namespace candor
