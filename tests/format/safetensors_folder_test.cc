// Checkpoints of several files: which are read, what the index must agree with, and what of the documents is refused.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "base/error.h"
#include "base/utf8.h"
#include "format/safetensors.h"
#include "format/safetensors_builder.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Folder = std::map<std::string, std::string>;  // text by name

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";

File InMemory(const std::string& name, const std::string& text) {
  const int descriptor = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  EXPECT_EQ(::write(descriptor, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return File(descriptor, "folder/" + name);
}

Checkpoint Open(const Folder& folder) {
  std::vector<File> files;
  std::vector<std::string> names;
  for (const auto& [name, text] : folder) {
    files.push_back(InMemory(name, text));
    names.push_back(name);
  }
  return OpenSafetensors(std::move(files), names);
}

std::string ErrorOf(const Folder& folder) {
  try {
    Open(folder);
  } catch (const Error& error) {
    EXPECT_TRUE(IsPrintable(error.what()));
    return error.what();
  }
  return "";
}

// One tensor of two F32 values.
std::string FileOf(const std::string& tensor) {
  return SafetensorsBytes(HeaderOf({TensorEntry(tensor, "F32", "[2]", 0, 8)}), 8);
}
std::string IndexOf(const std::string& weight_map) {
  return "{\"metadata\": {\"total_size\": 16}, \"weight_map\": {" + weight_map + "}}";
}
std::string Both() { return IndexOf(std::string("\"a\": \"") + kFirst + "\", \"b\": \"" + kSecond + "\""); }

Folder Single() { return {{"config.json", "{\"model_type\": \"x\"}"}, {"model.safetensors", FileOf("a")}}; }
Folder Sharded() { return {{"config.json", "{}"}, {kIndex, Both()}, {kFirst, FileOf("a")}, {kSecond, FileOf("b")}}; }
Folder With(Folder folder, const std::string& name, std::string text) {
  folder[name] = std::move(text);
  return folder;
}
Folder Without(Folder folder, const std::string& name) {
  folder.erase(name);
  return folder;
}

TEST(SafetensorsFolderTest, OneFileIsReadWhole) {
  const Folder folder = Single();
  const Checkpoint checkpoint = Open(folder);
  EXPECT_EQ(checkpoint.format, CheckpointFormat::kSafetensors);
  EXPECT_EQ(checkpoint.source, "folder");
  EXPECT_EQ(checkpoint.metadata.source(), "folder/config.json");
  EXPECT_EQ(checkpoint.metadata.RequireString("model_type"), "x");
  ASSERT_EQ(checkpoint.files.size(), 1u);
  const std::string& file = folder.at("model.safetensors");
  ASSERT_EQ(checkpoint.headers[0].size(), file.size() - 8);
  EXPECT_EQ(std::memcmp(checkpoint.headers[0].data(), file.data(), file.size() - 8), 0);
  Sha256 hash;
  hash.Update(BytesOf(file));
  EXPECT_EQ(StreamTensors(checkpoint, {}, nullptr).at(0), hash.Finish());
  std::string bytes;
  StreamTensors(checkpoint, {}, [&](const TensorPiece& piece) {
    bytes.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  });
  EXPECT_EQ(bytes, file.substr(file.size() - 8));
}

TEST(SafetensorsFolderTest, ShardsAreReadInTheOrderOfTheirNames) {
  const Checkpoint checkpoint = Open(Sharded());
  ASSERT_EQ(checkpoint.files.size(), 2u);
  EXPECT_EQ(checkpoint.files[0].name(), std::string("folder/") + kFirst);
  ASSERT_NE(checkpoint.FindTensor("b"), nullptr);
  EXPECT_EQ(checkpoint.FindTensor("b")->file, 1u);
  EXPECT_EQ(checkpoint.FindTensor("a")->file, 0u);
  EXPECT_EQ(StreamTensors(checkpoint, {}, nullptr).size(), 2u);
}

TEST(SafetensorsFolderTest, DocumentsAreKeptWithTheirDigests) {
  Folder folder = Single();
  folder["chat_template.jinja"] = "{{ messages }}";
  folder["tokenizer.json"] = "{}";
  folder["tokenizer.model"] = std::string("\x0a\x00\xff", 3);
  folder["README.md"] = "not read";
  const Checkpoint checkpoint = Open(folder);
  std::vector<std::string> names;
  for (const Document& document : checkpoint.documents) names.push_back(document.name);
  EXPECT_THAT(names, ElementsAre("config.json", "tokenizer.json", "chat_template.jinja", "tokenizer.model"));
  EXPECT_EQ(checkpoint.TextOf("chat_template.jinja"), "{{ messages }}");
  EXPECT_EQ(checkpoint.TextOf("tokenizer.model").size(), 3u);
  EXPECT_EQ(checkpoint.TextOf("README.md"), "");
  EXPECT_EQ(ToHex(checkpoint.documents[1].digest), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

TEST(SafetensorsFolderTest, AFileThatTheIndexDoesNotNameIsLeft) {
  const Checkpoint checkpoint = Open(With(Sharded(), "consolidated.safetensors", "not even read"));
  EXPECT_EQ(checkpoint.files.size(), 2u);
  // Without an index it is model.safetensors that counts.
  EXPECT_EQ(Open(With(Single(), "other.safetensors", "not even read")).files.size(), 1u);
}

TEST(SafetensorsFolderTest, MoreTensorsInAllThanTheLimitAreRefused) {
  std::vector<std::string> entries;
  for (uint64_t i = 0; i <= kSafetensorsMaxTensors / 2; ++i) {
    entries.push_back(TensorEntry(std::to_string(i), "U8", "[]", i, i + 1));
  }
  const std::string half = SafetensorsBytes(HeaderOf(entries), entries.size());
  EXPECT_THAT(
      ErrorOf(With(With(Sharded(), kFirst, half), kSecond, half)),
      HasSubstr("folder/model-00002-of-00002.safetensors: with this file the checkpoint has more than 1048576"));
}

TEST(SafetensorsFolderTest, LargerHeadersInAllThanTheLimitAreRefused) {
  const File header = InMemory("model-1.safetensors", SafetensorsBytes("{}" + std::string(90'000'000, ' '), 0));
  std::string weight_map;
  std::vector<File> files;
  std::vector<std::string> names;
  for (const std::string name : {"1.safetensors", "2.safetensors", "3.safetensors"}) {
    weight_map += (names.empty() ? "\"" : ", \"") + name + "\": \"" + name + "\"";
    names.push_back(name);
    files.emplace_back(::dup(header.descriptor()), name);
  }
  names.insert(names.end(), {"config.json", kIndex});
  files.push_back(InMemory("config.json", "{}"));
  files.push_back(InMemory(kIndex, IndexOf(weight_map)));
  try {
    OpenSafetensors(std::move(files), names);
    FAIL() << "accepted";
  } catch (const LimitError& error) {
    EXPECT_STREQ(error.what(), "3.safetensors: the headers of all files take more than 268435456 bytes");
  }
}

TEST(SafetensorsFolderTest, TheOnlyFileNeedsNoCertainName) {
  Folder folder = Without(Single(), "model.safetensors");
  folder["weights.safetensors"] = FileOf("a");
  EXPECT_EQ(Open(folder).tensors.size(), 1u);
}

struct Case {
  const char* name;
  const char* message;
  Folder folder;
};
class SafetensorsFolderRefusalTest : public ::testing::TestWithParam<Case> {};
TEST_P(SafetensorsFolderRefusalTest, NamesTheFault) {
  EXPECT_THAT(ErrorOf(GetParam().folder), HasSubstr(GetParam().message));
}

Case BadIndex(const char* name, const char* message, const std::string& index) {
  return {name, message, With(Sharded(), kIndex, index)};
}
Case BadFileName(const char* name, const char* message, const std::string& file) {
  return BadIndex(name, message, IndexOf("\"a\": \"" + file + "\""));
}

const Case kFiles[] = {
    {"NoConfig", "without config.json", Without(Single(), "config.json")},
    {"NoWeights", "folder: no .safetensors file", {{"config.json", "{}"}}},
    {"NoIndex",
     "folder: 2 .safetensors files, none of them called model.safetensors, and no model.safetensors.index.json",
     Without(Sharded(), kIndex)},
    {"TwoModels", "folder/model.safetensors: model.safetensors.index.json does not name it",
     With(Sharded(), "model.safetensors", FileOf("a"))},
    {"ShardMissing",
     "folder/model.safetensors.index.json: tensor \"b\" is in \"model-00002-of-00002.safetensors\", which is not in "
     "the "
     "folder",
     Without(Sharded(), kSecond)},
    {"TensorMissing",
     "folder/model.safetensors.index.json: tensor \"c\" is not in \"model-00002-of-00002.safetensors\"",
     With(Sharded(), kIndex,
          IndexOf(std::string("\"a\": \"") + kFirst + "\", \"b\": \"" + kSecond + "\", \"c\": \"" + kSecond + "\""))},
    {"TensorNotNamed",
     "folder/model-00001-of-00002.safetensors: tensor \"z\": model.safetensors.index.json does not name it",
     With(Sharded(), kFirst, FileOf("z"))},
    {"TensorInTheOtherFile",
     "folder/model-00001-of-00002.safetensors: tensor \"b\": model.safetensors.index.json says that it is in "
     "\"model-00002-of-00002.safetensors\"",
     With(Sharded(), kFirst, FileOf("b"))},
    {"TensorInBothFiles", "folder/model-00002-of-00002.safetensors: tensor \"a\": model.safetensors.index.json says",
     With(Sharded(), kSecond,
          SafetensorsBytes(HeaderOf({TensorEntry("a", "U8", "[1]", 0, 1), TensorEntry("b", "U8", "[1]", 1, 2)}), 2))},
    {"BrokenShard", "folder/model-00002-of-00002.safetensors: header length", With(Sharded(), kSecond, "x")},
};

const Case kIndices[] = {
    BadIndex("NotAnObject", "model.safetensors.index.json: an array, an object expected", "[]"),
    BadIndex("NoWeightMap", "model.safetensors.index.json: weight_map is missing", "{\"metadata\": {}}"),
    BadIndex("EmptyWeightMap", "weight_map names no tensor", "{\"weight_map\": {}}"),
    BadIndex("WeightMapIsAList", "weight_map: an array, an object expected", "{\"weight_map\": []}"),
    BadIndex("WeightMapIsText", "weight_map: \"x\", an object expected", "{\"weight_map\": \"x\"}"),
    BadIndex("FileIsANumber", "weight_map.a: 1, the name of a file expected", IndexOf("\"a\": 1")),
    BadIndex("FileIsAList", "weight_map.a: an array, the name of a file expected", IndexOf("\"a\": [\"b\"]")),
    BadIndex("TensorTwice", "\"weight_map.a\" appears twice",
             IndexOf(std::string("\"a\": \"") + kFirst + "\", \"a\": \"" + kSecond + "\"")),
    BadIndex("WeightMapTwice", "\"weight_map\" appears twice", "{\"weight_map\": {}, \"weight_map\": {}}"),
    BadIndex("NoTensorName", "a tensor without a name", IndexOf(std::string("\"\": \"") + kFirst + "\"")),
    BadFileName("Absolute", "weight_map.a: \"/etc/x.safetensors\", the name of a file in the same folder expected",
                "/etc/x.safetensors"),
    BadFileName("InAFolder", "the name of a file in the same folder expected", "sub/x.safetensors"),
    BadFileName("Above", "the name of a file in the same folder expected", "../x.safetensors"),
    BadFileName("Backslash", "the name of a file in the same folder expected", "..\\\\x.safetensors"),
    BadFileName("Parent", "\"..\", the name of a file in the same folder expected", ".."),
    BadFileName("Empty", "\"\", the name of a file in the same folder expected", ""),
    BadFileName("Zero", "a\\x00.safetensors\", the name of a file in the same folder expected", "a\\u0000.safetensors"),
    BadFileName("OtherKind", "\"pytorch_model.bin\", the name of a .safetensors file expected", "pytorch_model.bin"),
};

const Case kDocuments[] = {
    {"BrokenConfig", "folder/config.json: not valid JSON", With(Single(), "config.json", "{")},
    {"ConfigIsAList", "folder/config.json: an array, an object expected", With(Single(), "config.json", "[]")},
    {"LargeConfig", "folder/config.json: 4194305 bytes, at most 4194304 are read",
     With(Single(), "config.json", std::string((4 << 20) + 1, ' '))},
    {"KeyTwiceInTokenizer", "folder/tokenizer.json: \"model.vocab.a\" appears twice",
     With(Single(), "tokenizer.json", "{\"model\": {\"vocab\": {\"a\": 1, \"a\": 2}}}")},
    {"LargeTemplate", "folder/chat_template.jinja: 4194305 bytes, at most 4194304 are read",
     With(Single(), "chat_template.jinja", std::string((4 << 20) + 1, ' '))},
    {"LargeTokenizer", "folder/tokenizer.json: 67108865 bytes, at most 67108864 are read",
     With(Single(), "tokenizer.json", std::string((64 << 20) + 1, ' '))},
    {"DeepSettings", "folder/generation_config.json: JSON nested more than 32 deep",
     With(Single(), "generation_config.json", "{\"a\": " + std::string(100, '['))},
};

std::string CaseName(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(File, SafetensorsFolderRefusalTest, ::testing::ValuesIn(kFiles), CaseName);
INSTANTIATE_TEST_SUITE_P(Index, SafetensorsFolderRefusalTest, ::testing::ValuesIn(kIndices), CaseName);
INSTANTIATE_TEST_SUITE_P(Document, SafetensorsFolderRefusalTest, ::testing::ValuesIn(kDocuments), CaseName);

}  // namespace
}  // namespace candor
