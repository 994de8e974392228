#include "cli/terminal/save_process.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "base/error.h"

namespace candor {
namespace {

class SaveProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Content(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "candor-save-test";
};

TEST_F(SaveProcessTest, MakesFilesOfAnySize) {
  SaveProcess process(folder_);
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(process.Save("large", large), "large.md");
  EXPECT_EQ(process.Save("empty.json", ""), "empty.json");
  EXPECT_EQ(process.Save("ü ö.md", "text"), "ü ö.md");
  EXPECT_EQ(Content("large.md"), large);
  EXPECT_EQ(Content("empty.json"), "");
  EXPECT_EQ(Content("ü ö.md"), "text");
  struct stat info = {};
  ASSERT_EQ(::stat((folder_ / "large.md").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SaveProcessTest, NeverReplacesAFile) {
  SaveProcess process(folder_);
  process.Save("a", "first");
  EXPECT_THROW(process.Save("a", "second"), IoError);
  EXPECT_EQ(Content("a.md"), "first");
  std::filesystem::create_symlink(folder_ / "elsewhere.md", folder_ / "link.md");
  EXPECT_THROW(process.Save("link", "x"), IoError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere.md"));
  EXPECT_EQ(process.Save("b", "still works"), "b.md");
}

TEST_F(SaveProcessTest, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"", "/etc/x", "../x", "a/b", ".hidden", "..", "x.sh", "a\nb", "x.md.exe"}) {
    EXPECT_NE(CheckSaveName(name).error, "") << name;
  }
  EXPECT_NE(CheckSaveName(std::string(127, 'x')).error, "");
  SaveProcess process(folder_);
  EXPECT_THROW(process.Save("../x", ""), UsageError);
}

TEST_F(SaveProcessTest, RefusesAFolderThatIsNotThere) { EXPECT_THROW(SaveProcess(folder_ / "missing"), IoError); }

}  // namespace
}  // namespace candor
