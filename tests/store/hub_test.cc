#include "store/hub.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace candor {
namespace {

TEST(HubTest, ReadsReferences) {
  const HubFile file = ParseHubReference("hf:Some-Owner/Some.Repo_1/folder/m-Q4_K_M.gguf");
  EXPECT_EQ(file.owner, "Some-Owner");
  EXPECT_EQ(file.repository, "Some.Repo_1");
  EXPECT_EQ(file.path, "folder/m-Q4_K_M.gguf");
  EXPECT_EQ(file.reference(), "hf:Some-Owner/Some.Repo_1/folder/m-Q4_K_M.gguf");
  EXPECT_EQ(HubUrl("https://hub.example/", file, false).text,
            "https://hub.example/Some-Owner/Some.Repo_1/resolve/main/folder/m-Q4_K_M.gguf");
}

TEST(HubTest, NamesAllPartsOfASplitModel) {
  EXPECT_EQ(HubParts(ParseHubReference("hf:o/r/m.gguf")).size(), 1u);
  const auto parts = HubParts(ParseHubReference("hf:o/r/q/m-00001-of-00003.gguf"));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].path, "q/m-00001-of-00003.gguf");
  EXPECT_EQ(parts[2].reference(), "hf:o/r/q/m-00003-of-00003.gguf");
  EXPECT_THROW(ParseHubReference("hf:o/r/m-00002-of-00003.gguf"), UsageError);
  EXPECT_THROW(ParseHubReference("hf:o/r/m-00001-of-99999.gguf"), UsageError);
}

TEST(HubTest, RefusesWhatIsNone) {
  for (const char* text : {"", "hf:", "hf:o/r", "hf:o/r/", "o/r/m.gguf", "hf:o/r/m.safetensors", "hf:o/../m.gguf",
                           "hf:./r/m.gguf", "hf:o/r/../../m.gguf", "hf:o/r/./m.gguf", "hf:o/r//m.gguf", "hf:o/r/a/",
                           "hf:o?x/r/m.gguf", "hf:o/r#/m.gguf", "hf:o/r/\x1b[2J.gguf"}) {
    EXPECT_THROW(ParseHubReference(text), UsageError) << text;
  }
}

}  // namespace
}  // namespace candor
