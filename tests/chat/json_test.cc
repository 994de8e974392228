#include "chat/jinja/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/render.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// The value as json.dumps writes it.
std::string Dumped(std::string_view json) { return Render("{{ x | tojson }}", "{\"x\": " + std::string(json) + "}"); }

TEST(Json, ReadsNumbersExactly) {
  EXPECT_EQ(Dumped("[0, -0, -1, 9223372036854775807, -9223372036854775808]"),
            "[0, 0, -1, 9223372036854775807, -9223372036854775808]");
  EXPECT_EQ(Dumped("[9223372036854775808, 18446744073709551616, -123456789012345678901234567890]"),
            "[9223372036854775808, 18446744073709551616, -123456789012345678901234567890]");
  EXPECT_EQ(Dumped("[1.0, 1.50, 1e2, 1E-7, -0.0, 0.1, 3.141592653589793, 2.2250738585072014e-308, 5e-324]"),
            "[1.0, 1.5, 100.0, 1e-07, -0.0, 0.1, 3.141592653589793, 2.2250738585072014e-308, 5e-324]");
  // Halfway cases, which a parser that multiplies rounded powers of ten gets wrong.
  EXPECT_EQ(
      Dumped("[9007199254740993.0, 1.00000000000000011102230246251565, 8.5e22, 6.8e-322, 1.7976931348623157e308]"),
      "[9007199254740992.0, 1.0, 8.5e+22, 6.8e-322, 1.7976931348623157e+308]");
  EXPECT_EQ(Dumped("[1e400, -1e400, 1e-400]"), "[Infinity, -Infinity, 0.0]");
}

TEST(Json, KeepsTheOrderOfKeysAndTheLastOfEqualOnes) {
  EXPECT_EQ(Dumped(R"({"z": 1, "a": 2, "z": 3, "m": {"y": 1, "x": 2}})"), R"({"z": 3, "a": 2, "m": {"y": 1, "x": 2}})");
  std::string many = "{";
  for (int i = 0; i < 300; ++i) many += "\"k" + std::to_string((i * 37) % 300) + "\": " + std::to_string(i) + ", ";
  many += "\"end\": null}";
  EXPECT_EQ(Dumped(many), many);
  EXPECT_EQ(Render("{{ x.k37 }},{{ x['k263'] }},{{ x.k300 is defined }}", "{\"x\": " + many + "}"), "1,299,False");
}

TEST(Json, ReadsEscapesAndUnicode) {
  EXPECT_EQ(Render("{{ x }}", R"({"x": "a\n\t\"\\\/\u00e9\ud83d\ude00é"})"), "a\n\t\"\\/é😀é");
}

TEST(Json, RefusesWhatIsNotJsonWithItsPlace) {
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "nul", "'a'", "01", "1.", "NaN", "[1] 2", "\"\\ud800\"",
                           "\"\xff\"", "\"\t\"", "{1: 2}", "// c\n1", "+1", "\"a", "[", "1e"}) {
    EXPECT_THAT([&] { jinja::ParseJson(text, "file.json"); },
                ThrowsMessage<FormatError>(HasSubstr("file.json: not JSON at byte ")))
        << text;
  }
  EXPECT_THAT([] { jinja::ParseJson("[1, 2, x]", "file.json"); }, ThrowsMessage<FormatError>(HasSubstr("at byte 7: ")));
}

TEST(Json, BoundsTheDepth) {
  const std::string deep(64, '['), closed(64, ']');
  EXPECT_NO_THROW(jinja::ParseJson(deep + closed, "file.json"));
  EXPECT_THROW(jinja::ParseJson("[" + deep + closed + "]", "file.json"), FormatError);
  EXPECT_THROW(jinja::ParseJson(std::string(1'000'000, '['), "file.json"), FormatError);
}

}  // namespace
}  // namespace candor
