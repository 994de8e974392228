#include "store/model_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// printf abc | sha256sum, printf de | sha256sum
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kDe[] = "959a45d44e6fcf58361ed004681556fe50129f2109e817dec098c00c9e5d2578";

class ModelStoreTest : public ::testing::Test {
 protected:
  // A finished download of `text`.
  PartialFile Finished(const std::string& name, const std::string& source, const std::string& text) {
    auto file = PartialFile::Open(store_.PartialPath(name, source, ""), [] { return false; });
    file->Restart();
    file->Append(std::as_bytes(std::span(text)));
    digests_.push_back(file->Finish());
    return std::move(*file);
  }
  bool Install(const std::string& name, const std::vector<std::string>& parts) {
    digests_.clear();
    std::vector<PartialFile> files;
    for (size_t i = 0; i < parts.size(); ++i) files.push_back(Finished(name, "part" + std::to_string(i), parts[i]));
    return store_.Install(name, std::move(files), digests_, ATest());
  }
  static ModelRecord ATest() { return {.source = "a test", .installed = "", .files = {}}; }
  void WritePartial(const std::string& name) {
    folder_.Write(store_.PartialPath(name, "x", "").lexically_relative(folder_.path()), "half");
  }

  TemporaryFolder folder_;
  ModelStore store_{folder_.path()};
  std::vector<Sha256Digest> digests_;
};

TEST_F(ModelStoreTest, AStoreThatIsNotThereIsEmpty) {
  const ModelStore store(folder_.path() / "nowhere");
  EXPECT_THAT(store.List(), IsEmpty());
  EXPECT_THAT(store.Partials(), IsEmpty());
  EXPECT_FALSE(store.Find("a").has_value());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "nowhere"));
}

TEST_F(ModelStoreTest, InstallsAModelWithItsRecord) {
  ASSERT_TRUE(Install("small", {"abc"}));
  EXPECT_THAT(folder_.Contents(), ElementsAre("small.gguf", "small.json"));
  const auto model = store_.Find("small");
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(model->bytes, 3u);
  EXPECT_THAT(model->files, ElementsAre(folder_.path() / "small.gguf"));
  ASSERT_TRUE(model->record.has_value());
  EXPECT_EQ(model->record->source, "a test");
  EXPECT_THAT(model->record->files, ElementsAre(ModelRecord::FileRecord{"small.gguf", 3, kAbc}));
  EXPECT_EQ(model->record->installed.size(), std::string("2026-11-22T06:15:00Z").size());
}

TEST_F(ModelStoreTest, InstallsAllPartsOfASplitModel) {
  ASSERT_TRUE(Install("big", {"abc", "de"}));
  EXPECT_THAT(folder_.Contents(), ElementsAre("big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "big.json"));
  const auto model = store_.Find("big");
  ASSERT_TRUE(model && model->record);
  EXPECT_EQ(model->bytes, 5u);
  EXPECT_EQ(model->files.size(), 2u);
  EXPECT_THAT(model->record->files, ElementsAre(ModelRecord::FileRecord{"big-00001-of-00002.gguf", 3, kAbc},
                                                ModelRecord::FileRecord{"big-00002-of-00002.gguf", 2, kDe}));
  EXPECT_EQ(store_.List().size(), 1u);
}

TEST_F(ModelStoreTest, NeverGivesANameToOtherContents) {
  ASSERT_TRUE(Install("small", {"abc"}));
  EXPECT_FALSE(Install("small", {"de"}));
  EXPECT_FALSE(Install("small", {"de", "abc"}));
  EXPECT_THAT(folder_.Contents(), ElementsAre("small.gguf", "small.json"));
  EXPECT_EQ(folder_.Read("small.gguf"), "abc");
}

TEST_F(ModelStoreTest, AProcessThatDiedBetweenTwoPartsIsCleanedUpAfter) {
  folder_.Write("big-00002-of-00002.gguf", "left by a process that died");
  EXPECT_FALSE(store_.Find("big").has_value());
  EXPECT_THAT(store_.List(), IsEmpty());
  ASSERT_TRUE(Install("big", {"abc", "de"}));
  EXPECT_EQ(folder_.Read("big-00002-of-00002.gguf"), "de");
}

TEST_F(ModelStoreTest, RemovesPartsThatAProcessLeft) {
  folder_.Write("big-00002-of-00002.gguf", "left by a process that died");
  EXPECT_TRUE(store_.Remove("big"));
  EXPECT_THAT(folder_.Contents(), IsEmpty());
}

TEST_F(ModelStoreTest, AFileThatWasCopiedInIsAModelWithoutARecord) {
  folder_.Write("copied.gguf", "abc");
  folder_.Write("not a name.gguf", "abc");
  folder_.Write("notes.txt", "abc");
  ASSERT_EQ(store_.List().size(), 1u);
  EXPECT_EQ(store_.List()[0].name, "copied");
  EXPECT_FALSE(store_.List()[0].record.has_value());
}

TEST_F(ModelStoreTest, ARecordOfOtherOrBrokenContentsIsNotBelieved) {
  ASSERT_TRUE(Install("small", {"abc"}));
  EXPECT_EQ(store_.Find("small")->record_problem, "");
  const std::string record = folder_.Read("small.json");
  folder_.Write("small.gguf", "abcd");
  EXPECT_FALSE(store_.Find("small")->record.has_value());
  EXPECT_THAT(store_.Find("small")->record_problem,
              HasSubstr("small.gguf had 3 bytes when it was pulled, now it has 4"));
  folder_.Write("small.gguf", "abc");
  EXPECT_TRUE(store_.Find("small")->record.has_value());
  folder_.Write("small.json", "{");
  EXPECT_FALSE(store_.Find("small")->record.has_value());
  EXPECT_THAT(store_.Find("small")->record_problem, HasSubstr("small.json: not JSON"));
  folder_.Write("big-00001-of-00002.gguf", "a");
  folder_.Write("big-00002-of-00002.gguf", "b");
  folder_.Write("big.json", record);
  EXPECT_THAT(store_.Find("big")->record_problem, HasSubstr("big.json: \"files\": 1 files; there are 2"));
  std::filesystem::remove(folder_.path() / "small.json");
  std::filesystem::create_directory(folder_.path() / "small.json");
  EXPECT_THAT(store_.Find("small")->record_problem, HasSubstr("not a regular file"));
}

TEST_F(ModelStoreTest, TheRecordOfAModelThatIsGoneDoesNotSpeakOfTheNext) {
  ASSERT_TRUE(Install("small", {"abc"}));
  std::filesystem::remove(folder_.path() / "small.gguf");
  std::filesystem::create_directory(folder_.path() / "small.json.new");  // so that its own cannot be written
  EXPECT_THROW(Install("small", {"de"}), IoError);
  EXPECT_FALSE(store_.Find("small")->record.has_value());
  EXPECT_EQ(store_.Find("small")->record_problem, "");
}

TEST_F(ModelStoreTest, WritesARecordAfterwards) {
  folder_.Write("copied.gguf", "abc");
  Sha256 hash;
  hash.Update(std::as_bytes(std::span("abc", 3)));
  store_.WriteRecord(*store_.Find("copied"), {hash.Finish()}, ATest());
  ASSERT_TRUE(store_.Find("copied")->record.has_value());
  EXPECT_EQ(store_.Find("copied")->record->files[0].sha256, kAbc);
}

TEST_F(ModelStoreTest, RemovesAModelWithAllThatBelongsToIt) {
  ASSERT_TRUE(Install("big", {"abc", "de"}));
  ASSERT_TRUE(Install("big-2", {"abc"}));
  WritePartial("big");
  folder_.Write(".partial/big-0123456789abcdef.packages/some.whl", "half");
  EXPECT_TRUE(store_.Remove("big"));
  EXPECT_THAT(folder_.Contents(), ElementsAre("big-2.gguf", "big-2.json"));
  EXPECT_FALSE(store_.Remove("big"));
}

TEST_F(ModelStoreTest, LeavesADownloadUnderWayAlone) {
  auto file = PartialFile::Open(store_.PartialPath("small", "x", ""), [] { return false; });
  EXPECT_FALSE(store_.Remove("small"));
  EXPECT_TRUE(std::filesystem::exists(file->path()));
}

TEST_F(ModelStoreTest, ListsInterruptedDownloads) {
  WritePartial("small");
  folder_.Write(".partial/README", "not ours");
  ASSERT_EQ(store_.Partials().size(), 1u);
  EXPECT_EQ(store_.Partials()[0].name, "small");
  EXPECT_EQ(store_.Partials()[0].bytes, 4u);
  EXPECT_THAT(store_.List(), IsEmpty());
}

TEST_F(ModelStoreTest, DownloadsOfOtherThingsDoNotShareBytes) {
  const auto path = store_.PartialPath("a", "url", kAbc);
  EXPECT_EQ(store_.PartialPath("a", "url", kAbc), path);
  EXPECT_NE(store_.PartialPath("b", "url", kAbc), path);
  EXPECT_NE(store_.PartialPath("a", "other", kAbc), path);
  EXPECT_NE(store_.PartialPath("a", "url", kDe), path);
  EXPECT_NE(store_.PartialPath("a", "url", ""), path);
}

TEST_F(ModelStoreTest, NamesThatLeaveTheFolderAreRefused) {
  for (const char* name : {"../x", "/etc/x", "a/b", "..", "", ".partial", "a..b"}) {
    EXPECT_FALSE(store_.Find(name).has_value()) << name;
    EXPECT_THROW(store_.PartialPath(name, "x", ""), UsageError) << name;
    EXPECT_THROW(store_.Remove(name), UsageError) << name;
  }
}

// Kills a process at many instants of installing and removing, and looks at what is there.
TEST_F(ModelStoreTest, HoldsWholeModelsOnlyWhateverInstantAProcessDiesAt) {
  const std::string content(100000, 'x');
  int installed = 0;
  for (int round = 0; round < 60; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) {
        Install("m", {content, content});
        store_.Remove("m");
      }
    }
    ::usleep(static_cast<useconds_t>(500 + 170 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (const auto model = store_.Find("m")) {
      ++installed;
      ASSERT_EQ(folder_.Read(model->files[0].filename()).size(), content.size());
      ASSERT_EQ(folder_.Read(model->files[1].filename()).size(), content.size());
    }
    Install("m", {content, content});
    ASSERT_TRUE(store_.Find("m").has_value()) << round;
    store_.Remove("m");
    ASSERT_THAT(folder_.Contents(), IsEmpty()) << round;
  }
  EXPECT_GT(installed, 0);
}

}  // namespace
}  // namespace candor
