#include "format/safetensors.h"

#include <gmock/gmock.h>

#include "format/safetensors_builder.h"

namespace candor {
namespace {

using ::testing::ElementsAre;

SafetensorsHeader Parse(const std::string& file) {
  return std::get<SafetensorsHeader>(ParseSafetensorsHeader(BytesOf(file), file.size(), "m.safetensors"));
}

TEST(SafetensorsTest, ReadsTensorsInTheOrderOfTheirBytes) {
  const std::string header =
      HeaderOf({TensorEntry("second", "BF16", "[2,3]", 4, 16), TensorEntry("first", "F32", "[1]", 0, 4),
                TensorEntry("third", "F8_E4M3", "[2,1,3]", 16, 22)});
  const SafetensorsHeader parsed = Parse(SafetensorsBytes(header, 22));
  EXPECT_EQ(parsed.data_offset, 8 + header.size());
  ASSERT_EQ(parsed.tensors.size(), 3u);
  EXPECT_EQ(parsed.tensors[0].name, "first");
  const TensorInfo& second = parsed.tensors[1];
  EXPECT_EQ(second.name, "second");
  EXPECT_EQ(second.type, TensorType::kBF16);
  EXPECT_THAT(second.shape, ElementsAre(3, 2));
  EXPECT_EQ(second.file, 0u);
  EXPECT_EQ(second.offset, parsed.data_offset + 4);
  EXPECT_EQ(second.bytes, 12u);
  EXPECT_THAT(parsed.tensors[2].shape, ElementsAre(3, 1, 2));
}

TEST(SafetensorsTest, ASingleNumberHasOneDimension) {
  const SafetensorsHeader parsed = Parse(SafetensorsBytes(HeaderOf({TensorEntry("x", "F64", "[]", 0, 8)}), 8));
  EXPECT_THAT(parsed.tensors.at(0).shape, ElementsAre(1));
}

TEST(SafetensorsTest, ReadsEveryTypeOfTheFormat) {
  const std::pair<const char*, uint64_t> types[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
                                                    {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                                                    {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};
  for (const auto& [type, bytes] : types) {
    const SafetensorsHeader parsed =
        Parse(SafetensorsBytes(HeaderOf({TensorEntry("x", type, "[5]", 0, 5 * bytes)}), 5 * bytes));
    EXPECT_EQ(InfoOf(parsed.tensors.at(0).type).name, type);
    EXPECT_EQ(parsed.tensors[0].bytes, 5 * bytes);
  }
}

TEST(SafetensorsTest, ReadsTensorsAtAnyAlignment) {
  for (size_t spaces = 0; spaces < 9; ++spaces) {
    const std::string header = HeaderOf({TensorEntry("a", "U8", "[3]", 0, 3), TensorEntry("b", "F32", "[2]", 3, 11)}) +
                               std::string(spaces, ' ');
    const SafetensorsHeader parsed = Parse(SafetensorsBytes(header, 11));
    EXPECT_EQ(parsed.tensors.at(1).offset, 8 + header.size() + 3);
  }
}

TEST(SafetensorsTest, MetadataAndSpacesWithinAndBehindAreNoTensors) {
  const std::string header = "{ \"__metadata__\" : {\"format\":\"pt\", \"\":\"\"}, \n" +
                             TensorEntry("x\\u00e9", "F32", "[1]", 0, 4) + " }     ";
  const SafetensorsHeader parsed = Parse(SafetensorsBytes(header, 4));
  ASSERT_EQ(parsed.tensors.size(), 1u);
  EXPECT_EQ(parsed.tensors[0].name, "xé");
  EXPECT_EQ(parsed.data_offset, 8 + header.size());
}

TEST(SafetensorsTest, AFileWithoutTensorsEndsWithItsHeader) {
  const SafetensorsHeader parsed = Parse(SafetensorsBytes("{}", 0));
  EXPECT_TRUE(parsed.tensors.empty());
  EXPECT_EQ(parsed.data_offset, 10u);
}

TEST(SafetensorsTest, APrefixAsksForTheLengthThenForTheWholeHeader) {
  const std::string header = HeaderOf({TensorEntry("x", "F32", "[1]", 0, 4)});
  const std::string file = SafetensorsBytes(header, 4);
  for (size_t size = 0; size < file.size(); ++size) {
    const auto parsed = ParseSafetensorsHeader(BytesOf(file).first(size), file.size(), "m.safetensors");
    if (size >= 8 + header.size()) {
      EXPECT_EQ(std::get<SafetensorsHeader>(parsed).tensors.size(), 1u);
    } else {
      EXPECT_EQ(std::get<NeedMoreBytes>(parsed).at_least, size < 8 ? 8 : 8 + header.size());
    }
  }
}

TEST(SafetensorsTest, BytesBehindTheEndOfTheFileAreNotLookedAt) {
  const std::string file = SafetensorsBytes(HeaderOf({TensorEntry("x", "F32", "[1]", 0, 4)}), 4);
  const auto parsed = ParseSafetensorsHeader(BytesOf(file + "beyond"), file.size(), "m.safetensors");
  EXPECT_EQ(std::get<SafetensorsHeader>(parsed).tensors.size(), 1u);
}

TEST(SafetensorsTest, TheLongestNameAndTheMostDimensionsAreRead) {
  const std::string name(kSafetensorsMaxNameBytes, 'n');
  const SafetensorsHeader parsed =
      Parse(SafetensorsBytes(HeaderOf({TensorEntry(name, "U8", "[1,1,1,1,1,1,1,2]", 0, 2)}), 2));
  EXPECT_EQ(parsed.tensors.at(0).name, name);
  EXPECT_THAT(parsed.tensors[0].shape, ElementsAre(2, 1, 1, 1, 1, 1, 1, 1));
}

}  // namespace
}  // namespace candor
