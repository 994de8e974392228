// A model from its folder of safetensors beside the same from its GGUF file (tests/data/reasoning).
#include <gmock/gmock.h>

#include "engine/dialogue.h"
#include "engine/language_model.h"

namespace candor {
namespace {

using ::testing::ElementsAre;

class FolderModelTest : public ::testing::Test {
 protected:
  static LanguageModel Open(const char* name) {
    return LanguageModel::Open(std::string(CANDOR_TEST_DATA "/reasoning") + name, {.threads = 1, .isa = "scalar"});
  }
  const LanguageModel folder_ = Open("");
  const LanguageModel gguf_ = Open("/tiny-thinker.gguf");
};

TEST_F(FolderModelTest, PreparesTheSameRequests) {
  const std::vector<Message> messages = {Message{.role = "user", .content = "What is 1+2?<|im_end|>"}};
  for (const ThinkMode mode : {ThinkMode::kModel, ThinkMode::kOn, ThinkMode::kOff}) {
    const PreparedRequest a = Dialogue(folder_).Prepare(messages, {.think = {.mode = mode}});
    const PreparedRequest b = Dialogue(gguf_).Prepare(messages, {.think = {.mode = mode}});
    EXPECT_EQ(a.prompt, b.prompt);
    EXPECT_EQ(a.request.prompt, b.request.prompt);
    EXPECT_EQ(a.request.end_tokens, b.request.end_tokens);
    EXPECT_EQ(a.request.forced_prefix, b.request.forced_prefix);
    EXPECT_EQ(a.request.thinking.forced_close, b.request.thinking.forced_close);
    EXPECT_EQ(a.request.thinking.begun, b.request.thinking.begun);
    EXPECT_EQ(a.request.thinking.budget, b.request.thinking.budget);
    EXPECT_EQ(a.prompted_reasoning, b.prompted_reasoning);
  }
}

TEST_F(FolderModelTest, KeepsWhatTheFilesSayAndNothingLarge) {
  const Checkpoint& origin = folder_.origin();
  EXPECT_EQ(origin.format, CheckpointFormat::kSafetensors);
  EXPECT_EQ(origin.source, CANDOR_TEST_DATA "/reasoning");
  EXPECT_TRUE(origin.files.empty());
  EXPECT_TRUE(origin.headers.empty());
  EXPECT_TRUE(origin.tensors.empty());
  EXPECT_EQ(origin.metadata.GetString("model_type"), "qwen3");
  std::vector<std::string> names;
  for (const Document& document : origin.documents) {
    names.push_back(document.name);
    EXPECT_NE(document.digest, Sha256Digest()) << document.name;
    EXPECT_EQ(document.text.empty(), document.name == "tokenizer.json") << document.name;
  }
  EXPECT_THAT(names, ElementsAre("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"));
  EXPECT_FALSE(gguf_.origin().metadata.Has("tokenizer.ggml.tokens"));
  EXPECT_TRUE(gguf_.origin().metadata.Has("tokenizer.chat_template"));
}

}  // namespace
}  // namespace candor
