// Broken and hostile headers: every one ends with a candor::Error whose message says what and where.
#include <gmock/gmock.h>

#include <functional>

#include "base/error.h"
#include "base/utf8.h"
#include "format/safetensors.h"
#include "format/safetensors_builder.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The message that parsing ends with, "" when the file is accepted. Anything but an Error fails the test.
std::string MessageOf(std::string_view file, uint64_t file_size) {
  try {
    const auto parsed = ParseSafetensorsHeader(BytesOf(file), file_size, "h.st");
    EXPECT_TRUE(std::holds_alternative<SafetensorsHeader>(parsed)) << "a whole file needs no more bytes";
    return "";
  } catch (const Error& error) {
    EXPECT_TRUE(IsPrintable(error.what()));
    return error.what();
  }
}
std::string MessageOf(std::string_view file) { return MessageOf(file, file.size()); }

// Two tensors: 16 bytes of F32, then 6 of BF16.
std::string ValidFile() {
  const std::string header = HeaderOf({"\"__metadata__\":{\"format\":\"pt\"}", TensorEntry("a", "F32", "[2,2]", 0, 16),
                                       TensorEntry("b", "BF16", "[3]", 16, 22)});
  return SafetensorsBytes(header + "  ", 22);
}

TEST(SafetensorsHostileTest, TheFileThatTheTestsBreakIsValid) { EXPECT_EQ(MessageOf(ValidFile()), ""); }

TEST(SafetensorsHostileTest, EveryTruncationIsRefused) {
  const std::string file = ValidFile();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_THAT(MessageOf(file.substr(0, size)), StartsWith("h.st: ")) << size;
  }
}

TEST(SafetensorsHostileTest, EveryByteFlippedEndsCleanly) {
  std::string file = ValidFile();
  size_t refused = 0;
  for (size_t i = 0; i < file.size() - 22; ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      file[i] ^= static_cast<char>(1 << bit);
      refused += MessageOf(file) != "";
      file[i] ^= static_cast<char>(1 << bit);
    }
  }
  EXPECT_GT(refused, 1000u);
}

TEST(SafetensorsHostileTest, EveryByteLeftOutIsRefusedUnlessItLeavesAnotherWord) {
  const std::string file = ValidFile();
  for (size_t i = 8; i < file.size() - 24; ++i) {
    std::string header = file.substr(8, file.size() - 30);
    const char removed = header[i - 8];
    header.erase(i - 8, 1);
    const bool harmless = std::string_view("format pt B").find(removed) != std::string_view::npos;
    if (harmless) continue;
    EXPECT_NE(MessageOf(SafetensorsBytes(header, 22)), "") << i << " " << header;
  }
}

struct Case {
  const char* name;
  const char* message;
  std::function<std::string()> file;
};

class SafetensorsRefusalTest : public ::testing::TestWithParam<Case> {};

TEST_P(SafetensorsRefusalTest, NamesTheFault) {
  EXPECT_THAT(MessageOf(GetParam().file()), HasSubstr(GetParam().message));
}

// A header, and as many bytes of data.
auto Header(std::string header, size_t data) {
  return [=] { return SafetensorsBytes(header, data); };
}
auto OneTensor(const char* type, const char* shape, uint64_t begin, uint64_t end, size_t data) {
  return Header(HeaderOf({TensorEntry("t", type, shape, begin, end)}), data);
}
auto OneEntry(const char* entry, size_t data = 4) { return Header(HeaderOf({std::string("\"t\":") + entry}), data); }

const Case kHeaders[] = {
    {"Empty", "h.st: header length (at byte 0): needs 8 bytes, the file ends after 0", [] { return std::string(); }},
    {"SevenBytes", "needs 8 bytes, the file ends after 7", [] { return std::string(7, '\0'); }},
    {"NoHeader", "not a safetensors file: expected \"{\" at byte 8, found \"\"", [] { return WithLength(0, "{}"); }},
    {"LengthBeyondTheFile", "header length (at byte 0): 3, but 2 bytes follow", [] { return WithLength(3, "{}"); }},
    {"LengthHuge", "header length (at byte 0): 18446744073709551615, but 2 bytes follow",
     [] { return WithLength(UINT64_MAX, "{}"); }},
    {"OtherFormat", "(an incomplete download, or another format?)",
     [] { return std::string("GGUF\3\0\0\0\0\0\0\0\0\0\0\0", 16); }},
    {"LeadingSpace", "expected \"{\" at byte 8, found \" \"", Header(" {}", 0)},
    {"AnArray", "expected \"{\" at byte 8, found \"[\"", Header("[]", 0)},
    {"TrailingNewline", "the header ends in \"\\x0A\" at byte 10, expected \"}\" and nothing but spaces behind it",
     Header("{}\n", 0)},
    {"TrailingZero", "the header ends in \"\\x00\" at byte 10", Header(std::string("{}\0", 3), 0)},
    {"NewlineBeforeSpaces", "the header ends in \"\\x0A\" at byte 10", Header("{}\n  ", 0)},
    {"TwoObjects", "not valid JSON: unexpected \"{\" after its end at byte 2", Header("{}{}", 0)},
    {"NotJson", "h.st: not valid JSON: ", Header("{a}", 0)},
    {"Comment", "h.st: not valid JSON: ", Header("{/* */}", 0)},
    {"TrailingComma", "h.st: not valid JSON: ", Header("{\"__metadata__\":{},}", 0)},
    {"NotUtf8", "h.st: not valid JSON: ", Header("{\"__metadata__\":{\"a\":\"\xff\"}}", 0)},
    {"Truncated", "h.st: not valid JSON: syntax error, after \"t.dtype\"", Header("{\"t\":{\"dtype\":}", 0)},
    {"DataWithoutTensors", "1 unexpected bytes after the header, which ends at 10", Header("{}", 1)},
};

const Case kMetadata[] = {
    {"NotAnObject", "__metadata__: \"x\", an object expected", Header("{\"__metadata__\":\"x\"}", 0)},
    {"AnArray", "__metadata__: an array, an object expected", Header("{\"__metadata__\":[]}", 0)},
    {"Number", "__metadata__.a: 1, a string expected", Header("{\"__metadata__\":{\"a\":1}}", 0)},
    {"Null", "__metadata__.a: null, a string expected", Header("{\"__metadata__\":{\"a\":null}}", 0)},
    {"Nested", "__metadata__.a: an object, a string expected", Header("{\"__metadata__\":{\"a\":{}}}", 0)},
    {"List", "__metadata__.a: an array, a string expected", Header("{\"__metadata__\":{\"a\":[\"b\"]}}", 0)},
    {"Twice", "\"__metadata__\" appears twice", Header("{\"__metadata__\":{},\"__metadata__\":{}}", 0)},
    {"KeyTwice", "\"__metadata__.a\" appears twice", Header("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0)},
};

const Case kFields[] = {
    {"TensorTwice", "h.st: \"t\" appears twice",
     Header(HeaderOf({TensorEntry("t", "U8", "[1]", 0, 1), TensorEntry("t", "U8", "[1]", 1, 2)}), 2)},
    {"TensorTwiceByEscape", "h.st: \"t\" appears twice",
     Header(HeaderOf({TensorEntry("t", "U8", "[1]", 0, 1), TensorEntry("\\u0074", "U8", "[1]", 1, 2)}), 2)},
    {"TypeTwice", "h.st: \"t.dtype\" appears twice",
     OneEntry("{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}")},
    {"ShapeTwice", "h.st: \"t.shape\" appears twice",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}")},
    {"OffsetsTwice", "h.st: \"t.data_offsets\" appears twice",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"data_offsets\":[0,4]}")},
    {"NotAnObject", "h.st: t: 5, an object expected", OneEntry("5")},
    {"AnArray", "h.st: t: an array, an object expected", OneEntry("[]")},
    {"UnknownField", "tensor \"t\": strides: unknown field; expected dtype, shape and data_offsets",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"strides\":[1]}")},
    {"UnknownFieldOfText", "tensor \"t\": name: unknown field",
     OneEntry("{\"name\":\"x\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}")},
    {"NoType", "tensor \"t\": dtype is missing", OneEntry("{\"shape\":[1],\"data_offsets\":[0,4]}")},
    {"NoShape", "tensor \"t\": shape is missing", OneEntry("{\"dtype\":\"F32\",\"data_offsets\":[0,4]}")},
    {"NoOffsets", "tensor \"t\": data_offsets is missing", OneEntry("{\"dtype\":\"F32\",\"shape\":[1]}")},
    {"NoFieldAtAll", "tensor \"t\": dtype is missing", OneEntry("{}")},
    {"SecondTensorLacksAShape", "tensor \"u\": shape is missing",
     Header(HeaderOf({TensorEntry("t", "F32", "[1]", 0, 4), "\"u\":{\"dtype\":\"F32\",\"data_offsets\":[4,8]}"}), 8)},
    {"UnknownType", "tensor \"t\": dtype: unknown tensor type \"F7\"", OneTensor("F7", "[1]", 0, 4, 4)},
    {"TypeOfAnotherFormat", "tensor \"t\": dtype: unknown tensor type \"Q8_0\"", OneTensor("Q8_0", "[32]", 0, 34, 34)},
    {"TypeInSmallLetters", "tensor \"t\": dtype: unknown tensor type \"f32\"", OneTensor("f32", "[1]", 0, 4, 4)},
    {"TypeIsANumber", "h.st: t.dtype: 1, a string expected",
     OneEntry("{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}")},
    {"TypeIsAList", "h.st: t.dtype: an array, a string expected",
     OneEntry("{\"dtype\":[\"F32\"],\"shape\":[1],\"data_offsets\":[0,4]}")},
    {"NoName", "h.st: a tensor without a name", Header(HeaderOf({TensorEntry("", "F32", "[1]", 0, 4)}), 4)},
    {"LongName", "takes 513 bytes, at most 512",
     Header(HeaderOf({TensorEntry(std::string(513, 'n'), "F32", "[1]", 0, 4)}), 4)},
    {"NameWithEscape", "the name of tensor \"a\\x1B[2J\" is not printable",
     Header(HeaderOf({TensorEntry("a\\u001b[2J", "F32", "[1]", 0, 4)}), 4)},
    {"NameThatReorders", "\\u{202E}", Header(HeaderOf({TensorEntry("a\\u202e", "F32", "[1]", 0, 4)}), 4)},
};

const Case kShapes[] = {
    {"NotAList", "h.st: t.shape: 1, an array of whole numbers expected", OneTensor("F32", "1", 0, 4, 4)},
    {"AnObject", "h.st: t.shape: an object, an array of whole numbers expected", OneTensor("F32", "{}", 0, 4, 4)},
    {"Null", "h.st: t.shape: null, an array of whole numbers expected", OneTensor("F32", "null", 0, 4, 4)},
    {"Zero", "tensor \"t\": shape: a dimension of 0, expected 1 or more", OneTensor("F32", "[2,0]", 0, 0, 0)},
    {"Negative", "h.st: t.shape[1]: -1, a whole number expected", OneTensor("F32", "[1,-1]", 0, 4, 4)},
    {"Fraction", "h.st: t.shape[0]: 1.5, a whole number expected", OneTensor("F32", "[1.5]", 0, 4, 4)},
    {"FloatOfWholeValue", "h.st: t.shape[0]: 1.0, a whole number expected", OneTensor("F32", "[1.0]", 0, 4, 4)},
    {"Exponent", "h.st: t.shape[0]: 1.0, a whole number expected", OneTensor("F32", "[1e0]", 0, 4, 4)},
    {"Text", "h.st: t.shape[0]: \"1\", a whole number expected", OneTensor("F32", "[\"1\"]", 0, 4, 4)},
    {"Boolean", "h.st: t.shape[0]: true, a whole number expected", OneTensor("F32", "[true]", 0, 4, 4)},
    {"NullElement", "h.st: t.shape[0]: null, a whole number expected", OneTensor("F32", "[null]", 0, 4, 4)},
    {"NotANumber", "h.st: not valid JSON: ", OneTensor("F32", "[NaN]", 0, 4, 4)},
    {"Infinity", "h.st: not valid JSON: ", OneTensor("F32", "[Infinity]", 0, 4, 4)},
    {"BeyondADouble", "h.st: t.shape[0]: 1e999 is beyond what a double can hold", OneTensor("F32", "[1e999]", 0, 4, 4)},
    {"BeyondUint64", "h.st: t.shape[0]: 18446744073709551616.0, a whole number expected",
     OneTensor("F32", "[18446744073709551616]", 0, 4, 4)},
    {"Nested", "h.st: t.shape[0]: an array, a whole number expected", OneTensor("F32", "[[1]]", 0, 4, 4)},
    {"DeeplyNested", "h.st: t.shape[0]: an array, a whole number expected",
     [] { return OneTensor("F32", (std::string(100000, '[') + std::string(100000, ']')).c_str(), 0, 4, 4)(); }},
    {"NineDimensions", "tensor \"t\": shape: more than 8 dimensions", OneTensor("U8", "[1,1,1,1,1,1,1,1,1]", 0, 1, 1)},
    {"SizeOverflows", "tensor \"t\": size in bytes: product overflows",
     OneTensor("U8", "[4294967296,4294967296]", 0, 0, 0)},
    {"SizeInBytesOverflows", "tensor \"t\": size in bytes: product overflows",
     OneTensor("F32", "[4611686018427387904]", 0, 0, 0)},
};

const Case kOffsets[] = {
    {"NotAList", "h.st: t.data_offsets: \"0,4\", an array of whole numbers expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\"0,4\"}")},
    {"None", "tensor \"t\": data_offsets: 0 numbers, 2 expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[]}")},
    {"One", "tensor \"t\": data_offsets: 1 numbers, 2 expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}")},
    {"Three", "tensor \"t\": data_offsets: 3 numbers, 2 expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}")},
    {"Fraction", "h.st: t.data_offsets[1]: 4.5, a whole number expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4.5]}")},
    {"FloatOfWholeValue", "h.st: t.data_offsets[1]: 4.0, a whole number expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4.0]}")},
    {"Negative", "h.st: t.data_offsets[0]: -4, a whole number expected",
     OneEntry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}")},
    {"Swapped", "tensor \"t\": data_offsets: 4 to 0, expected the end behind the begin",
     OneTensor("F32", "[1]", 4, 0, 4)},
    {"BeyondTheEnd", "tensor \"t\": data_offsets: 0 to 8, but the file has 7 bytes of data (an incomplete download?)",
     OneTensor("F32", "[2]", 0, 8, 7)},
    {"FarBeyondTheEnd", "data_offsets: 18446744073709551611 to 18446744073709551615, but the file has 4 bytes",
     OneTensor("F32", "[1]", UINT64_MAX - 4, UINT64_MAX, 4)},
    {"TooFew", "tensor \"t\": data_offsets: 0 to 4, 4 bytes, but type and shape take 8",
     OneTensor("F32", "[2]", 0, 4, 4)},
    {"TooMany", "tensor \"t\": data_offsets: 0 to 8, 8 bytes, but type and shape take 4",
     OneTensor("F32", "[1]", 0, 8, 8)},
    {"GapBefore", "tensor \"t\" at byte 66: expected right after the header, which ends at 62",
     OneTensor("F32", "[1]", 4, 8, 8)},
    {"GapBetween", "tensor \"b\" at byte 124: expected right after a, which ends at 120",
     Header(HeaderOf({TensorEntry("a", "F32", "[1]", 0, 4), TensorEntry("b", "F32", "[1]", 8, 12)}), 12)},
    {"Overlap", "tensor \"b\" at byte 117 overlaps a, which ends at 119",
     Header(HeaderOf({TensorEntry("a", "F32", "[1]", 0, 4), TensorEntry("b", "F32", "[1]", 2, 6)}), 6)},
    {"SamePlace", "which ends at",
     Header(HeaderOf({TensorEntry("a", "F32", "[1]", 0, 4), TensorEntry("b", "F32", "[1]", 0, 4)}), 4)},
    {"TrailingBytes", "1 unexpected bytes after t, which ends at 66", OneTensor("F32", "[1]", 0, 4, 5)},
};

std::string CaseName(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Header, SafetensorsRefusalTest, ::testing::ValuesIn(kHeaders), CaseName);
INSTANTIATE_TEST_SUITE_P(Metadata, SafetensorsRefusalTest, ::testing::ValuesIn(kMetadata), CaseName);
INSTANTIATE_TEST_SUITE_P(Field, SafetensorsRefusalTest, ::testing::ValuesIn(kFields), CaseName);
INSTANTIATE_TEST_SUITE_P(Shape, SafetensorsRefusalTest, ::testing::ValuesIn(kShapes), CaseName);
INSTANTIATE_TEST_SUITE_P(Offset, SafetensorsRefusalTest, ::testing::ValuesIn(kOffsets), CaseName);

TEST(SafetensorsHostileTest, AHeaderBeyondTheFormatsLimitIsRefusedBeforeItIsRead) {
  EXPECT_THAT(MessageOf(WithLength(100'000'001, "{}"), 200'000'000),
              HasSubstr("header length (at byte 0): 100000001, at most 100000000"));
  const auto parsed = ParseSafetensorsHeader(BytesOf(WithLength(100'000'000, "{}")), 200'000'000, "h.st");
  EXPECT_EQ(std::get<NeedMoreBytes>(parsed).at_least, 100'000'008u);
}

TEST(SafetensorsHostileTest, MoreTensorsThanTheLimitAreRefused) {
  std::vector<std::string> entries;
  for (uint64_t i = 0; i <= kSafetensorsMaxTensors; ++i) {
    entries.push_back(TensorEntry(std::to_string(i), "U8", "[]", i, i + 1));
  }
  const std::string header = HeaderOf(entries);
  EXPECT_THAT(MessageOf(SafetensorsBytes(header, kSafetensorsMaxTensors + 1)), HasSubstr("more than 1048576 tensors"));
}

TEST(SafetensorsHostileTest, ANameThatAppearsTwiceAmongManyIsFound) {
  std::vector<std::string> entries;
  for (int i = 0; i < 200000; ++i) entries.push_back(std::to_string(i).insert(0, 1, '"').append("\":\"\""));
  entries.push_back("\"77\":\"\"");
  const std::string header = HeaderOf({"\"__metadata__\":" + HeaderOf(entries)});
  EXPECT_THAT(MessageOf(SafetensorsBytes(header, 0)), HasSubstr("\"__metadata__.77\" appears twice"));
}

}  // namespace
}  // namespace candor
