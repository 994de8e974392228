#include "cli/pending_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "ipc/seal.h"
#include "support/temporary_folder.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PendingFileTest : public ::testing::Test {
 protected:
  void Write(const PendingFile& file) { ASSERT_EQ(::write(file.descriptor(), "new", 3), 3); }
  mode_t Mode(const std::string& name) const {
    struct stat status;
    EXPECT_EQ(::stat((folder_.path() / name).c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  TemporaryFolder folder_;
};

TEST_F(PendingFileTest, HasItsNameWhenItIsCommitted) {
  const mode_t before = ::umask(027);
  PendingFile file(folder_.path() / "x");
  ::umask(before);
  Write(file);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x"));
  file.Commit();
  EXPECT_THAT(folder_.Contents(), ElementsAre("x"));
  EXPECT_EQ(folder_.Read("x"), "new");
  EXPECT_EQ(Mode("x"), 0640u);
}

TEST_F(PendingFileTest, TakesTheModeOfWhatItReplacesAndLeavesLinks) {
  ::chmod(folder_.Write("x", "old").c_str(), 0604);
  std::filesystem::create_symlink("x", folder_.path() / "link");
  PendingFile file(folder_.path() / "link");
  Write(file);
  file.Commit();
  EXPECT_THAT(folder_.Contents(), ElementsAre("link", "x"));
  EXPECT_EQ(folder_.Read("x"), "new");
  EXPECT_EQ(Mode("x"), 0604u);
}

TEST_F(PendingFileTest, LeavesWhatWasThereWhenItIsNotCommitted) {
  folder_.Write("x", "old");
  {
    PendingFile file(folder_.path() / "x");
    PendingFile other(folder_.path() / "y");
    Write(file);
    Write(other);
  }
  EXPECT_THAT(folder_.Contents(), ElementsAre("x"));
  EXPECT_EQ(folder_.Read("x"), "old");
}

// A process of its own: sealing cannot be undone.
TEST_F(PendingFileTest, WorksInASealedProcess) {
  for (const bool commit : {true, false}) {
    const pid_t child = ::fork();
    if (child == 0) {
      PendingFile file(folder_.path() / "x");
      SealProcess();
      if (commit) file.Commit();
      file.~PendingFile();
      ::_exit(::unlink((folder_.path() / "x").c_str()) == 0 ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_THAT(folder_.Contents(), SizeIs(commit ? 1 : 0));
    std::filesystem::remove(folder_.path() / "x");
  }
}

TEST_F(PendingFileTest, IsRemovedWhenItsProcessIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    PendingFile file(folder_.path() / "x");
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  for (int i = 0; i < 500 && !folder_.Contents().empty(); ++i) ::usleep(10000);
  EXPECT_THAT(folder_.Contents(), IsEmpty());
}

TEST_F(PendingFileTest, WorksBesideManyOpenFiles) {
  std::vector<int> open;
  for (int i = 0; i < 200; ++i) open.push_back(::dup(0));
  PendingFile file(folder_.path() / "x");
  for (const int descriptor : open) ::close(descriptor);
  file.Commit();
  EXPECT_THAT(folder_.Contents(), ElementsAre("x"));
}

TEST_F(PendingFileTest, ADeviceIsWrittenItself) {
  PendingFile file("/dev/null");
  Write(file);
  file.Commit();
  EXPECT_THROW(PendingFile("/"), IoError);
}

}  // namespace
}  // namespace candor
