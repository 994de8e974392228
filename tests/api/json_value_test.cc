#include "api/json_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "api/json_writer.h"
#include "base/error.h"

namespace candor {
namespace {

JsonValue Parsed(std::string_view text) { return ParseJson(text, "test"); }

std::string Refusal(std::string_view text) {
  try {
    Parsed(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(JsonValue, IsWrittenBackAsItWasRead) {
  for (const char* text : {R"({"b":[1,-2,2.5,true,null,"x"],"a":{}})", "[]", "\"\\u0000\\n\\\"\\\\\xc3\xa9\"", "null",
                           "18446744073709551615", "-9223372036854775808", "0.1", "1e+300", "5e-324"}) {
    EXPECT_EQ(JsonText(Parsed(text)), text);
  }
}

TEST(JsonValue, RefusesWhatIsNotOneStrictDocument) {
  for (const char* text : {"", "{", "{\"a\":1,}", "{'a':1}", "[1] 2", "NaN", "01", "1.", "\"\\ud800\"", "\"\xff\"",
                           "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\n\"", "{\"a\":1,\"a\":1}",
                           "{\"x\":{\"a\":1,\"b\":2,\"\\u0061\":3}}", "1e999", "// x\n1"}) {
    EXPECT_NE(Refusal(text), "") << text;
  }
  EXPECT_THAT(Refusal("{\"x\":{\"a\":1,\"a\":2}}"), testing::HasSubstr("x.a"));
}

TEST(JsonValue, IsLimitedInDepthAndNumber) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(Refusal(nested(kMaxJsonDepth)), "");
  EXPECT_NE(Refusal(nested(kMaxJsonDepth + 1)), "");
  EXPECT_NE(Refusal(nested(100'000)), "");
  std::string many = "[0";
  for (size_t i = 2; i < kMaxJsonValues; ++i) many += ",0";
  EXPECT_EQ(Refusal(many + "]"), "");
  EXPECT_THAT(Refusal(many + ",0]"), testing::HasSubstr("262144"));
}

TEST(JsonValue, AWholeNumberIsOneHoweverItIsWritten) {
  struct Case {
    const char* text;
    bool is_integer;
    std::optional<int64_t> integer;
    std::optional<uint64_t> bits;
  };
  for (const Case& c : std::vector<Case>{
           {"7", true, 7, 7},
           {"7.0", true, 7, 7},
           {"7e0", true, 7, 7},
           {"1e3", true, 1000, 1000},
           {"-0", true, 0, 0},
           {"1.5", false, std::nullopt, std::nullopt},
           {"-1", true, -1, UINT64_MAX},
           {"-1.0", true, -1, UINT64_MAX},
           {"-9223372036854775808", true, INT64_MIN, 1ull << 63},
           {"9223372036854775807", true, INT64_MAX, INT64_MAX},
           {"9223372036854775808", true, std::nullopt, 1ull << 63},
           {"18446744073709551615", true, std::nullopt, UINT64_MAX},
           {"18446744073709551616", true, std::nullopt, std::nullopt},
           {"1e19", true, std::nullopt, 10'000'000'000'000'000'000ull},
           {"-9223372036854775809", true, std::nullopt, std::nullopt},
           {"1e300", true, std::nullopt, std::nullopt},
           {"-1e300", true, std::nullopt, std::nullopt},
           {"\"7\"", false, std::nullopt, std::nullopt},
           {"true", false, std::nullopt, std::nullopt},
       }) {
    const JsonValue value = Parsed(c.text);
    EXPECT_EQ(value.is_integer(), c.is_integer) << c.text;
    EXPECT_EQ(value.integer(), c.integer) << c.text;
    EXPECT_EQ(value.bits(), c.bits) << c.text;
  }
}

TEST(JsonWriter, WritesNumbersThatReadBackOnBits) {
  uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double value = std::bit_cast<double>(state);
    if (!std::isfinite(value)) continue;
    const std::string text = JsonWriter().Value(value).Take();
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
  EXPECT_EQ(JsonWriter().Value(std::nan("")).Take(), "null");
  EXPECT_EQ(JsonWriter().Value(-0.1).Take(), "-0.1");
}

TEST(JsonWriter, MakesValidTextOfAnyBytes) {
  EXPECT_EQ(JsonWriter().Value("a\xff\"\\\n\t\r\x01\x7f\xc3\xa9").Take(),
            "\"a\xef\xbf\xbd\\\"\\\\\\n\\t\\r\\u0001\\u007f\xc3\xa9\"");
  JsonWriter json;
  json.BeginObject().Key("a").BeginArray().Value(1).BeginObject().EndObject().Value(true).EndArray();
  json.Member("b", nullptr).Member("c", std::optional<int>()).Member("d", "x").EndObject();
  EXPECT_EQ(json.Take(), R"({"a":[1,{},true],"b":null,"c":null,"d":"x"})");
}

}  // namespace
}  // namespace candor
