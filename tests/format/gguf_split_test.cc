#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_builder.h"

namespace candor {
namespace {

using ::testing::HasSubstr;

// What the parts of a split model say, each of which a test may falsify.
struct Part {
  uint16_t number;
  uint16_t count = 3;
  int32_t tensors = 3;
  std::string tensor = {};
  std::string extra_key = {};
};

class GgufSplitTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path PathOf(int number, int count = 3) const {
    char name[64];
    std::snprintf(name, sizeof name, "m-%05d-of-%05d.gguf", number, count);
    return folder_ / name;
  }

  void Write(const Part& part) const {
    GgufBuilder file(1, (part.number == 0 ? 4 : 3) + (part.extra_key.empty() ? 0 : 1));
    if (part.number == 0) file.String("general.architecture", "llama");
    if (!part.extra_key.empty()) file.String(part.extra_key, "gpt2");
    file.Number("split.no", 2, part.number);
    file.Number("split.count", 2, part.count);
    file.Number("split.tensors.count", 5, part.tensors);
    file.Tensor(part.tensor, {4, 2}, 0, 0);
    std::ofstream(PathOf(part.number + 1), std::ios::binary) << file.Finish(32);
  }

  Checkpoint Open() const {
    std::vector<File> files;
    for (const auto& path : GgufParts(PathOf(1))) files.push_back(File::Open(path));
    return OpenGguf(std::move(files));
  }

  // The message of the FormatError that opening ends with once `broken` replaces the second part.
  std::string MessageWith(const Part& broken) const {
    Write({.number = 0, .tensor = "a"});
    Write(broken);
    Write({.number = 2, .tensor = "c"});
    try {
      Open();
    } catch (const FormatError& error) {
      return error.what();
    }
    return "no FormatError";
  }

  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("candor_split_test_" + std::to_string(::getpid()));
};

TEST_F(GgufSplitTest, PartsMakeOneCheckpoint) {
  Write({.number = 0, .tensor = "b"});
  Write({.number = 1, .tensor = "a"});
  Write({.number = 2, .tensor = "c"});
  const Checkpoint checkpoint = Open();
  EXPECT_EQ(checkpoint.metadata.RequireString("general.architecture"), "llama");
  ASSERT_EQ(checkpoint.tensors.size(), 3u);
  EXPECT_EQ(checkpoint.FindTensor("b")->file, 0u);
  EXPECT_EQ(checkpoint.FindTensor("a")->file, 1u);
  EXPECT_EQ(checkpoint.FindTensor("c")->file, 2u);
  std::string order;
  const auto digests =
      StreamTensors(checkpoint, {}, [&](const TensorPiece& p) { order += checkpoint.tensors[p.tensor].name; });
  EXPECT_EQ(order, "bac");
  for (int i = 0; i < 3; ++i) {
    Sha256 hash;
    hash.Update(AsBytes(ReadWholeFile(PathOf(i + 1), 4096)));
    EXPECT_EQ(digests[i], hash.Finish());
  }
}

TEST_F(GgufSplitTest, PartsThatDisagreeAreRefused) {
  EXPECT_THAT(MessageWith({.number = 1, .count = 4, .tensor = "b"}), HasSubstr("split.count\": expected 3, found 4"));
  EXPECT_THAT(MessageWith({.number = 1, .tensors = 4, .tensor = "b"}),
              HasSubstr("split.tensors.count\": expected 3, found 4"));
  EXPECT_THAT(MessageWith({.number = 1, .tensor = "c"}), HasSubstr("tensor \"c\" appears twice"));
  EXPECT_THAT(MessageWith({.number = 1, .tensor = "b", .extra_key = "general.architecture"}),
              HasSubstr("\"general.architecture\": found \"gpt2\", the first part has \"llama\""));
  EXPECT_THAT(MessageWith({.number = 1, .tensor = "b", .extra_key = "x"}),
              HasSubstr("the first part does not have it"));
}

TEST_F(GgufSplitTest, PartsOutOfOrderAreRefused) {
  Write({.number = 0, .tensor = "a"});
  Write({.number = 1, .tensor = "b"});
  Write({.number = 2, .tensor = "c"});
  std::vector<File> files;
  for (int part : {1, 3, 2}) files.push_back(File::Open(PathOf(part)));
  EXPECT_THROW(OpenGguf(std::move(files)), FormatError);
}

TEST_F(GgufSplitTest, OnePartAloneIsRefused) {
  Write({.number = 0, .tensor = "a"});
  std::vector<File> files;
  files.push_back(File::Open(PathOf(1)));
  EXPECT_THROW(OpenGguf(std::move(files)), FormatError);
}

TEST_F(GgufSplitTest, NamesOfParts) {
  EXPECT_EQ(GgufParts("a/b.gguf"), (std::vector<std::filesystem::path>{"a/b.gguf"}));
  EXPECT_EQ(GgufParts("a/m-1-of-2.gguf").size(), 1u);  // not the naming of split models
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      GgufParts(path);
    } catch (const FormatError& error) {
      return error.what();
    }
    return "no FormatError";
  };
  Write({.number = 0, .tensor = "a"});
  EXPECT_THAT(message(PathOf(1)), HasSubstr("m-00002-of-00003.gguf: part 2 of 3 of the split model is missing"));
  EXPECT_THAT(message(PathOf(2)), HasSubstr("name the first part, m-00001-of-00003.gguf"));
  EXPECT_THAT(message(PathOf(4)), HasSubstr("part 4 of 3"));
  EXPECT_THAT(message(PathOf(0)), HasSubstr("part 0 of 3"));
  EXPECT_THAT(message(PathOf(1, 0)), HasSubstr("part 1 of 0"));
  EXPECT_THAT(message(PathOf(1, 99999)), HasSubstr("part 1 of 99999"));
  EXPECT_EQ(GgufParts(PathOf(1, 1).replace_filename("x-00001-of-00001.gguf.bak")).size(), 1u);
}

}  // namespace
}  // namespace candor
