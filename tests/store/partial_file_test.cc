#include "store/partial_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/disk.h"
#include "support/temporary_folder.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// printf abcdef | sha256sum
constexpr char kAbcdef[] = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
bool Never() {
  ADD_FAILURE() << "waits for a lock";
  return false;
}
bool Always(uint64_t, uint64_t) { return true; }

TEST(PartialFileTest, IsDeletedWithItsFolderUnlessKept) {
  const TemporaryFolder folder;
  {
    auto file = PartialFile::Open(folder.path() / ".partial" / "a.part", Never);
    file->Append(Bytes("abc"));
    EXPECT_THAT(folder.Contents(), ElementsAre(".partial", ".partial/a.part"));
  }
  EXPECT_THAT(folder.Contents(), IsEmpty());
}

TEST(PartialFileTest, KeptBytesAreResumedWithTheirDigest) {
  const TemporaryFolder folder;
  const auto path = folder.path() / ".partial" / "a.part";
  {
    auto file = PartialFile::Open(path, Never);
    file->Append(Bytes("abc"));
    file->Keep();
  }
  auto file = PartialFile::Open(path, Never);
  EXPECT_EQ(file->size(), 3u);
  EXPECT_TRUE(file->Resume(Always));
  file->Append(Bytes("def"));
  EXPECT_EQ(ToHex(file->Finish()), kAbcdef);
  EXPECT_TRUE(file->MoveTo(folder.path() / "a.gguf"));
  EXPECT_THAT(folder.Contents(), ElementsAre("a.gguf"));
  EXPECT_EQ(folder.Read("a.gguf"), "abcdef");
}

TEST(PartialFileTest, RestartForgetsWhatWasThere) {
  const TemporaryFolder folder;
  const auto path = folder.Write(".partial/a.part", "something longer than what follows");
  auto file = PartialFile::Open(path, Never);
  file->Restart();
  file->Append(Bytes("abcdef"));
  EXPECT_EQ(file->size(), 6u);
  EXPECT_EQ(ToHex(file->Finish()), kAbcdef);
  EXPECT_EQ(folder.Read(".partial/a.part"), "abcdef");
}

TEST(PartialFileTest, NeverReplacesAFile) {
  const TemporaryFolder folder;
  folder.Write("a.gguf", "old");
  {
    auto file = PartialFile::Open(folder.path() / ".partial" / "a.part", Never);
    file->Append(Bytes("new"));
    EXPECT_FALSE(file->MoveTo(folder.path() / "a.gguf"));
  }
  EXPECT_THAT(folder.Contents(), ElementsAre("a.gguf"));
  EXPECT_EQ(folder.Read("a.gguf"), "old");
}

TEST(PartialFileTest, ASecondOneWaitsForTheFirst) {
  const TemporaryFolder folder;
  const auto path = folder.path() / ".partial" / "a.part";
  auto first = PartialFile::Open(path, Never);
  int asked = 0;
  EXPECT_FALSE(PartialFile::Open(path, [&] { return ++asked < 2; }).has_value());
  EXPECT_EQ(asked, 2);

  // The first one finishes while the second waits: the second gets a fresh file, not the installed one.
  first->Append(Bytes("abc"));
  auto second = PartialFile::Open(path, [&] {
    if (first) {
      EXPECT_TRUE(first->MoveTo(folder.path() / "a.gguf"));
      first.reset();
    }
    return true;
  });
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->size(), 0u);
  second->Append(Bytes("zzz"));
  EXPECT_EQ(folder.Read("a.gguf"), "abc");
}

TEST(PartialFileTest, AKilledProcessLeavesItsBytesUnlocked) {
  const TemporaryFolder folder;
  const auto path = folder.path() / ".partial" / "a.part";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto file = PartialFile::Open(path, Never);
    file->Append(Bytes("abc"));
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(PartialFile::Open(path, [] { return false; }).has_value());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  auto file = PartialFile::Open(path, Never);
  EXPECT_EQ(file->size(), 3u);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(PartialFileTest, AWriteThatTheSystemRefusesIsAnErrorThatLeavesNothing) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4, 4};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    bool refused = false;
    try {
      auto file = PartialFile::Open(folder.path() / ".partial" / "a.part", Never);
      file->Append(Bytes("abcdef"));
    } catch (const IoError& error) {
      refused = std::string(error.what()).find("a.part: cannot write: ") != std::string::npos;
    }
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(folder.Contents(), IsEmpty());
}

TEST(PartialFileTest, RefusesASymbolicLink) {
  const TemporaryFolder folder;
  folder.Write("elsewhere", "mine");
  std::filesystem::create_directory(folder.path() / ".partial");
  std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / ".partial" / "a.part");
  EXPECT_THROW(PartialFile::Open(folder.path() / ".partial" / "a.part", Never), IoError);
  EXPECT_EQ(folder.Read("elsewhere"), "mine");
}

TEST(PartialFileTest, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  folder.Write("models", "a file where a folder is wanted");
  try {
    PartialFile::Open(folder.path() / "models" / ".partial" / "a.part", Never);
    ADD_FAILURE();
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("models/.partial"), std::string::npos) << error.what();
  }
}

TEST(DiskTest, FreeSpaceIsRequired) {
  EXPECT_NO_THROW(disk::RequireFreeSpace(::testing::TempDir(), 1));
  EXPECT_THROW(disk::RequireFreeSpace(::testing::TempDir(), uint64_t{1} << 62), IoError);
  EXPECT_THROW(disk::RequireFreeSpace(::testing::TempDir(), ~uint64_t{0}), IoError);
}

TEST(DiskTest, ReplacesAFileInOneStep) {
  const TemporaryFolder folder;
  folder.Write("a.json", "old and longer");
  disk::ReplaceFile(folder.path() / "a.json", "new");
  EXPECT_EQ(folder.Read("a.json"), "new");
  EXPECT_THAT(folder.Contents(), ElementsAre("a.json"));
}

}  // namespace
}  // namespace candor
