#include "format/model_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace candor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelFolderTest : public ::testing::Test {
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

TEST_F(ModelFolderTest, AFileOfTheFolderIsInside) {
  folder_.Write("model/config.json", "{}");
  folder_.Write("model/sub/x.json", "{}");
  EXPECT_EQ(ErrorOf("model", "config.json"), "");
  EXPECT_EQ(ErrorOf("model/../model/.", "config.json"), "");
  EXPECT_EQ(ErrorOf("model", "sub/x.json"), "");
}

TEST_F(ModelFolderTest, ALinkWithinTheFolderIsInside) {
  folder_.Write("model/real.json", "{}");
  Link("real.json", "model/config.json");
  Link("config.json", "model/again.json");
  EXPECT_EQ(ErrorOf("model", "again.json"), "");
}

TEST_F(ModelFolderTest, AFolderThatIsALinkIsFollowed) {
  folder_.Write("elsewhere/config.json", "{}");
  Link("elsewhere", "model");
  EXPECT_EQ(ErrorOf("model", "config.json"), "");
}

TEST_F(ModelFolderTest, ALinkOutOfTheFolderIsRefusedNamingItsTarget) {
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

TEST_F(ModelFolderTest, ALinkThroughTheFolderAndOutAgainIsRefused) {
  folder_.Write("secret.json", "{}");
  Link("../secret.json", "model/out.json");
  Link("out.json", "model/config.json");
  Link("..", "model/up");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("outside of the model's folder"));
  EXPECT_THAT(ErrorOf("model", "up/secret.json"), HasSubstr("outside of the model's folder"));
  EXPECT_THAT(ErrorOf("model", "../secret.json"), HasSubstr("outside of the model's folder"));
}

TEST_F(ModelFolderTest, AFolderWhoseNameBeginsTheSameIsOutside) {
  folder_.Write("model-private/config.json", "{}");
  Link("../model-private/config.json", "model/config.json");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("outside of the model's folder"));
}

TEST_F(ModelFolderTest, ALinkThatLeadsNowhereIsAnError) {
  Link("nothing.json", "model/config.json");
  Link("b", "model/a");
  Link("a", "model/b");
  EXPECT_THAT(ErrorOf("model", "config.json"), HasSubstr("model/config.json: No such file"));
  EXPECT_THAT(ErrorOf("model", "a"), HasSubstr("model/a: Too many levels of symbolic links"));
}

TEST_F(ModelFolderTest, ASnapshotOfTheHubsCacheMayLeadToItsOwnBlobs) {
  const std::string model = "models--org--name";
  folder_.Write(model + "/blobs/0123", "{}");
  Link("../../blobs/0123", model + "/snapshots/abc/config.json");
  EXPECT_EQ(ErrorOf(model + "/snapshots/abc", "config.json"), "");
}

TEST_F(ModelFolderTest, ASnapshotMayNotLeadAnywhereElse) {
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

TEST_F(ModelFolderTest, BlobsThatAreALinkThemselvesAreOutside) {
  folder_.Write("elsewhere/0123", "x");
  Link("../elsewhere", "models--a/blobs");
  Link("../../blobs/0123", "models--a/snapshots/abc/config.json");
  EXPECT_THAT(ErrorOf("models--a/snapshots/abc", "config.json"), HasSubstr("outside of the model's folder"));
}

TEST_F(ModelFolderTest, AFolderThatOnlyLooksLikeASnapshotHasNoBlobs) {
  folder_.Write("name/blobs/0123", "x");
  Link("../../blobs/0123", "name/snapshots/abc/config.json");
  EXPECT_THAT(ErrorOf("name/snapshots/abc", "config.json"), HasSubstr("outside of the model's folder"));
  folder_.Write("models--a/blobs/0123", "x");
  Link("../../blobs/0123", "models--a/other/abc/config.json");
  EXPECT_THAT(ErrorOf("models--a/other/abc", "config.json"), HasSubstr("outside of the model's folder"));
}

class OpenModelFolderTest : public ModelFolderTest {
 protected:
  void SetUp() override {
    folder_.Write("hf/config.json", "{}");
    folder_.Write("hf/model.safetensors", "x");
  }
  std::string ErrorOf(const std::string& folder) {
    try {
      OpenModelFolder(Path(folder));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(OpenModelFolderTest, OpensDocumentsThenWeightsByName) {
  folder_.Write("hf/a.safetensors", "x");
  folder_.Write("hf/tokenizer.json", "{}");
  folder_.Write("hf/chat_template.jinja", "");
  folder_.Write("hf/pytorch_model.bin", "not opened");
  folder_.Write("hf/sub/b.safetensors", "not opened");
  const FolderFiles open = OpenModelFolder(Path("hf"));
  EXPECT_THAT(open.names, ElementsAre("config.json", "tokenizer.json", "chat_template.jinja", "a.safetensors",
                                      "model.safetensors"));
  ASSERT_EQ(open.files.size(), open.names.size());
  for (size_t i = 0; i < open.names.size(); ++i) EXPECT_EQ(open.files[i].name(), Path("hf") / open.names[i]);
}

TEST_F(OpenModelFolderTest, SaysWhatIsNotThere) {
  EXPECT_THAT(ErrorOf("nothing"), HasSubstr("nothing: cannot list this folder: No such file"));
  folder_.Write("documents/config.json", "{}");
  EXPECT_THAT(ErrorOf("documents"), HasSubstr("documents: there is a config.json but no .safetensors file"));
  folder_.Write("weights/tokenizer.json", "{}");
  folder_.Write("weights/model.safetensors", "x");
  EXPECT_THAT(ErrorOf("weights"), HasSubstr("weights: no model: a folder needs a config.json"));
}

TEST_F(OpenModelFolderTest, OpensNothingOutsideOfTheFolder) {
  folder_.Write("secret.safetensors", "x");
  for (const char* name : {"hf/extra.safetensors", "hf/tokenizer.json"}) {
    Link("../secret.safetensors", name);
    EXPECT_THAT(ErrorOf("hf"), HasSubstr(std::string(name) + ": leads to "));
    fs::remove(Path(name));
  }
  Link("nowhere", "hf/chat_template.jinja");
  EXPECT_THAT(ErrorOf("hf"), HasSubstr("hf/chat_template.jinja: No such file"));
}

TEST_F(OpenModelFolderTest, OpensRegularFilesOnly) {
  fs::create_directory(Path("hf/tokenizer.json"));
  EXPECT_THAT(ErrorOf("hf"), HasSubstr("hf/tokenizer.json: not a regular file"));
  fs::remove(Path("hf/tokenizer.json"));
  ASSERT_EQ(::mkfifo(Path("hf/pipe.safetensors").c_str(), 0600), 0);
  EXPECT_THAT(ErrorOf("hf"), HasSubstr("hf/pipe.safetensors: not a regular file"));
}

TEST_F(OpenModelFolderTest, OpensAThousandShardsAndNoMore) {
  for (int i = 0; i < 1024; ++i) folder_.Write("hf/" + std::to_string(i) + ".safetensors", "");
  EXPECT_THAT(ErrorOf("hf"), HasSubstr("hf: 1025 .safetensors files, at most 1024 are opened"));
}

}  // namespace
}  // namespace candor
