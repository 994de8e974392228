#include "cli/terminal/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"

namespace candor {
namespace {

using testing::ElementsAre;

class HistoryFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "candor-history-test";
  std::filesystem::path path_ = folder_ / "a" / "history";
};

TEST_F(HistoryFileTest, KeepsEntriesWithTheirLineEnds) {
  {
    HistoryFile file = HistoryFile::Open(path_);
    EXPECT_TRUE(file.entries().empty());
    file.Append("one");
    file.Append("two\nlines \\n \\");
    file.Append("");
  }
  EXPECT_THAT(HistoryFile::Open(path_).entries(), ElementsAre("one", "two\nlines \\n \\"));
}

TEST_F(HistoryFileTest, IsForItsOwnerOnly) {
  HistoryFile::Open(path_);
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(path_.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(HistoryFileTest, TwoSessionsLoseNothing) {
  HistoryFile first = HistoryFile::Open(path_);
  HistoryFile second = HistoryFile::Open(path_);
  first.Append("1");
  second.Append("2");
  first.Append("3");
  EXPECT_THAT(HistoryFile::Open(path_).entries(), ElementsAre("1", "2", "3"));
}

TEST_F(HistoryFileTest, DropsTheOldestEntriesOfALargeFile) {
  {
    HistoryFile file = HistoryFile::Open(path_);
    for (int i = 0; i < 300; ++i) file.Append(std::to_string(i) + std::string(5000, 'x'));
  }
  const HistoryFile file = HistoryFile::Open(path_);
  EXPECT_LT(std::filesystem::file_size(path_), HistoryFile::kMaxBytes);
  EXPECT_TRUE(file.entries().back().starts_with("299x"));
  EXPECT_LT(file.entries().size(), 200u);
  EXPECT_THAT(HistoryFile::Open(path_).entries(), testing::Eq(file.entries()));
}

TEST_F(HistoryFileTest, RefusesWhatIsNoFile) {
  std::filesystem::create_directories(path_);
  EXPECT_THROW(HistoryFile::Open(path_), IoError);
}

}  // namespace
}  // namespace candor
