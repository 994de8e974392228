#include "api/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/field_shapes.h"
#include "api/request_verdict.h"

namespace candor {
namespace {

constexpr Shape kSmall = {.kinds = Shape::kInteger, .min = 1, .max = 3};
constexpr const char* kWords[] = {"red", "green"};
constexpr Shape kWord = {.kinds = Shape::kString, .words = kWords};
constexpr Shape kList = {.kinds = Shape::kArray, .min_items = 1, .max_items = 2, .items = &kSmall};
constexpr const Shape* kForms[] = {&kWord, &kList};
constexpr Shape kEither = {.any_of = kForms};
constexpr Shape kName = {.kinds = Shape::kString, .min_length = 2, .max_length = 3};
constexpr Field kFields[] = {
    shapes::Required("name", kName, "A name."),
    shapes::Honoured("small", kSmall, "A number.", "1"),
    shapes::Honoured("either", kEither, "Two forms."),
    shapes::Hint("hint", "it helps nothing."),
    shapes::Refused("refused", shapes::kOnlyFalse, "not offered."),
};
constexpr Shape kRequest = {.kinds = Shape::kObject, .fields = kFields, .null_is_absent = true, .name = "Request"};

TEST(Schema, JudgesEveryKindOfValue) {
  for (const auto& [more, verdict] : std::vector<std::pair<const char*, const char*>>{
           {"", "ok"},
           {R"(,"small":1)", "ok"},
           {R"(,"small":3.0)", "ok"},
           {R"(,"small":0)", "invalid_value small"},
           {R"(,"small":1.5)", "invalid_type small"},
           {R"(,"small":null)", "ok"},
           {R"(,"either":"red")", "ok"},
           {R"(,"either":"blue")", "invalid_value either"},
           {R"(,"either":[1,3])", "ok"},
           {R"(,"either":[])", "invalid_length either"},
           {R"(,"either":[1,4])", "invalid_value either[1]"},
           {R"(,"either":[1,2,3])", "invalid_length either"},
           {R"(,"either":true)", "invalid_type either"},
           {R"(,"hint":{"deep":[{}]})", "ok"},
           {R"(,"refused":false)", "ok"},
           {R"(,"refused":true)", "unsupported_parameter refused"},
           {R"(,"Small":1)", "unknown_parameter Small"},
           {",\"a\\u0000\\n\":1", "unknown_parameter a\\x00\\x0A"},
       }) {
    const std::string text = std::string(R"({"name":"abc")") + more + "}";
    EXPECT_EQ(VerdictOf([&] { ValidateRequest(ParseJson(text, "t"), kRequest); }), verdict) << text;
  }
}

TEST(Schema, LengthsCountCharacters) {
  for (const auto& [name, verdict] : std::vector<std::pair<const char*, const char*>>{
           {"éé", "ok"}, {"😀😀😀", "ok"}, {"é", "invalid_length name"}, {"abcd", "invalid_length name"}}) {
    const std::string text = std::string(R"({"name":")") + name + "\"}";
    EXPECT_EQ(VerdictOf([&] { ValidateRequest(ParseJson(text, "t"), kRequest); }), verdict) << text;
  }
}

TEST(Schema, NamesTheHintsThatAreThere) {
  EXPECT_THAT(ValidateRequest(ParseJson(R"({"hint":1,"name":"abc"})", "t"), kRequest), testing::ElementsAre("hint"));
  EXPECT_THAT(ValidateRequest(ParseJson(R"({"hint":null,"name":"abc"})", "t"), kRequest), testing::IsEmpty());
}

// By JSON Schema 2020-12.
TEST(Schema, IsPublishedAsItIsChecked) {
  JsonWriter json;
  WriteSchema(kRequest, json);
  EXPECT_EQ(json.Take(),
            R"({"type":"object","properties":{)"
            R"("name":{"type":"string","minLength":2,"maxLength":3,"description":"A name."},)"
            R"("small":{"anyOf":[{"type":"integer","minimum":1,"maximum":3},{"type":"null"}],)"
            R"("description":"A number. Default: 1."},)"
            R"("either":{"anyOf":[{"anyOf":[{"type":"string","enum":["red","green"]},)"
            R"({"type":"array","minItems":1,"maxItems":2,"items":{"type":"integer","minimum":1,"maximum":3}}]},)"
            R"({"type":"null"}],"description":"Two forms."},)"
            R"("hint":{"description":"No effect: it helps nothing."},)"
            R"("refused":{"anyOf":[{"type":"boolean","const":false},{"type":"null"}],)"
            R"("description":"Not offered, but for what asks for nothing: not offered."}},)"
            R"("required":["name"],"additionalProperties":false})");
}

TEST(Schema, IsToldInWords) {
  EXPECT_EQ(ShapeInWords(kEither), "\"red\", \"green\" or array of integer, 1 to 3, 1 to 2 items");
  EXPECT_EQ(ShapeInWords(shapes::kOnlyFalse), "false");
  EXPECT_EQ(ShapeInWords(shapes::kEmptyList), "array, empty");
  EXPECT_EQ(ShapeInWords(shapes::kAny), "anything");
}

}  // namespace
}  // namespace candor
