#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"

namespace candor {
namespace {

class FileTest : public ::testing::Test {
 protected:
  std::filesystem::path path_ = std::filesystem::path(::testing::TempDir()) / "candor_file_test";
  void SetUp() override { std::ofstream(path_) << "0123456789"; }
  void TearDown() override { std::filesystem::remove(path_); }
};

TEST_F(FileTest, ReadsAtAnOffset) {
  const File file = File::Open(path_);
  EXPECT_EQ(file.size(), 10u);
  std::array<std::byte, 3> bytes;
  file.ReadAt(7, bytes);
  EXPECT_EQ(std::to_integer<char>(bytes[0]), '7');
  EXPECT_EQ(std::to_integer<char>(bytes[2]), '9');
}

TEST_F(FileTest, ReadingPastTheEndIsAnError) {
  const File file = File::Open(path_);
  std::array<std::byte, 3> bytes;
  EXPECT_THROW(file.ReadAt(8, bytes), IoError);
}

TEST_F(FileTest, AFileThatShrankIsAnError) {
  const File file = File::Open(path_);
  std::filesystem::resize_file(path_, 2);
  std::array<std::byte, 3> bytes;
  EXPECT_THROW(file.ReadAt(0, bytes), IoError);
}

TEST_F(FileTest, RefusesWhatIsNotARegularFile) {
  EXPECT_THROW(File::Open(::testing::TempDir()), IoError);
  EXPECT_THROW(File::Open("/dev/zero"), IoError);
  const std::string pipe = ::testing::TempDir() + "/candor_pipe";
  ::mkfifo(pipe.c_str(), 0600);
  EXPECT_THROW(File::Open(pipe), IoError);  // and does not wait for a writer
  std::filesystem::remove(pipe);
  EXPECT_THROW(File::Open("/nowhere/at/all"), IoError);
}

TEST_F(FileTest, WholeFileIsBounded) {
  EXPECT_EQ(ReadWholeFile(path_, 10), "0123456789");
  EXPECT_THROW(ReadWholeFile(path_, 9), LimitError);
}

}  // namespace
}  // namespace candor
