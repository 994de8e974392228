#include "cli/folder_file.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "store/temporary_folder.h"

namespace candor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FolderFileTest : public ::testing::Test {
 protected:
  fs::path Path(const std::string& name) const { return folder_.path() / name; }
  void Link(const std::string& target, const std::string& name) {
    fs::create_directories(Path(name).parent_path());
    fs::create_symlink(target, Path(name));
  }
  // "" when the file may be opened.
  std::string ErrorOf(const std::string& folder, const std::string& name) {
    try {
      RequireInsideFolder(Path(folder), name);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(FolderFileTest, AFileOfTheFolderIsInside) {
  folder_.Write("model/config.json", "{}");
  folder_.Write("model/sub/x.json", "{}");
  EXPECT_EQ(ErrorOf("model", "config.json"), "");
  EXPECT_EQ(ErrorOf("model/../model/.", "config.json"), "");
  EXPECT_EQ(ErrorOf("model", "sub/x.json"), "");
}

TEST_F(FolderFileTest, ALinkWithinTheFolderIsInside) {
  folder_.Write("model/real.json", "{}");
  Link("real.json", "model/config.json");
  Link("config.json", "model/again.json");
  EXPECT_EQ(ErrorOf("model", "again.json"), "");
}

TEST_F(FolderFileTest, AFolderThatIsALinkIsFollowed) {
  folder_.Write("elsewhere/config.json", "{}");
  Link("elsewhere", "model");
  EXPECT_EQ(ErrorOf("model", "config.json"), "");
}

TEST_F(FolderFileTest, ALinkOutOfTheFolderIsRefusedNamingItsTarget) {
  folder_.Write("secret.json", "{}");
  folder_.Write("model/inside.json", "{}");
  Link("../secret.json", "model/config.json");
  Link(Path("secret.json"), "model/absolute.json");
  Link("/etc/passwd", "model/tokenizer.json");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("model/config.json: leads to "));
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("/secret.json, outside of the model's folder"));
  EXPECT_THAT(ErrorOf("model", "absolute.json"), HasSubstr("outside of the model's folder"));
  EXPECT_THAT(ErrorOf("model", "tokenizer.json"), HasSubstr("leads to /etc/passwd, outside"));
}

TEST_F(FolderFileTest, ALinkThroughTheFolderAndOutAgainIsRefused) {
  folder_.Write("secret.json", "{}");
  Link("../secret.json", "model/out.json");
  Link("out.json", "model/config.json");
  Link("..", "model/up");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("outside of the model's folder"));
  EXPECT_THAT(ErrorOf("model", "up/secret.json"), HasSubstr("outside of the model's folder"));
  EXPECT_THAT(ErrorOf("model", "../secret.json"), HasSubstr("outside of the model's folder"));
}

TEST_F(FolderFileTest, AFolderWhoseNameBeginsTheSameIsOutside) {
  folder_.Write("model-private/config.json", "{}");
  Link("../model-private/config.json", "model/config.json");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("outside of the model's folder"));
}

TEST_F(FolderFileTest, ALinkThatLeadsNowhereIsAnError) {
  Link("nothing.json", "model/config.json");
  Link("b", "model/a");
  Link("a", "model/b");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("model/config.json: No such file"));
  EXPECT_THAT(ErrorOf("model", "a"), HasSubstr("model/a: Too many levels of symbolic links"));
}

TEST_F(FolderFileTest, ASnapshotOfTheHubsCacheMayLeadToItsOwnBlobs) {
  const std::string model = "models--org--name";
  folder_.Write(model + "/blobs/0123", "{}");
  Link("../../blobs/0123", model + "/snapshots/abc/config.json");
  EXPECT_EQ(ErrorOf(model + "/snapshots/abc", "config.json"), "");
}

TEST_F(FolderFileTest, ASnapshotMayNotLeadAnywhereElse) {
  const std::string model = "models--org--name";
  folder_.Write(model + "/refs/main", "x");
  folder_.Write(model + "/blobs/sub/0123", "x");
  folder_.Write("models--other--name/blobs/0123", "x");
  Link("../../refs/main", model + "/snapshots/abc/ref");
  Link("../../blobs/sub/0123", model + "/snapshots/abc/sub");
  Link("../../../models--other--name/blobs/0123", model + "/snapshots/abc/other");
  for (const char* name : {"ref", "sub", "other"}) {
    EXPECT_THAT(ErrorOf(model + "/snapshots/abc", name), HasSubstr("outside of the model's folder")) << name;
  }
}

TEST_F(FolderFileTest, BlobsThatAreALinkThemselvesAreOutside) {
  folder_.Write("elsewhere/0123", "x");
  Link("../elsewhere", "models--a/blobs");
  Link("../../blobs/0123", "models--a/snapshots/abc/config.json");
  EXPECT_THAT(ErrorOf("models--a/snapshots/abc", "config.json"), HasSubstr("outside of the model's folder"));
}

TEST_F(FolderFileTest, AFolderThatOnlyLooksLikeASnapshotHasNoBlobs) {
  folder_.Write("name/blobs/0123", "x");
  Link("../../blobs/0123", "name/snapshots/abc/config.json");
  EXPECT_THAT(ErrorOf("name/snapshots/abc", "config.json"), HasSubstr("outside of the model's folder"));
  folder_.Write("models--a/blobs/0123", "x");
  Link("../../blobs/0123", "models--a/other/abc/config.json");
  EXPECT_THAT(ErrorOf("models--a/other/abc", "config.json"), HasSubstr("outside of the model's folder"));
}

}  // namespace
}  // namespace candor
