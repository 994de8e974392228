#include "store/model_record.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace candor {
namespace {

constexpr char kDigest[] = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

ModelRecord Example() {
  return {.source = "hf:owner/repo/\"odd\" \\.gguf",
          .installed = "2026-11-22T06:15:00Z",
          .files = {{"m-00001-of-00002.gguf", 5, kDigest}, {"m-00002-of-00002.gguf", 1099511627776, kDigest}},
          .verified = false};
}

TEST(ModelRecordTest, ReadsTheFormatThatIsDocumented) {
  const ModelRecord record = ParseModelRecord(
      std::string(R"({"source": "packages", "installed": "2026-11-22T06:15:00Z", "verified": true, "files":
                  [{"name": "m.gguf", "bytes": 98362432, "sha256": ")") +
          kDigest + R"("}], "a later field": [1, 2]})",
      "m.json");
  EXPECT_EQ(record.source, "packages");
  EXPECT_TRUE(record.verified);
  ASSERT_EQ(record.files.size(), 1u);
  EXPECT_EQ(record.files[0], (ModelRecord::FileRecord{"m.gguf", 98362432, kDigest}));
}

TEST(ModelRecordTest, WrittenRecordsComeBackEqual) {
  EXPECT_EQ(ParseModelRecord(WriteModelRecord(Example()), "m.json"), Example());
}

TEST(ModelRecordTest, EveryFieldIsRequired) {
  const std::string whole = WriteModelRecord(Example());
  for (const std::string field : {"source", "installed", "verified", "files", "name", "bytes", "sha256"}) {
    std::string without = whole;
    without.replace(without.find("\"" + field + "\""), 2, "\"X");
    try {
      ParseModelRecord(without, "m.json");
      ADD_FAILURE() << field;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find("\"" + field + "\""), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("m.json: "), 0u) << error.what();
    }
  }
}

TEST(ModelRecordTest, BrokenTextIsAnError) {
  const std::string whole = WriteModelRecord(Example());
  for (size_t length = 0; length + 2 < whole.size(); ++length) {
    EXPECT_THROW(ParseModelRecord(whole.substr(0, length), "m.json"), FormatError) << length;
  }
  EXPECT_THROW(ParseModelRecord("[]", "m.json"), FormatError);
  EXPECT_THROW(ParseModelRecord("null", "m.json"), FormatError);
  EXPECT_THROW(ParseModelRecord(std::string(100000, '['), "m.json"), FormatError);
  EXPECT_THROW(ParseModelRecord(std::string(kMaxModelRecordBytes + 1, ' '), "m.json"), FormatError);
}

TEST(ModelRecordTest, ControlCharactersAreRefused) {
  ModelRecord record = Example();
  record.source = "\x1b[2Jhello";
  EXPECT_THROW(ParseModelRecord(WriteModelRecord(record), "m.json"), FormatError);
}

TEST(ModelRecordTest, FieldsAreHeldToTheirForm) {
  ModelRecord record = Example();
  record.source = std::string(16385, 'x');
  EXPECT_THROW(ParseModelRecord(WriteModelRecord(record), "m.json"), FormatError);
  for (const char* time :
       {"", "yesterday", "2026-11-22T06:15:00", "2026-11-22T06:15:00ZZ", "2026-11-2\u00e9T06:15:00Z"}) {
    record = Example();
    record.installed = time;
    EXPECT_THROW(ParseModelRecord(WriteModelRecord(record), "m.json"), FormatError) << time;
  }
  EXPECT_THROW(ParseModelRecord(R"({"source": "", "installed": "2026-11-22T06:15:00Z", "verified": true, "files":
                  [{"name": "m.gguf", "bytes": -1, "sha256": ")" +
                                    std::string(kDigest) + "\"}]}",
                                "m.json"),
               FormatError);
}

TEST(ModelRecordTest, DigestsAreLowerCaseHexadecimal) {
  EXPECT_TRUE(IsSha256Hex(kDigest));
  EXPECT_FALSE(IsSha256Hex(std::string(kDigest) + "0"));
  EXPECT_FALSE(IsSha256Hex(std::string(kDigest).substr(1)));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'g')));
  EXPECT_FALSE(IsSha256Hex("../" + std::string(61, 'a')));
}

}  // namespace
}  // namespace candor
