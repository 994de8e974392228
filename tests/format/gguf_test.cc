#include "format/gguf.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/error.h"
#include "format/gguf_builder.h"

namespace candor {
namespace {

using ::testing::HasSubstr;

GgufHeader Parse(std::string_view file) {
  auto parsed = ParseGgufHeader(AsBytes(file), file.size(), "test.gguf");
  return std::get<GgufHeader>(std::move(parsed));
}

// A file with every kind of value and two tensors; 256 bytes of data.
GgufBuilder SmallFile(uint32_t version = 3) {
  GgufBuilder file(2, 16, version);
  file.Number<uint8_t>("v.uint8", 0, 255);
  file.Number<int8_t>("v.int8", 1, -128);
  file.Number<uint16_t>("v.uint16", 2, 65535);
  file.Number<int16_t>("v.int16", 3, -32768);
  file.Number<uint32_t>("v.uint32", 4, 4294967295u);
  file.Number<int32_t>("v.int32", 5, INT32_MIN);
  file.Number<float>("v.float32", 6, 0.5f);
  file.Number<uint8_t>("v.bool", 7, 1);
  file.String("v.string", "h\xc3\xa9llo");
  file.Number<uint64_t>("v.uint64", 10, UINT64_MAX);
  file.Number<int64_t>("v.int64", 11, INT64_MIN);
  file.Number<double>("v.float64", 12, 0.1);
  file.Strings("a.strings", {"", "one", "\xff"});
  file.ArrayHead("a.float32", 6, 2);
  file.Put("element", 1.5f);
  file.Put("element", -2.0f);
  file.ArrayHead("a.bool", 7, 3);
  for (uint8_t value : {1, 0, 1}) file.Put("element", value);
  file.ArrayHead("a.empty", 4, 0);
  file.Tensor("second", {32, 2}, 8, 128);  // Q8_0: 68 bytes
  file.Tensor("first", {4, 2, 4}, 0, 0);   // F32: 128 bytes
  return file;
}

TEST(GgufTest, ReadsEveryKindOfValue) {
  const Metadata metadata = Parse(SmallFile().Finish(196)).metadata;
  EXPECT_EQ(metadata.RequireUint("v.uint8", 0, 255), 255u);
  EXPECT_EQ(std::get<int64_t>(*metadata.Find("v.int8")), -128);
  EXPECT_EQ(metadata.RequireUint("v.uint16", 0, 65535), 65535u);
  EXPECT_EQ(std::get<int64_t>(*metadata.Find("v.int16")), -32768);
  EXPECT_EQ(metadata.RequireUint("v.uint32", 0, UINT64_MAX), 4294967295u);
  EXPECT_EQ(std::get<int64_t>(*metadata.Find("v.int32")), INT32_MIN);
  EXPECT_EQ(metadata.RequireFloat("v.float32", 0, 1), 0.5);
  EXPECT_TRUE(metadata.RequireBool("v.bool"));
  EXPECT_EQ(metadata.RequireString("v.string"), "h\xc3\xa9llo");
  EXPECT_EQ(metadata.RequireUint("v.uint64", 0, UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(std::get<int64_t>(*metadata.Find("v.int64")), INT64_MIN);
  EXPECT_EQ(metadata.RequireFloat("v.float64", 0, 1), 0.1);
  const StringTable& strings = metadata.RequireStrings("a.strings");
  ASSERT_EQ(strings.size(), 3u);
  EXPECT_EQ(strings[0], "");
  EXPECT_EQ(strings[1], "one");
  EXPECT_EQ(strings[2], "\xff");
  EXPECT_EQ(metadata.GetFloats("a.float32"), (std::vector<double>{1.5, -2.0}));
  EXPECT_EQ(metadata.GetBools("a.bool"), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(metadata.GetInts("a.empty"), std::vector<int64_t>());
}

TEST(GgufTest, TheHeaderOfADownloadIsWhatTheWholeFilesIs) {
  GgufBuilder file = SmallFile();
  const std::string bytes = file.Finish(196);
  const GgufHeader whole = Parse(bytes);
  // Not all of the padding before the data, a part of the data, and all of it.
  for (const size_t size : {file.header_bytes(), file.data_offset(), file.data_offset() + 1, bytes.size()}) {
    const std::string begun = bytes.substr(0, size);
    auto parsed = ParseGgufHeader(AsBytes(begun), begun.size(), "test.gguf", GgufTensorData::kMayBeMissing);
    ASSERT_TRUE(std::holds_alternative<GgufHeader>(parsed)) << size;
    const GgufHeader header = std::get<GgufHeader>(std::move(parsed));
    EXPECT_EQ(header.data_offset, whole.data_offset);
    ASSERT_EQ(header.tensors.size(), 2u);
    EXPECT_EQ(header.tensors[1].offset, whole.tensors[1].offset);
    EXPECT_EQ(header.tensors[1].bytes, whole.tensors[1].bytes);
    EXPECT_EQ(header.metadata.values().size(), whole.metadata.values().size());
    if (size == bytes.size()) continue;
    EXPECT_THROW(Parse(begun), FormatError);
  }
  // What is behind the data of all tensors is refused all the same, and so is a part of a header.
  const std::string longer = bytes + std::string(64, 'x');
  EXPECT_THROW(ParseGgufHeader(AsBytes(longer), longer.size(), "test.gguf", GgufTensorData::kMayBeMissing),
               FormatError);
  const std::string cut = bytes.substr(0, file.header_bytes() - 1);
  EXPECT_THROW(ParseGgufHeader(AsBytes(cut), cut.size(), "test.gguf", GgufTensorData::kMayBeMissing), FormatError);
}

TEST(GgufTest, PlacesTensors) {
  GgufBuilder file = SmallFile();
  const std::string bytes = file.Finish(196);
  const GgufHeader header = Parse(bytes);
  EXPECT_EQ(header.data_offset, file.data_offset());
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "second");
  EXPECT_EQ(header.tensors[0].type, TensorType::kQ8_0);
  EXPECT_EQ(header.tensors[0].offset, file.data_offset() + 128);
  EXPECT_EQ(header.tensors[0].bytes, 68u);
  EXPECT_EQ(header.tensors[1].shape, (std::vector<uint64_t>{4, 2, 4}));
  EXPECT_EQ(header.tensors[1].elements(), 32u);
  EXPECT_EQ(header.tensors[1].rows(), 8u);
}

TEST(GgufTest, ReadsVersion2) { EXPECT_EQ(Parse(SmallFile(2).Finish(196)).tensors.size(), 2u); }

TEST(GgufTest, AFinalPaddingIsOptional) {
  EXPECT_EQ(Parse(SmallFile().Finish(224)).tensors.size(), 2u);
  EXPECT_THROW(Parse(SmallFile().Finish(225)), FormatError);
}

struct PublishedType {
  uint32_t id;
  const char* name;
  uint32_t block_values;
  uint32_t block_bytes;
};

// The table of the reference package (gguf, quants and constants), but for Q8_1: its scales are two float16 in the
// published block, not two float32.
constexpr PublishedType kPublished[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
    {40, "NVFP4", 64, 36},    {41, "Q1_0", 128, 18}};

TEST(GgufTest, KnowsEveryPublishedTensorType) {
  size_t known = 0;
  for (uint32_t id = 0; id < 256; ++id) known += TensorTypeFromGgufId(id).has_value();
  EXPECT_EQ(known, std::size(kPublished));
  for (const PublishedType& type : kPublished) {
    GgufBuilder file(1, 0);
    file.Tensor("t", {type.block_values, 3}, type.id, 0);
    const GgufHeader header = Parse(file.Finish(3 * type.block_bytes));
    EXPECT_EQ(InfoOf(header.tensors[0].type).name, type.name);
    EXPECT_EQ(header.tensors[0].bytes, 3 * type.block_bytes) << type.name;
  }
}

TEST(GgufTest, OpensAFile) {
  std::vector<File> files;
  files.push_back(File::Open(CANDOR_TEST_DATA "/gguf/llama.gguf"));
  const Checkpoint checkpoint = OpenGguf(std::move(files));
  EXPECT_EQ(checkpoint.metadata.RequireString("general.architecture"), "llama");
  ASSERT_NE(checkpoint.FindTensor("output.weight"), nullptr);
  EXPECT_EQ(checkpoint.FindTensor("output.weight")->type, TensorType::kBF16);
  EXPECT_EQ(checkpoint.FindTensor("none"), nullptr);
  EXPECT_EQ(checkpoint.headers[0].size(), 8064u);
}

}  // namespace
}  // namespace candor
