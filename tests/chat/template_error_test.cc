#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/render.h"

namespace candor {
namespace {

using ::testing::ThrowsMessage;

template <typename E = TemplateError>
void ExpectError(std::string_view text, std::string_view message, std::string_view json = "{}") {
  EXPECT_THAT([&] { Render(text, json); }, ThrowsMessage<E>(std::string(message))) << text;
}

TEST(TemplateError, NamesSourceAndLine) {
  ExpectError("a\nb\n{{ x.y }}", "test:3: 'x' is undefined");
  ExpectError("a\n{% if true %}\n\n{{ 1 +\n 'a' }}\n{% endif %}",
              "test:5: unsupported operand type(s) for +: 'int' and 'str'");
  ExpectError("{% macro f(x) %}\n{{ x.a.b }}\n{% endmacro %}\n\n{{ f({}) }}",
              "test:2: 'dict object' has no attribute 'a'");
  ExpectError("{#\n\n#}{{ [1]\n|nope }}", "test:4: No filter named 'nope'.");
  ExpectError("\n\n{% set a = %}", "test:3: Expected an expression, got 'end of statement block'");
  ExpectError("x\n{% for i in [1] %}\n\ny",
              "test:4: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. The "
              "innermost block that needs to be closed is 'for'.");
  ExpectError("a\r\nb\r\n{{ 'x' - 1 }}", "test:3: unsupported operand type(s) for -: 'str' and 'int'");
}

TEST(TemplateError, WhatATemplateRaisesIsToldApart) {
  ExpectError<TemplateRaised>("\n{{ raise_exception('No system role, ' ~ role) }}", "test:2: No system role, please",
                              R"({"role": "please"})");
}

// As in the reference, which reads no further than it has to.
TEST(TemplateError, TheFirstFaultIsTheOneReported) {
  ExpectError("{{ 1 2 }}\n{{ ? }}", "test:1: expected token 'end of print statement', got 'integer'");
  ExpectError("{% foo %}{{ ? }}", "test:1: Encountered unknown tag 'foo'.");
  ExpectError("{{ a b }}{# open", "test:1: expected token 'end of print statement', got 'b'");
  ExpectError("{{ 1 }}\n{{ ? }}", "test:2: unexpected char '?' at 11");
}

TEST(TemplateError, SourceMustBeUtf8) {
  ExpectError("a\xff", "test: the template is not UTF-8");
  ExpectError("a\xed\xa0\x80", "test: the template is not UTF-8");
}

// Where the reference would show something that changes from run to run, or compute with numbers of any size, there is
// an error and no guess.
TEST(TemplateError, WhatIsNotSupportedIsSaid) {
  const auto expect = [](std::string_view text, const std::string& message) {
    ExpectError(text, "test:1: " + message);
  };
  expect("{{ [1] | map('string') }}", "a generator has no text form that is the same every time");
  expect("{{ 'a'.upper }}", "a builtin_function_or_method has no text form that is the same every time");
  expect("{{ range }}", "a function has no text form that is the same every time");
  expect("{{ 9223372036854775807 + 1 }}", "an integer result beyond 64 bits is not supported");
  expect("{{ -9223372036854775807 - 2 }}", "an integer result beyond 64 bits is not supported");
  expect("{{ 2 ** 64 }}", "an integer result beyond 64 bits is not supported");
  expect("{{ 12345678901234567890123 + 1 }}", "computing with an integer beyond 64 bits is not supported");
  expect("{{ 9007199254740993 / 3 }}", "dividing integers beyond 53 bits is not supported");
  expect("{{ (-8) ** 0.5 }}", "a complex result is not supported");
  expect("{{ [1, 2] | random }}", "the filter 'random' is not supported");
  expect("{{ 'http://x' | urlize }}", "the filter 'urlize' is not supported");
  expect("{{ lipsum() }}", "lipsum() is not supported: its result is random");
  expect("{{ 'a'.encode() }}", "'encode' of a str is not supported");
  expect("{{ (5).real }}", "'real' of a int is not supported");
  expect("{{ 1 is sameas 1 }}", "'sameas' on equal numbers or strings is not supported");
  expect("{{ '\\N{DASH}' }}", "the escape \\N{...} is not supported");
  for (const char* tag :
       {"block x", "include 'x'", "import 'x' as y", "from 'x' import y", "extends 'x'", "autoescape true"}) {
    const std::string name = std::string(tag).substr(0, std::string(tag).find(' '));
    expect(std::string("{% ") + tag + " %}", "the tag '" + name + "' is not supported: a chat template stands alone");
  }
  expect(
      "{% set ns = namespace() %}{% for i in [1] %}{% macro m() %}{{ i }}{% endmacro %}{% set ns.m = m %}"
      "{% endfor %}{{ ns.m() }}",
      "calling a macro outside the block that defines it is not supported");
}

TEST(TemplateError, RenderingAgainAfterAnErrorWorks) {
  const ChatTemplate parsed = ChatTemplate::Parse("{{ 1 / x }}", "test");
  EXPECT_THAT([&] { parsed.Render(jinja::ParseJson(R"({"x": 0})", "input"), kNow); },
              ThrowsMessage<TemplateError>("test:1: division by zero"));
  EXPECT_EQ(parsed.Render(jinja::ParseJson(R"({"x": 4})", "input"), kNow), "0.25");
}

TEST(TemplateError, VariablesAreNotChangedByRendering) {
  const jinja::Value input = jinja::ParseJson(R"({"messages": [{"role": "user"}]})", "input");
  const std::string text = "{% set messages = messages + [1] %}{{ messages | length }}";
  EXPECT_EQ(Render(text, input), "2");
  EXPECT_EQ(Render(text, input), "2");
}

}  // namespace
}  // namespace candor
