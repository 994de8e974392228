// Templates of our own, with what Jinja2 makes of them (tests/tools/make_template_expectations.py).
#include <gtest/gtest.h>

#include "chat/render.h"

namespace candor {
namespace {

class TemplateCases : public ::testing::TestWithParam<const char*> {};

TEST_P(TemplateCases, RenderAsTheReferenceRendersThem) {
  const jinja::Value rows = ReadJson(std::string(CANDOR_TEST_DATA) + "/templates/" + GetParam() + ".json");
  ASSERT_GT(rows.items().size(), 10u);
  for (const jinja::Value& row : rows.items()) {
    const std::string& text = Entry(row, "template")->utf8();
    SCOPED_TRACE(text);
    const jinja::Value& input = *Entry(row, "input");
    if (const jinja::Value* error = Entry(row, "error")) {
      try {
        const std::string output = Render(text, input);
        ADD_FAILURE() << "rendered as " << output << "\nbut the reference says: " << error->utf8();
      } catch (const TemplateError&) {  // nothing but this and the next is thrown for a template
      } catch (const LimitError&) {
      }
    } else {
      EXPECT_EQ(Render(text, input), Entry(row, "output")->utf8());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TemplateCases,
                         ::testing::Values("chat", "filters", "loops", "macros", "methods", "operators", "sandbox",
                                           "scopes", "tests", "whitespace"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace candor
