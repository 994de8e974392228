#include "cli/model_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/store_folder.h"
#include "support/temporary_folder.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelArgumentTest : public ::testing::Test {
 protected:
  ModelFiles Open(const std::string& model) { return OpenModel({.model = model, .store = (folder_.path() / "store")}); }
  std::string ErrorOf(const std::string& model) {
    try {
      Open(model);
    } catch (const Error& error) {
      return error.what();
    }
    return "opened";
  }
  std::string Path(const std::string& name) { return folder_.path() / name; }

  TemporaryFolder folder_;
};

TEST_F(ModelArgumentTest, OpensANameInTheStore) {
  folder_.Write("store/small.gguf", "GGUF and so on");
  const ModelFiles model = Open("small");
  EXPECT_EQ(model.format, CheckpointFormat::kGguf);
  EXPECT_EQ(model.name, "small");
  EXPECT_EQ(model.files.size(), 1u);
  EXPECT_EQ(model.files[0].size(), 14u);
}

TEST_F(ModelArgumentTest, OpensAPath) {
  folder_.Write("somewhere/My Model.gguf", "GGUF and so on");
  EXPECT_EQ(Open(Path("somewhere/My Model.gguf")).name, "My-Model");
}

TEST_F(ModelArgumentTest, OpensAllPartsOfASplitModel) {
  folder_.Write("big-00001-of-00002.gguf", "GGUF");
  EXPECT_THAT(ErrorOf(Path("big-00001-of-00002.gguf")), HasSubstr("big-00002-of-00002.gguf"));
  folder_.Write("big-00002-of-00002.gguf", "GGUF");
  const ModelFiles model = Open(Path("big-00001-of-00002.gguf"));
  EXPECT_EQ(model.name, "big");
  EXPECT_THAT(model.file_names, ElementsAre("big-00001-of-00002.gguf", "big-00002-of-00002.gguf"));
  EXPECT_THAT(ErrorOf(Path("big-00002-of-00002.gguf")), HasSubstr("big-00001-of-00002.gguf"));
}

TEST_F(ModelArgumentTest, OpensAFolderOfSafetensors) {
  folder_.Write("hf/config.json", "{}");
  folder_.Write("hf/tokenizer.json", "{}");
  folder_.Write("hf/model-00002-of-00002.safetensors", "x");
  folder_.Write("hf/model-00001-of-00002.safetensors", "x");
  folder_.Write("hf/pytorch_model.bin", "not opened");
  const ModelFiles model = Open(Path("hf/"));
  EXPECT_EQ(model.format, CheckpointFormat::kSafetensors);
  EXPECT_EQ(model.name, "hf");
  EXPECT_THAT(model.file_names, ElementsAre("config.json", "tokenizer.json", "model-00001-of-00002.safetensors",
                                            "model-00002-of-00002.safetensors"));
  EXPECT_EQ(model.files.size(), 4u);
}

TEST_F(ModelArgumentTest, OpensNothingOutsideOfAFolder) {
  folder_.Write("secret.json", "{}");
  folder_.Write("hf/config.json", "{}");
  folder_.Write("hf/model.safetensors", "x");
  std::filesystem::create_symlink("../secret.json", Path("hf/tokenizer.json"));
  EXPECT_THAT(ErrorOf(Path("hf")), HasSubstr("hf/tokenizer.json: leads to "));
}

TEST_F(ModelArgumentTest, SaysWhatAFolderLacks) {
  std::filesystem::create_directory(Path("empty"));
  EXPECT_THAT(ErrorOf(Path("empty")), HasSubstr("config.json"));
  folder_.Write("config/config.json", "{}");
  EXPECT_THAT(ErrorOf(Path("config")), HasSubstr("no .safetensors"));
  folder_.Write("ggufs/b.gguf", "GGUF");
  folder_.Write("ggufs/a.gguf", "GGUF");
  EXPECT_THAT(ErrorOf(Path("ggufs")), HasSubstr("a.gguf"));
}

TEST_F(ModelArgumentTest, AnUnknownNameComesWithASuggestion) {
  EXPECT_THAT(ErrorOf("smollm2-135m"), HasSubstr("candor pull smollm2-135m"));
  EXPECT_THAT(ErrorOf("smollm-135m"), HasSubstr("did you mean smollm2-135m? Fetch it with: candor pull smollm2-135m"));
  EXPECT_THAT(ErrorOf("nothing-like-it"), HasSubstr("holds none yet; fetch one with: candor pull"));
  folder_.Write("store/my-model.gguf", "GGUF");
  EXPECT_THAT(ErrorOf("my-modle"), HasSubstr("did you mean my-model?"));
  EXPECT_THAT(ErrorOf("nothing-like-it"), HasSubstr("candor list"));
  folder_.Write("store/.partial/half-0123456789abcdef.part", "GGUF");
  EXPECT_THAT(ErrorOf("half"), HasSubstr("interrupted"));
}

TEST_F(ModelArgumentTest, AMissingPathIsNamed) {
  EXPECT_EQ(ErrorOf("./nowhere"), "./nowhere: no such file or folder");
  EXPECT_EQ(ErrorOf("nowhere.gguf"), "nowhere.gguf: no such file or folder");
}

TEST_F(ModelArgumentTest, OtherFormatsAreRefusedByNameWhenTheyAreRead) {
  const auto error_of = [&](const std::string& name) -> std::string {
    ModelFiles files = Open(Path(name));
    try {
      OpenCheckpoint(std::move(files));
    } catch (const FormatError& error) {
      return error.what();
    }
    return "opened";
  };
  folder_.Write("model.gguf", "\x80\x04\x95");
  EXPECT_THAT(error_of("model.gguf"), HasSubstr("model.gguf: a Python pickle"));
  folder_.Write("pytorch_model.bin", "PK\x03\x04");
  EXPECT_THAT(error_of("pytorch_model.bin"), HasSubstr("pickle"));
  folder_.Write("lfs.gguf", "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_THAT(error_of("lfs.gguf"), HasSubstr("git lfs pull"));
  folder_.Write("empty.gguf", "");
  EXPECT_THAT(error_of("empty.gguf"), HasSubstr("an empty file"));
}

TEST_F(ModelArgumentTest, KnowsAModelOfTheStoreByItsPathToo) {
  folder_.Write("store/small.gguf", "GGUF");
  folder_.Write("store/My Model.gguf", "GGUF");
  folder_.Write("elsewhere/small.gguf", "GGUF");
  ASSERT_TRUE(Open("small").stored.has_value());
  ASSERT_TRUE(Open(Path("store/small.gguf")).stored.has_value());
  EXPECT_EQ(Open(Path("store/../store/small.gguf")).stored->name, "small");
  EXPECT_FALSE(Open(Path("store/My Model.gguf")).stored.has_value());
  EXPECT_FALSE(Open(Path("elsewhere/small.gguf")).stored.has_value());
}

TEST(StoreFolderTest, FollowsFlagThenEnvironment) {
  ::unsetenv("CANDOR_MODELS");
  ::unsetenv("XDG_DATA_HOME");
  ::setenv("HOME", "/somebody", 1);
  EXPECT_EQ(StoreFolder(""), "/somebody/.local/share/candor/models");
  ::setenv("XDG_DATA_HOME", "relative", 1);
  EXPECT_EQ(StoreFolder(""), "/somebody/.local/share/candor/models");
  ::setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(StoreFolder(""), "/data/candor/models");
  ::setenv("CANDOR_MODELS", "/models", 1);
  EXPECT_EQ(StoreFolder(""), "/models");
  EXPECT_EQ(StoreFolder("given"), "given");
  ::unsetenv("CANDOR_MODELS");
  ::unsetenv("XDG_DATA_HOME");
  ::unsetenv("HOME");
  EXPECT_THROW(StoreFolder(""), UsageError);
}

}  // namespace
}  // namespace candor
