// Broken and hostile files: every one ends with a candor::Error whose message says what and where.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <functional>

#include "base/error.h"
#include "base/utf8.h"
#include "format/gguf.h"
#include "format/gguf_builder.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The message that parsing ends with, "" when the file is accepted. Anything but an Error fails the test.
std::string MessageOf(std::string_view file) {
  try {
    const auto parsed = ParseGgufHeader(AsBytes(file), file.size(), "h.gguf");
    EXPECT_TRUE(std::holds_alternative<GgufHeader>(parsed)) << "a whole file needs no more bytes";
    return "";
  } catch (const Error& error) {
    EXPECT_TRUE(IsPrintable(error.what()));
    return error.what();
  }
}

// Keys of several types and two tensors: 128 bytes of F32, then 68 of Q8_0.
GgufBuilder ValidFile() {
  GgufBuilder file(2, 7);
  file.Uint("general.alignment", 32);
  file.Number<uint8_t>("flag", 7, 1);
  file.Number<double>("float", 12, 1.0);
  file.String("text", "abc");
  file.Strings("strings", {"x", "yz"});
  file.ArrayHead("numbers", 5, 3);
  for (int32_t i : {1, 2, 3}) file.Put("element", i);
  file.ArrayHead("flags", 7, 2);
  for (uint8_t i : {0, 1}) file.Put("element", i);
  file.Tensor("first", {4, 2, 4}, 0, 0);
  file.Tensor("second", {32, 2}, 8, 128);
  return file;
}

std::string Patched(std::string file, const GgufBuilder::Field& field, uint64_t value) {
  std::memcpy(file.data() + field.offset, &value, field.bytes);
  return file;
}

TEST(GgufHostileTest, TheFileThatTheTestsBreakIsValid) { EXPECT_EQ(MessageOf(ValidFile().Finish(196)), ""); }

TEST(GgufHostileTest, EveryTruncationIsRefused) {
  const std::string file = ValidFile().Finish(196);
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_THAT(MessageOf(file.substr(0, size)), StartsWith("h.gguf: ")) << size;
  }
}

TEST(GgufHostileTest, EveryPrefixAsksForMoreAndEndsTheSame) {
  GgufBuilder builder = ValidFile();
  const std::string file = builder.Finish(196);
  for (size_t size = 0; size < file.size(); ++size) {
    const auto parsed = ParseGgufHeader(AsBytes(file).first(size), file.size(), "h.gguf");
    if (size >= builder.header_bytes()) {
      EXPECT_EQ(std::get<GgufHeader>(parsed).tensors.size(), 2u);
      continue;
    }
    const uint64_t at_least = std::get<NeedMoreBytes>(parsed).at_least;
    EXPECT_GT(at_least, size);
    EXPECT_LE(at_least, builder.header_bytes());
  }
}

TEST(GgufHostileTest, EveryFieldAtEveryBoundaryEndsCleanly) {
  GgufBuilder builder = ValidFile();
  const std::string file = builder.Finish(196);
  const uint64_t k1 = 1;
  const std::vector<uint64_t> values = {0,
                                        1,
                                        2,
                                        (k1 << 31) - 1,
                                        k1 << 31,
                                        (k1 << 31) + 1,
                                        (k1 << 32) - 1,
                                        k1 << 32,
                                        (k1 << 32) + 1,
                                        (k1 << 63) - 1,
                                        k1 << 63,
                                        (k1 << 63) + 1,
                                        UINT64_MAX - 31,
                                        UINT64_MAX};
  size_t refused = 0;
  for (const GgufBuilder::Field& field : builder.fields()) {
    for (const uint64_t value : values) refused += MessageOf(Patched(file, field, value)) != "";
    // Counts, lengths and dimensions of a file this small are never this large.
    const bool is_value = field.name == "value" || field.name == "element";
    EXPECT_EQ(MessageOf(Patched(file, field, UINT64_MAX)) == "", is_value && field.bytes > 1 && field.offset > 64)
        << field.name << " at " << field.offset;
  }
  EXPECT_GT(refused, 500u);
}

TEST(GgufHostileTest, EveryByteFlippedEndsCleanly) {
  GgufBuilder builder = ValidFile();
  std::string file = builder.Finish(196);
  for (size_t i = 0; i < builder.header_bytes(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      file[i] ^= static_cast<char>(1 << bit);
      MessageOf(file);
      file[i] ^= static_cast<char>(1 << bit);
    }
  }
}

struct Case {
  const char* name;
  const char* message;
  std::function<std::string()> file;
};

// One key, "general.alignment": the tensor table begins at byte 57.
std::string WithTensors(const std::vector<std::function<void(GgufBuilder&)>>& tensors, size_t data,
                        uint32_t alignment = 32) {
  GgufBuilder file(tensors.size(), 1);
  file.Uint("general.alignment", alignment);
  for (const auto& add : tensors) add(file);
  return file.Finish(data, alignment);
}

// One key: its name begins at byte 32, after the length.
std::string WithKey(const std::function<void(GgufBuilder&)>& key) {
  GgufBuilder file(0, 1);
  key(file);
  return file.Finish(0, 1);
}

auto Tensor(const char* name, const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
  return [=](GgufBuilder& file) { file.Tensor(name, shape, type, offset); };
}

class GgufRefusalTest : public ::testing::TestWithParam<Case> {};

TEST_P(GgufRefusalTest, NamesTheFault) { EXPECT_THAT(MessageOf(GetParam().file()), HasSubstr(GetParam().message)); }

const Case kHeaders[] = {
    {"Empty", "magic (at byte 0): needs 4 bytes, the file ends after 0", [] { return std::string(); }},
    {"OtherMagic", "expected the magic \"GGUF\" at byte 0, found \"\\x7FELF\"",
     [] {
       return std::string(
           "\x7F"
           "ELF.....................");
     }},
    {"BigEndian", "a big-endian GGUF file", [] { return std::string("GGUF\0\0\0\x03", 8) + std::string(32, '\0'); }},
    {"Version1", "GGUF version 1; versions 2 and 3 are supported", [] { return GgufBuilder(0, 0, 1).Finish(0); }},
    {"Version4", "GGUF version 4;", [] { return GgufBuilder(0, 0, 4).Finish(0); }},
    {"TooManyKeys", "number of metadata keys (at byte 16): 18446744073709551615, but the 8 bytes left",
     [] { return GgufBuilder(0, UINT64_MAX).Finish(0); }},
    {"TooManyTensors", "number of tensors (at byte 8): 9223372036854775808, but the 16 bytes left",
     [] { return GgufBuilder(uint64_t{1} << 63, 0).Finish(0); }},
    {"KeysBeyondTheLimit", "number of metadata keys (at byte 16): 16385, at most 16384",
     [] { return GgufBuilder(0, kGgufMaxKeys + 1).Finish(2 << 20); }},
    {"TensorsBeyondTheLimit", "number of tensors (at byte 8): 131073, at most 131072",
     [] { return GgufBuilder(kGgufMaxTensors + 1, 0).Finish(6 << 20); }},
    {"HeaderTooLarge", "the header is larger than 50331648 bytes",
     [] {
       GgufBuilder file(0, 1);
       file.Key("k", 8);
       file.Put<uint64_t>("length", kGgufMaxHeaderBytes);
       return file.Finish(kGgufMaxHeaderBytes);
     }},
    {"TrailingBytes", "1 unexpected bytes after first, which ends at",
     [] { return WithTensors({Tensor("first", {8}, 0, 0)}, 33); }},
    {"DataWithoutTensors", "number of tensors: 0, but 64 bytes of data follow the header, which ends at 32",
     [] { return GgufBuilder(0, 0).Finish(64); }},
};

const Case kKeys[] = {
    {"Nested", "metadata key \"k\": array element type (at byte 37): arrays of arrays",
     [] { return WithKey([](GgufBuilder& f) { f.ArrayHead("k", 9, 0); }); }},
    {"UnknownType", "metadata key \"k\": value type (at byte 33): unknown value type 13, expected 0 to 12",
     [] { return WithKey([](GgufBuilder& f) { f.Number("k", 13, uint64_t{0}); }); }},
    {"UnknownElementType", "unknown value type 4294967295",
     [] { return WithKey([](GgufBuilder& f) { f.ArrayHead("k", UINT32_MAX, 0); }); }},
    {"Boolean", "metadata key \"k\": value (at byte 37): a boolean of 2, expected 0 or 1",
     [] { return WithKey([](GgufBuilder& f) { f.Number("k", 7, uint8_t{2}); }); }},
    {"BooleanInArray", "a boolean that is neither 0 nor 1",
     [] {
       return WithKey([](GgufBuilder& f) {
         f.ArrayHead("k", 7, 1);
         f.Put("element", uint8_t{2});
       });
     }},
    {"ArrayLength",
     "metadata key \"k\": array length (at byte 41): 2305843009213693952, but the 8 bytes left in the "
     "file hold 1 at most",
     [] {
       return WithKey([](GgufBuilder& f) {
         f.ArrayHead("k", 10, uint64_t{1} << 61);
         f.Put("element", uint64_t{0});
       });
     }},
    {"ArrayLimit", "array length (at byte 41): 4194305, at most 4194304",
     [] {
       GgufBuilder file(0, 1);
       file.ArrayHead("k", 0, kGgufMaxArrayLength + 1);
       return file.Finish(kGgufMaxArrayLength + 1);
     }},
    {"StringArrayLength", "array length (at byte 41): 2, but the 15 bytes left in the file hold 1 at most",
     [] {
       return WithKey([](GgufBuilder& f) {
         f.ArrayHead("k", 8, 2);
         f.PutString("element", "1234567");
       });
     }},
    {"StringInArray", "metadata key \"k\": array element (at byte 49): 18446744073709551615 bytes",
     [] {
       return WithKey([](GgufBuilder& f) {
         f.ArrayHead("k", 8, 1);
         f.Put("element", UINT64_MAX);
       });
     }},
    {"StringBeyondTheFile", "metadata key \"k\": value (at byte 45): needs 4 bytes, the file ends after 3 (48 in all)",
     [] {
       return WithKey([](GgufBuilder& f) {
         f.Key("k", 8);
         f.Put("length", uint64_t{4});
         f.Put("text", uint16_t{0});
         f.Put("text", uint8_t{0});
       });
     }},
    {"EmptyKey", "metadata key 0: name (at byte 32): empty",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("", 1); }); }},
    {"LongKey", "metadata key 0: name (at byte 24): 1025 bytes, at most 1024",
     [] { return WithKey([](GgufBuilder& f) { f.Uint(std::string(1025, 'k'), 1); }); }},
    {"KeyWithEscape", "\"a\\x1B[2J\" is not printable UTF-8",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("a\x1b[2J", 1); }); }},
    {"KeyNotUtf8", "metadata key 0: name (at byte 32): \"a\\xFF\" is not ASCII",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("a\xff", 1); }); }},
    {"KeyNotAscii", "metadata key 0: name (at byte 32): \"a.é\" is not ASCII",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("a.é", 1); }); }},
    {"DuplicateKey", "metadata key \"k\" appears twice",
     [] {
       GgufBuilder file(0, 2);
       file.Uint("k", 1);
       file.Uint("k", 1);
       return file.Finish(0);
     }},
    {"AlignmentZero", "\"general.alignment\": expected an integer from 8 to 65536, found 0",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("general.alignment", 0); }); }},
    {"AlignmentOdd", "\"general.alignment\": expected a power of two, found 48",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("general.alignment", 48); }); }},
    {"AlignmentHuge", "expected an integer from 8 to 65536, found 2147483648",
     [] { return WithKey([](GgufBuilder& f) { f.Uint("general.alignment", 0x80000000); }); }},
    {"AlignmentText", "expected an integer from 8 to 65536, found \"32\"",
     [] { return WithKey([](GgufBuilder& f) { f.String("general.alignment", "32"); }); }},
};

const Case kTensors[] = {
    {"UnknownType", "tensor \"t\": type (at byte 78): unknown tensor type 4",
     [] { return WithTensors({Tensor("t", {32}, 4, 0)}, 32); }},
    {"NoDimensions", "tensor \"t\": number of dimensions (at byte 66): 0, expected 1 to 4",
     [] { return WithTensors({Tensor("t", {}, 0, 0)}, 32); }},
    {"FiveDimensions", "number of dimensions (at byte 66): 5, expected 1 to 4",
     [] {
       return WithTensors({Tensor("t", {1, 1, 1, 1, 1}, 0, 0)}, 32);
     }},
    {"ZeroDimension", "tensor \"t\": dimension (at byte 78): 0, expected 1 or more",
     [] {
       return WithTensors({Tensor("t", {32, 0}, 0, 0)}, 32);
     }},
    {"PartOfABlock", "tensor \"t\": rows of 48 values, but Q8_0 has blocks of 32",
     [] {
       return WithTensors({Tensor("t", {48, 2}, 8, 0)}, 102);
     }},
    {"SizeOverflows", "tensor \"t\": size in bytes: product overflows",
     [] {
       return WithTensors({Tensor("t", {uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0)}, 32);
     }},
    {"QuantisedSizeOverflows", "tensor \"t\": size in bytes: product overflows",
     [] {
       return WithTensors({Tensor("t", {uint64_t{1} << 63, 2}, 8, 0)}, 32);
     }},
    {"SizeWrapsToNothing", "tensor \"t\": size in bytes: product overflows",
     [] { return WithTensors({Tensor("t", {uint64_t{1} << 62}, 0, 0)}, 32); }},
    {"OffsetOverflows", "tensor \"t\": offset: sum overflows",
     [] { return WithTensors({Tensor("t", {8}, 0, UINT64_MAX - 31)}, 32); }},
    {"BeyondTheEnd", "(an incomplete download?)", [] { return WithTensors({Tensor("t", {9}, 0, 0)}, 35); }},
    {"Unaligned", "tensor \"t\": offset 16 is not a multiple of the alignment 32",
     [] { return WithTensors({Tensor("t", {8}, 0, 16)}, 48); }},
    {"UnalignedTo64", "offset 32 is not a multiple of the alignment 64",
     [] { return WithTensors({Tensor("t", {8}, 0, 32)}, 64, 64); }},
    {"Overlap", "tensor \"b\" at byte 160 overlaps a, which ends at 164",
     [] {
       return WithTensors({Tensor("a", {9}, 0, 0), Tensor("b", {8}, 0, 32)}, 64);
     }},
    {"SamePlace", "overlaps",
     [] {
       return WithTensors({Tensor("a", {8}, 0, 0), Tensor("b", {8}, 0, 0)}, 32);
     }},
    {"GapBefore", "expected it at 96, right after the header",
     [] { return WithTensors({Tensor("a", {8}, 0, 32)}, 64); }},
    {"GapBetween", "tensor \"b\" at byte 224: expected it at 160, right after a",
     [] {
       return WithTensors({Tensor("b", {8}, 0, 96), Tensor("a", {8}, 0, 0)}, 128);
     }},
    {"LongName", "tensor 0: name (at byte 57): 65 bytes, at most 64",
     [] { return WithTensors({Tensor(std::string(65, 't').c_str(), {8}, 0, 0)}, 32); }},
    {"NameWithNewline", "\"a\\x0A\" is not printable UTF-8",
     [] { return WithTensors({Tensor("a\n", {8}, 0, 0)}, 32); }},
};

std::string CaseName(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Header, GgufRefusalTest, ::testing::ValuesIn(kHeaders), CaseName);
INSTANTIATE_TEST_SUITE_P(Key, GgufRefusalTest, ::testing::ValuesIn(kKeys), CaseName);
INSTANTIATE_TEST_SUITE_P(Tensor, GgufRefusalTest, ::testing::ValuesIn(kTensors), CaseName);

TEST(GgufHostileTest, AnAlignmentThatIsNoMultipleOfEightIsRefused) {
  for (uint32_t alignment : {1, 2, 4}) {
    EXPECT_THAT(MessageOf(WithTensors({Tensor("t", {8}, 0, 0)}, 32, alignment)),
                HasSubstr("metadata key \"general.alignment\": expected an integer from 8 to 65536"));
  }
}

TEST(GgufHostileTest, EveryAlignmentFromEightToTheLimitIsRead) {
  for (uint32_t alignment = 8; alignment <= kGgufMaxAlignment; alignment *= 2) {
    EXPECT_EQ(MessageOf(WithTensors({Tensor("t", {8}, 0, 0)}, 32, alignment)), "") << alignment;
  }
}

TEST(GgufHostileTest, TheLongestNamesAreRead) {
  EXPECT_EQ(MessageOf(WithKey([](GgufBuilder& f) { f.Uint(std::string(1024, 'k'), 1); })), "");
  EXPECT_EQ(MessageOf(WithTensors({Tensor(std::string(64, 't').c_str(), {8}, 0, 0)}, 32)), "");
}

TEST(GgufHostileTest, ALargeCountInASmallFileAllocatesNothing) {
  struct rusage before, after;
  ::getrusage(RUSAGE_SELF, &before);
  GgufBuilder file(0, 1);
  file.ArrayHead("k", 8, 1 << 20);
  const std::string bytes = file.Finish(1 << 20);
  for (int i = 0; i < 100; ++i) EXPECT_NE(MessageOf(bytes), "");
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 16 << 10);  // KiB
}

}  // namespace
}  // namespace candor
