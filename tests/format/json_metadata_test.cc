#include "format/json_metadata.h"

#include <gmock/gmock.h>

#include <functional>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Metadata Read(std::string_view text) { return MetadataFromJson(text, "config.json"); }

std::string ErrorOf(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_TRUE(IsPrintable(error.what()));
    return error.what();
  }
  return "";
}

std::string ErrorOf(std::string_view text) {
  return ErrorOf([&] { Read(text); });
}

TEST(JsonMetadataTest, MembersOfObjectsHaveKeysWithDots) {
  const Metadata metadata = Read(
      R"({"hidden_size": 64, "rope_parameters": {"full_attention": {"rope_theta": 1e4}, "x": -2}, "tie": true,
          "model_type": "qwen2", "empty": {}})");
  EXPECT_EQ(metadata.source(), "config.json");
  EXPECT_THAT(
      metadata.values(),
      ElementsAre(Pair("empty", MetadataValue(kObjectLeftOut)), Pair("hidden_size", MetadataValue(uint64_t{64})),
                  Pair("model_type", MetadataValue(std::string("qwen2"))),
                  Pair("rope_parameters", MetadataValue(kObjectLeftOut)),
                  Pair("rope_parameters.full_attention", MetadataValue(kObjectLeftOut)),
                  Pair("rope_parameters.full_attention.rope_theta", MetadataValue(10000.0)),
                  Pair("rope_parameters.x", MetadataValue(int64_t{-2})), Pair("tie", MetadataValue(true))));
}

TEST(JsonMetadataTest, NullIsAbsent) {
  EXPECT_THAT(Read(R"({"a": null, "b": {"c": null}})").values(), ElementsAre(Pair("b", MetadataValue(kObjectLeftOut))));
}

TEST(JsonMetadataTest, ArraysOfOneKindAreArrays) {
  const Metadata metadata = Read(
      R"({"whole": [128, 0, 18446744073709551615], "signed": [1, -2], "real": [1, 2.5, -3], "wide": [-1, 18446744073709551615],
          "flags": [true, false], "names": ["a", "", "b"], "empty": []})");
  EXPECT_EQ(Describe(*metadata.Find("whole")), "array of 3 uint64 [128, 0, 18446744073709551615]");
  EXPECT_THAT(*metadata.GetInts("signed"), ElementsAre(1, -2));
  EXPECT_THAT(*metadata.GetFloats("real"), ElementsAre(1, 2.5, -3));
  EXPECT_THAT(*metadata.GetFloats("wide"), ElementsAre(-1, 0x1p64));
  EXPECT_THAT(*metadata.GetBools("flags"), ElementsAre(true, false));
  const StringTable& names = metadata.RequireStrings("names");
  EXPECT_EQ(names.size(), 3u);
  EXPECT_EQ(names[2], "b");
  EXPECT_EQ(metadata.RequireStrings("empty").size(), 0u);
}

TEST(JsonMetadataTest, WhatIsLeftOutIsRefusedWhereItIsAskedFor) {
  const Metadata metadata = Read(
      R"({"mixed": [1, "a"], "null": [1, null], "flags": [true, 1], "lists": [[1], [2]], "objects": [{"a": 1, "b": [2]}],
          "last": [{}, 1, [[]], "x"], "object": {}, "kept": 1})");
  EXPECT_EQ(metadata.values().size(), 8u);
  EXPECT_EQ(metadata.GetUint("kept", 0, 9), 1u);
  for (const char* key : {"mixed", "null", "flags", "lists", "objects", "last"}) {
    EXPECT_EQ(Describe(*metadata.Find(key)), "an array of other than numbers, booleans or strings") << key;
    EXPECT_THROW(metadata.GetFloats(key), FormatError) << key;
    EXPECT_THROW(metadata.GetInts(key), FormatError) << key;
    EXPECT_THROW(metadata.GetBools(key), FormatError) << key;
    EXPECT_THROW(metadata.GetStrings(key), FormatError) << key;
  }
  EXPECT_EQ(ErrorOf([&] { metadata.GetUint("object", 0, 9); }),
            "config.json: metadata key \"object\": expected an integer from 0 to 9, found an object");
  EXPECT_THROW(metadata.GetFloat("object", 0, 9), FormatError);
  EXPECT_THROW(metadata.GetNumber("object", 0, 9), FormatError);
  EXPECT_THROW(metadata.GetBool("object"), FormatError);
  EXPECT_THROW(metadata.GetString("object"), FormatError);
}

TEST(JsonMetadataTest, AnArrayKnowsNothingOfTheOneBefore) {
  const Metadata metadata = Read(R"({"a": [-1.5], "b": ["x", []], "c": [2], "d": [false]})");
  EXPECT_THAT(*metadata.GetInts("c"), ElementsAre(2));
  EXPECT_EQ(Describe(*metadata.Find("c")), "array of 1 uint64 [2]");
  EXPECT_THAT(*metadata.GetBools("d"), ElementsAre(false));
}

TEST(JsonMetadataTest, RefusesWhatIsNotAnObject) {
  EXPECT_EQ(ErrorOf("[1]"), "config.json: an array, an object expected");
  EXPECT_EQ(ErrorOf("5"), "config.json: 5, an object expected");
  EXPECT_THAT(ErrorOf("{"), HasSubstr("config.json: not valid JSON"));
  EXPECT_THAT(ErrorOf(R"({"a": NaN})"), HasSubstr("config.json: not valid JSON"));
}

TEST(JsonMetadataTest, RefusesTwoMembersOfOneName) {
  EXPECT_EQ(ErrorOf(R"({"vocab_size": 1, "vocab_size": 2})"), "config.json: metadata key \"vocab_size\" appears twice");
  EXPECT_EQ(ErrorOf(R"({"a": null, "a": 1})"), "config.json: metadata key \"a\" appears twice");
  EXPECT_EQ(ErrorOf(R"({"a.b": 1, "a": {"b": 2}})"), "config.json: metadata key \"a.b\" appears twice");
}

TEST(JsonMetadataTest, RefusesNamesThatMislead) {
  EXPECT_EQ(ErrorOf(R"({"a\u001b[2J": 1})"), "config.json: the name \"a\\x1B[2J\" is not printable");
}

TEST(JsonMetadataTest, LimitsHold) {
  const auto object = [](const std::string& key) { return "{\"" + key + "\": 1}"; };
  EXPECT_EQ(ErrorOf(object(std::string(1024, 'k'))), "");
  EXPECT_THAT(ErrorOf(object(std::string(1025, 'k'))), HasSubstr("takes more than 1024 bytes"));
  EXPECT_THAT(ErrorOf("{\"" + std::string(1000, 'k') + "\": " + object(std::string(30, 'k')) + "}"),
              HasSubstr("takes more than 1024 bytes"));
  EXPECT_THAT(ErrorOf("{\"a\": \"" + std::string(4 << 20, 'x') + "\"}"), HasSubstr("at most 4194304 are read"));
  std::string members;
  for (int i = 0; i <= 1 << 14; ++i) members += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
  EXPECT_EQ(ErrorOf("{" + members + "}"), "config.json: more than 16384 members");
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{\"a\":";
  EXPECT_THAT(ErrorOf(deep), HasSubstr("nested more than 32 deep"));
}

}  // namespace
}  // namespace candor
