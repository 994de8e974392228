#include "format/json_reader.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes down what it is told: "a.b[1] = 5".
class Recorder : public JsonVisitor {
 public:
  void Begin(const JsonPlace& place, JsonContainer container) override {
    events.push_back(place.Path() + " begins " + Describe(container));
  }
  void End(const JsonPlace& place, JsonContainer container) override {
    events.push_back(place.Path() + " ends " + Describe(container));
  }
  void Value(const JsonPlace& place, const JsonScalar& value) override {
    events.push_back(place.Path() + " = " + Describe(value));
    types.push_back(value.index());
    if (const auto* number = std::get_if<double>(&value)) last = *number;
  }
  std::vector<std::string> events;
  std::vector<size_t> types;
  double last = 1;
};

Recorder Read(std::string_view text) {
  Recorder recorder;
  ReadJson(text, "j.json", {.bytes = 1 << 20}, recorder);
  return recorder;
}

std::string ErrorOf(std::string_view text, JsonLimits limits = {.bytes = 1 << 20}) {
  Recorder recorder;
  try {
    ReadJson(text, "j.json", limits, recorder);
  } catch (const Error& error) {
    EXPECT_TRUE(IsPrintable(error.what()));
    return error.what();
  }
  return "";
}

TEST(JsonReaderTest, TellsEveryValueAndWhereItIs) {
  EXPECT_THAT(Read(R"({"a": {"b": [1, [], {"c": "x"}]}, "d": null, "": true})").events,
              ElementsAre(" begins an object", "a begins an object", "a.b begins an array", "a.b[0] = 1",
                          "a.b[1] begins an array", "a.b[1] ends an array", "a.b[2] begins an object",
                          "a.b[2].c = \"x\"", "a.b[2] ends an object", "a.b ends an array", "a ends an object",
                          "d = null", " = true", " ends an object"));
}

TEST(JsonReaderTest, KeysAreThoseOfTheirLevel) {
  class Keys : public JsonVisitor {
   public:
    void Value(const JsonPlace& place, const JsonScalar&) override {
      std::string line;
      for (size_t level = 0; level < place.depth(); ++level) line += std::string(place.key(level)) + "|";
      lines.push_back(line);
    }
    std::vector<std::string> lines;
  } keys;
  ReadJson(R"({"one": [{"two": 1, "t\u0068ree": {"four": 2}}, 3], "five": 4})", "j.json", {.bytes = 1000}, keys);
  EXPECT_THAT(keys.lines, ElementsAre("one||two|", "one||three|four|", "one||", "five|"));
}

TEST(JsonReaderTest, AWholeNumberThatFitsIsOneAndAnythingElseADouble) {
  const Recorder read = Read(
      "[0, 18446744073709551615, 9223372036854775808, -1, -9223372036854775808, 1.0, 1e4, 18446744073709551616,"
      " -9223372036854775809, -0.0]");
  EXPECT_THAT(read.types, ElementsAre(2, 2, 2, 3, 3, 4, 4, 4, 4, 4));
  EXPECT_EQ(read.events[2], "[1] = 18446744073709551615");
  EXPECT_EQ(read.events[5], "[4] = -9223372036854775808");
}

// The right-hand sides are Python's float(text).hex().
TEST(JsonReaderTest, ADoubleIsTheNearestOne) {
  const std::pair<const char*, double> numbers[] = {{"1e-05", 0x1.4f8b588e368f1p-17},
                                                    {"1e23", 0x1.52d02c7e14af6p+76},
                                                    {"8.5e22", 0x1.1ffdbf6b2b2ebp+76},
                                                    {"2.2250738585072012e-308", 0x1p-1022},
                                                    {"9007199254740993.0", 0x1p+53},
                                                    {"0.1", 0x1.999999999999ap-4},
                                                    {"123456789012345678e-40", 0x1.dd99ae89eb84bp-77},
                                                    {"0.017976931348623157e310", 0x1.fffffffffffffp+1023}};
  class Doubles : public JsonVisitor {
   public:
    void Value(const JsonPlace&, const JsonScalar& value) override { found = std::get<double>(value); }
    double found = 0;
  } visitor;
  for (const auto& [text, expected] : numbers) {
    ReadJson(std::string("[") + text + "]", "j.json", {.bytes = 100}, visitor);
    EXPECT_EQ(visitor.found, expected) << text;
  }
}

TEST(JsonReaderTest, StringsAreDecodedHoweverLong) {
  EXPECT_THAT(Read(R"(["a\"\\\/\b\u00e9\ud83d\ude00"])").events[1], HasSubstr("é😀"));
  const std::string longer(100000, 'x');
  class Length : public JsonVisitor {
   public:
    void Value(const JsonPlace&, const JsonScalar& value) override { text = std::get<std::string_view>(value); }
    std::string text;
  } last;
  ReadJson("[\"before\\n" + longer + "\\tend\"]", "j.json", {.bytes = 1 << 20}, last);
  EXPECT_EQ(last.text, "before\n" + longer + "\tend");
  ReadJson("[\"" + longer + "\", \"short\"]", "j.json", {.bytes = 1 << 20}, last);
  EXPECT_EQ(last.text, "short");
}

TEST(JsonReaderTest, AValueKnowsNothingOfTheOneBefore) {
  EXPECT_THAT(Read(R"(["a\nb", "c\td", 1.5, "\u0065", 2.5])").events,
              ElementsAre(" begins an array", "[0] = \"a\\x0Ab\"", "[1] = \"c\\x09d\"", "[2] = 1.5", "[3] = \"e\"",
                          "[4] = 2.5", " ends an array"));
}

TEST(JsonReaderTest, AnyValueMayBeTheDocument) {
  EXPECT_THAT(Read(" 5 ").events, ElementsAre(" = 5"));
  EXPECT_THAT(Read("\"x\"").events, ElementsAre(" = \"x\""));
}

TEST(JsonReaderTest, ANameThatAppearsTwiceIsRefusedAtEveryLevel) {
  EXPECT_EQ(ErrorOf(R"({"a": 1, "b": 2, "a": 3})"), "j.json: \"a\" appears twice");
  EXPECT_EQ(ErrorOf(R"({"x": [{"a": 1, "\u0061": 1}]})"), "j.json: \"x[0].a\" appears twice");
  EXPECT_EQ(ErrorOf(R"({"": 1, "": 1})"), "j.json: \"\" appears twice");
  EXPECT_EQ(ErrorOf(R"({"a": {"a": {"a": 1}}, "b": {"a": 1}, "c": [{"a": 1}, {"a": 1}]})"), "");
}

TEST(JsonReaderTest, WhatIsNotJsonIsRefused) {
  for (const char* text : {"",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "[01]",
                           "[+1]",
                           "[.5]",
                           "[1.]",
                           "[NaN]",
                           "[Infinity]",
                           "['a']",
                           "[\"\n\"]",
                           "[\"\\x\"]",
                           "[\"\\ud800\"]",
                           "[\"\xff\"]",
                           "[\"\xed\xa0\x80\"]",
                           "// x\n1",
                           "nul",
                           "\xef\xbb\xbf{}",
                           "[1 2]",
                           "{1:2}"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("j.json: not valid JSON: ")) << text;
  }
  EXPECT_EQ(ErrorOf("{} x"), "j.json: not valid JSON: unexpected \"x\" after its end at byte 3");
  EXPECT_EQ(ErrorOf(R"({"a": {"b": [1, tru]}})"), "j.json: not valid JSON: syntax error, after \"a.b[0]\"");
}

TEST(JsonReaderTest, NumbersBeyondADoubleAreRefused) {
  EXPECT_EQ(ErrorOf(R"({"a": 1e400})"), "j.json: a: 1e400 is beyond what a double can hold");
  EXPECT_EQ(ErrorOf("[0, -1e400]"), "j.json: [1]: -1e400 is beyond what a double can hold");
  EXPECT_THAT(ErrorOf("[1e99999999999999999999]"), HasSubstr("j.json: "));
}

TEST(JsonReaderTest, NumbersBeyondADoubleAreInfiniteWhereTheVisitorJudgesThem) {
  const std::string zeros(400, '0');
  const JsonLimits limits{.bytes = 1 << 20, .infinite_numbers = true};
  for (const std::string& text :
       std::vector<std::string>{"1e400", "-1e400", "1E+999999999", "1" + zeros, "-1" + zeros + ".5", "0.001e9999",
                                "0." + zeros + "1e999", std::string(100'000, '7')}) {
    Recorder recorder;
    ReadJson(text, "j.json", limits, recorder);
    EXPECT_EQ(recorder.last, text[0] == '-' ? -INFINITY : INFINITY) << text.substr(0, 40);
  }
}

TEST(JsonReaderTest, NumbersNextToNothingAreZero) {
  const std::string zeros(400, '0');
  for (const std::string& text : std::vector<std::string>{"1e-400", "-1e-400", "1E-999999999", "0." + zeros + "1",
                                                          "100e-999", "1" + zeros + "e-999", "0.0e5", "0e999999999"}) {
    Recorder recorder;
    ReadJson(text, "j.json", {.bytes = 1 << 20}, recorder);
    EXPECT_EQ(recorder.last, 0) << text.substr(0, 40);
    EXPECT_EQ(std::signbit(recorder.last), text[0] == '-') << text.substr(0, 40);
  }
}

TEST(JsonReaderTest, LimitsHold) {
  EXPECT_EQ(ErrorOf("[1]", {.bytes = 2}), "j.json: 3 bytes of JSON, at most 2 are read");
  EXPECT_EQ(ErrorOf("[1]", {.bytes = 3}), "");
  EXPECT_EQ(ErrorOf(R"({"a": [[]]})", {.bytes = 100, .depth = 3}), "");
  EXPECT_EQ(ErrorOf(R"({"a": [[]]})", {.bytes = 100, .depth = 2}),
            "j.json: JSON nested more than 2 deep, after \"a[0]\"");
  EXPECT_THAT(ErrorOf(std::string(1 << 20, '[')), HasSubstr("nested more than 32 deep"));
}

TEST(JsonReaderTest, WhatAVisitorThrowsComesOut) {
  class Thrower : public JsonVisitor {
   public:
    void Value(const JsonPlace& place, const JsonScalar&) override { throw UsageError("at " + place.Path()); }
  } thrower;
  EXPECT_THROW(ReadJson(R"({"a": 1})", "j.json", {.bytes = 100}, thrower), UsageError);
}

}  // namespace
}  // namespace candor
