#include "format/metadata.h"

#include <gmock/gmock.h>

#include <limits>

#include "base/error.h"

namespace candor {
namespace {

template <typename Use>
std::string MessageOf(const Use& use) {
  try {
    use();
  } catch (const FormatError& error) {
    return error.what();
  }
  return "no FormatError";
}

template <typename T>
NumberArray ArrayOf(NumberType type, const std::vector<T>& values) {
  return NumberArray(type, std::as_bytes(std::span(values)));
}

class MetadataTest : public ::testing::Test {
 protected:
  Metadata metadata_{"m.gguf"};
};

TEST_F(MetadataTest, SignedAndUnsignedAreOneTypeWhereTheValueFits) {
  metadata_.Add("u", uint64_t{7});
  metadata_.Add("i", int64_t{7});
  metadata_.Add("negative", int64_t{-1});
  EXPECT_EQ(metadata_.RequireUint("u", 7, 7), 7u);
  EXPECT_EQ(metadata_.GetUint("i", 0, 9), 7u);
  EXPECT_THROW(metadata_.GetUint("negative", 0, UINT64_MAX), FormatError);
}

TEST_F(MetadataTest, RangesAreInclusive) {
  metadata_.Add("u", uint64_t{10});
  metadata_.Add("f", 2.5);
  EXPECT_NO_THROW(metadata_.GetUint("u", 10, 10));
  EXPECT_NO_THROW(metadata_.GetFloat("f", 2.5, 2.5));
  EXPECT_EQ(MessageOf([&] { metadata_.GetUint("u", 11, 20); }),
            "m.gguf: metadata key \"u\": expected an integer from 11 to 20, found 10");
  EXPECT_EQ(MessageOf([&] { metadata_.GetUint("u", 0, 9); }),
            "m.gguf: metadata key \"u\": expected an integer from 0 to 9, found 10");
  EXPECT_EQ(MessageOf([&] { metadata_.GetFloat("f", 3, 4); }),
            "m.gguf: metadata key \"f\": expected a float from 3 to 4, found 2.5");
}

TEST_F(MetadataTest, FloatsRefuseOtherTypesAndWhatIsNotFinite) {
  metadata_.Add("u", uint64_t{3});
  metadata_.Add("i", int64_t{-3});
  metadata_.Add("nan", std::numeric_limits<double>::quiet_NaN());
  metadata_.Add("inf", std::numeric_limits<double>::infinity());
  metadata_.Add("bool", true);
  for (const char* key : {"u", "i", "nan", "inf", "bool"}) {
    EXPECT_THROW(
        metadata_.RequireFloat(key, -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()),
        FormatError)
        << key;
  }
}

TEST(MetadataNumberTest, ANumberIsAFloatOrAnInteger) {
  Metadata metadata("m.json");
  metadata.Add("real", 2.5);
  metadata.Add("natural", uint64_t{2});
  metadata.Add("integer", int64_t{-2});
  metadata.Add("infinite", std::numeric_limits<double>::infinity());
  metadata.Add("nan", std::numeric_limits<double>::quiet_NaN());
  metadata.Add("bool", true);
  metadata.Add("text", std::string("2"));
  EXPECT_EQ(metadata.GetNumber("real", 2.5, 2.5), 2.5);
  EXPECT_EQ(metadata.GetNumber("natural", 0, 2), 2.0);
  EXPECT_EQ(metadata.GetNumber("integer", -2, 0), -2.0);
  EXPECT_EQ(metadata.GetNumber("missing", 0, 1), std::nullopt);
  EXPECT_EQ(MessageOf([&] { metadata.GetNumber("natural", 0, 1.5); }),
            "m.json: metadata key \"natural\": expected a number from 0 to 1.5, found 2");
  for (const char* key : {"infinite", "nan", "bool", "text"}) {
    EXPECT_THROW(metadata.GetNumber(key, -1e300, std::numeric_limits<double>::infinity()), FormatError) << key;
  }
}

TEST_F(MetadataTest, AMissingKeyIsAnErrorOnlyWhereItIsRequired) {
  EXPECT_EQ(metadata_.GetUint("x", 0, 1), std::nullopt);
  EXPECT_EQ(metadata_.GetFloat("x", 0, 1), std::nullopt);
  EXPECT_EQ(metadata_.GetBool("x"), std::nullopt);
  EXPECT_EQ(metadata_.GetString("x"), std::nullopt);
  EXPECT_EQ(metadata_.GetStrings("x"), nullptr);
  EXPECT_EQ(metadata_.GetFloats("x"), std::nullopt);
  EXPECT_EQ(metadata_.GetInts("x"), std::nullopt);
  EXPECT_EQ(metadata_.GetBools("x"), std::nullopt);
  EXPECT_EQ(MessageOf([&] { metadata_.RequireString("x"); }),
            "m.gguf: metadata key \"x\": expected a string, the key is missing");
  EXPECT_THROW(metadata_.RequireUint("x", 0, 1), FormatError);
  EXPECT_THROW(metadata_.RequireFloat("x", 0, 1), FormatError);
  EXPECT_THROW(metadata_.RequireBool("x"), FormatError);
  EXPECT_THROW(metadata_.RequireStrings("x"), FormatError);
}

TEST_F(MetadataTest, AWrongTypeIsNamedWithItsValue) {
  metadata_.Add("text", std::string("a\x1b[1m"));
  metadata_.Add("flag", false);
  metadata_.Add("floats", ArrayOf<float>(NumberType::kFloat32, {0.5f, 1, 2, 3, 4}));
  EXPECT_EQ(MessageOf([&] { metadata_.GetUint("text", 0, 1); }),
            "m.gguf: metadata key \"text\": expected an integer from 0 to 1, found \"a\\x1B[1m\"");
  EXPECT_EQ(MessageOf([&] { metadata_.GetString("flag"); }),
            "m.gguf: metadata key \"flag\": expected a string, found false");
  EXPECT_EQ(MessageOf([&] { metadata_.GetInts("floats"); }),
            "m.gguf: metadata key \"floats\": expected an array of integers within 64 bits, signed, found array of 5 "
            "float32 [0.5, 1, 2, 3, ...]");
  EXPECT_THROW(metadata_.GetBool("text"), FormatError);
  EXPECT_THROW(metadata_.GetStrings("text"), FormatError);
  EXPECT_THROW(metadata_.GetFloats("flag"), FormatError);
  EXPECT_THROW(metadata_.GetBools("floats"), FormatError);
}

TEST_F(MetadataTest, IntegersAndFloatsAreFoundInEveryWidth) {
  metadata_.Add("u8", ArrayOf<uint8_t>(NumberType::kUint8, {0, 255}));
  metadata_.Add("i8", ArrayOf<int8_t>(NumberType::kInt8, {-128, 127}));
  metadata_.Add("u16", ArrayOf<uint16_t>(NumberType::kUint16, {65535}));
  metadata_.Add("i16", ArrayOf<int16_t>(NumberType::kInt16, {-32768}));
  metadata_.Add("u32", ArrayOf<uint32_t>(NumberType::kUint32, {4294967295u}));
  metadata_.Add("i32", ArrayOf<int32_t>(NumberType::kInt32, {INT32_MIN}));
  metadata_.Add("u64", ArrayOf<uint64_t>(NumberType::kUint64, {uint64_t{1} << 63}));
  metadata_.Add("i64", ArrayOf<int64_t>(NumberType::kInt64, {INT64_MIN}));
  metadata_.Add("f32", ArrayOf<float>(NumberType::kFloat32, {0.5f}));
  metadata_.Add("f64", ArrayOf<double>(NumberType::kFloat64, {0.1}));
  EXPECT_EQ(metadata_.GetInts("u8"), (std::vector<int64_t>{0, 255}));
  EXPECT_EQ(metadata_.GetInts("i8"), (std::vector<int64_t>{-128, 127}));
  EXPECT_EQ(metadata_.GetInts("u16"), (std::vector<int64_t>{65535}));
  EXPECT_EQ(metadata_.GetInts("i16"), (std::vector<int64_t>{-32768}));
  EXPECT_EQ(metadata_.GetInts("u32"), (std::vector<int64_t>{4294967295}));
  EXPECT_EQ(metadata_.GetInts("i32"), (std::vector<int64_t>{INT32_MIN}));
  EXPECT_EQ(metadata_.GetInts("i64"), (std::vector<int64_t>{INT64_MIN}));
  EXPECT_THROW(metadata_.GetInts("u64"), FormatError);  // does not fit
  EXPECT_EQ(metadata_.GetFloats("f32"), (std::vector<double>{0.5}));
  EXPECT_EQ(metadata_.GetFloats("f64"), (std::vector<double>{0.1}));
}

TEST_F(MetadataTest, AnArrayOfAnotherTypeIsNoArrayOfFloats) {
  metadata_.Add("integers", ArrayOf<int32_t>(NumberType::kInt32, {0, 1}));
  metadata_.Add("flags", ArrayOf<uint8_t>(NumberType::kBool, {0, 1}));
  EXPECT_EQ(MessageOf([&] { metadata_.GetFloats("integers"); }),
            "m.gguf: metadata key \"integers\": expected an array of floats, found array of 2 int32 [0, 1]");
  EXPECT_THROW(metadata_.GetFloats("flags"), FormatError);
}

TEST_F(MetadataTest, KeysAreUniqueAndCanBeRemoved) {
  metadata_.Add("k", true);
  EXPECT_EQ(MessageOf([&] { metadata_.Add("k", false); }), "m.gguf: metadata key \"k\" appears twice");
  EXPECT_EQ(metadata_.GetBool("k"), true);
  metadata_.Remove("k");
  metadata_.Remove("k");
  EXPECT_FALSE(metadata_.Has("k"));
}

TEST(StringTableTest, KeepsEmptyAndBinaryStrings) {
  StringTable table;
  for (std::string_view text : {std::string_view(""), std::string_view("a\0b", 3), std::string_view("")}) {
    table.Append(text);
  }
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(table[0], "");
  EXPECT_EQ(table[1], std::string_view("a\0b", 3));
  EXPECT_EQ(table[2], "");
}

}  // namespace
}  // namespace candor
