// Published templates, rendered by Jinja2 as transformers configures it. They are other people's text and stay outside
// the repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "chat/render.h"

namespace candor {
namespace {

TEST(TemplateGolden, PublishedTemplatesRenderAsTheReferenceRendersThem) {
  const std::filesystem::path folder = std::filesystem::path(CANDOR_SHARED_GOLDEN) / "templates";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no published templates at " << folder;
  size_t templates = 0, renderings = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".jinja") continue;
    ++templates;
    const std::string text = ReadWholeFile(file.path(), 1u << 20);
    const jinja::Value rows = ReadJson(std::filesystem::path(file.path()).replace_extension(".json").string());
    for (const jinja::Value& row : rows.items()) {
      ++renderings;
      SCOPED_TRACE(file.path().filename().string() + ": " + Entry(row, "case")->utf8());
      if (const jinja::Value* error = Entry(row, "error")) {
        try {
          ADD_FAILURE() << "rendered, but the reference says: " << error->utf8() << "\n"
                        << Render(text, *Entry(row, "input"));
        } catch (const TemplateError& found) {
          EXPECT_THAT(found.what(), ::testing::EndsWith(": " + error->utf8()));
        }
      } else {
        EXPECT_EQ(Render(text, *Entry(row, "input")), Entry(row, "output")->utf8());
      }
    }
  }
  EXPECT_EQ(templates, 34u);
  EXPECT_EQ(renderings, 374u);
}

}  // namespace
}  // namespace candor
