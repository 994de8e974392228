// How published templates switch thinking, how they open and close thoughts, and what they do with past ones: read from
// their texts by hand. They are other people's and stay outside the repository.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "chat/message.h"
#include "chat/reasoning.h"
#include "chat/render.h"
#include "chat/thinking_prompt.h"
#include "support/byte_tokenizer.h"

namespace candor {
namespace {

constexpr PromptEnd A = PromptEnd::kAnswer, O = PromptEnd::kOpenThought, C = PromptEnd::kClosedThought;
constexpr char kThink[] = "<think> </think>";

struct Published {
  const char* name;
  const char* control;  // tokens of the vocabulary, with blanks between
  const char* words;    // user-defined ones
  PromptEnd by_itself, on, off;
  bool keeps;          // the thought of an answer to an earlier question, when thinking is on
  bool keeps_in_call;  // that of a call whose result is the last message
};
const Published kThinkers[] = {
    {"Apertus-8B-Instruct", "<|assistant_start|> <|inner_prefix|> <|inner_suffix|>", "", A, A, A, false, false},
    {"Bielik-11B-v3.0-Instruct", "<|im_start|> <|im_end|>", "", A, O, A, true, true},
    {"Cohere2MoE", "<|CHATBOT_TOKEN|> <|START_THINKING|> <|END_THINKING|>", "", O, O, C, true, true},
    {"CohereForAI-c4ai-command-r7b-12-2024-tool_use", "<|CHATBOT_TOKEN|> <|START_THINKING|> <|END_THINKING|>", "", C, A,
     C, false, true},
    {"GLM-4.7-Flash", "<|user|> <|assistant|> <|observation|>", kThink, O, O, C, false, true},
    {"HuggingFaceTB-SmolLM3-3B", "<|im_start|> <|im_end|>", kThink, A, A, C, false, false},
    // Its way to write calls is refused by the sandbox, in the reference too.
    {"Kimi-K2-Thinking", "<|im_user|> <|im_assistant|> <|im_middle|> <|im_end|>", kThink, A, A, A, false, false},
    {"Kimi-K3", "<|open|> <|close|> <|sep|> <|end_of_msg|>", "", O, O, C, true, true},
    {"LFM2.5-8B-A1B", "<|im_start|> <|im_end|>", kThink, A, A, A, false, true},
    {"MiniMax-M2", "]~b] [e~[", kThink, O, O, O, false, true},
    {"NVIDIA-Nemotron-Nano-v2", "<SPECIAL_10> <SPECIAL_11> <SPECIAL_12>", "", O, O, C, false, false},
    {"Qwen-Qwen3-0.6B", "<|im_start|> <|im_end|>", kThink, A, A, C, false, true},
    {"Reka-Edge", "<sep>", "", A, O, A, false, true},
    {"StepFun3.5-Flash", "<|im_start|> <|im_end|>", kThink, O, O, O, false, true},
    {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "", "<think> </think> <｜User｜> <｜Assistant｜>", C, O, C, false,
     false},
    {"deepseek-ai-DeepSeek-V3.1", "", "<think> </think> <｜User｜> <｜Assistant｜>", C, O, C, false, false},
    {"deepseek-ai-DeepSeek-V3.2", "", "<think> </think> <｜User｜> <｜Assistant｜>", C, O, C, false, true},
    {"deepseek-ai-DeepSeek-V4", "", "<think> </think> <｜User｜> <｜Assistant｜>", C, O, C, false, true},
    {"google-gemma-4-31B-it-interleaved", "<|turn> <turn|> <|channel> <channel|>", "", C, A, C, false, true},
    {"inclusionai-ling-3.0-flash", "<role> </role> <|role_end|>", kThink, O, O, C, true, true},
    {"llama-cpp-deepseek-r1", "", "<think> </think> <｜User｜> <｜Assistant｜>", O, O, O, false, false},
    {"openai-gpt-oss-120b", "<|start|> <|channel|> <|message|> <|end|> <|return|> <|call|> <|constrain|>", "", A, A, A,
     false, true},
};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

class ReasoningTemplatesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(kFolder)) GTEST_SKIP() << "no published templates at " << kFolder;
  }
  static std::string Text(const std::string& name) { return ReadWholeFile(kFolder / (name + ".jinja"), 1 << 20); }
  static ChatPrompt Prompt(const std::string& name) {
    return ChatPrompt(Text(name), name, {{"bos_token", ""}, {"eos_token", ""}});
  }
  static ThinkingPrompt Rendered(const std::string& name, const std::vector<Message>& messages, const char* setting) {
    return RenderThinking(Prompt(name), TemplateMessages(messages), {}, *ParseThinkSetting(setting), kNow);
  }

  static inline const std::filesystem::path kFolder = std::filesystem::path(CANDOR_SHARED_GOLDEN) / "templates";
  const std::vector<Message> question_ = {{.role = "user", .content = "2+2?"}};
};

TEST_F(ReasoningTemplatesTest, EndWhereTheSettingWantsThem) {
  for (const Published& published : kThinkers) {
    const ByteTokenizer tokenizer(Split(published.control), Split(published.words));
    const ReasoningFormat format = FindReasoningFormat(tokenizer, Text(published.name));
    EXPECT_TRUE(format.is_own) << published.name;
    for (const auto& [setting, end] :
         {std::pair("auto", published.by_itself), std::pair("on", published.on), std::pair("off", published.off)}) {
      const std::string prompt = Rendered(published.name, question_, setting).text;
      EXPECT_EQ(StateAtEnd(format, tokenizer, tokenizer.Tokens(prompt)).end, end)
          << published.name << " " << setting << ": "
          << prompt.substr(prompt.size() - std::min<size_t>(80, prompt.size()));
    }
  }
}

TEST_F(ReasoningTemplatesTest, OthersHaveNoFormat) {
  std::set<std::string> thinkers;
  for (const Published& published : kThinkers) thinkers.insert(published.name);
  size_t others = 0;
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = file.path().stem().string();
    if (file.path().extension() != ".jinja" || thinkers.contains(name)) continue;
    ++others;
    EXPECT_FALSE(FindReasoningFormat(ByteTokenizer({}), Text(name)).is_own) << name;
  }
  EXPECT_EQ(others, 12u);
}

TEST_F(ReasoningTemplatesTest, TakePastThoughtsUnderTheirNames) {
  const Message thought{.role = "assistant", .content = "4", .reasoning_content = "Two and two."};
  const Message call{.role = "assistant",
                     .content = "",
                     .reasoning_content = "Two and two.",
                     .tool_calls = {{"call00001", "add", R"({"a": 2})"}}};
  const Message result{.role = "tool", .content = "4", .tool_call_id = "call00001", .name = "add"};
  for (const Published& published : kThinkers) {
    const auto holds = [&](const std::vector<Message>& messages) {
      try {
        return Rendered(published.name, messages, "on").text.find("Two and two.") != std::string::npos;
      } catch (const TemplateError&) {
        return false;
      }
    };
    EXPECT_EQ(holds({question_[0], thought, {.role = "user", .content = "And 3+3?"}}), published.keeps)
        << published.name;
    EXPECT_EQ(holds({question_[0], call, result}), published.keeps_in_call) << published.name;
  }
}

TEST_F(ReasoningTemplatesTest, BesideACallAndATextAThoughtIsTakenToo) {
  std::vector<Message> messages = question_;
  messages.push_back({.role = "assistant",
                      .content = "I add.",
                      .reasoning_content = "Two and two.",
                      .tool_calls = {{"call00001", "add", "{}"}}});
  messages.push_back({.role = "tool", .content = "4", .tool_call_id = "call00001", .name = "add"});
  EXPECT_THROW(Rendered("openai-gpt-oss-120b", messages, "auto"), TemplateRaised);
  FitHistory(FindReasoningFormat(HarmonyTokenizer(), Text("openai-gpt-oss-120b")), messages);
  EXPECT_NE(Rendered("openai-gpt-oss-120b", messages, "auto")
                .text.find("<|start|>assistant<|channel|>analysis<|message|>Two and two.\n\nI add.<|end|>"
                           "<|start|>assistant to=functions.add<|channel|>commentary json<|message|>{}<|call|>"),
            std::string::npos);
}

TEST_F(ReasoningTemplatesTest, KnowEffortsOrLeaveThemToABudget) {
  const struct {
    const char* name;
    bool low, medium, high;  // known
  } efforts[] = {{"openai-gpt-oss-120b", true, true, true},        {"Kimi-K3", true, false, true},
                 {"deepseek-ai-DeepSeek-V4", false, false, false}, {"Cohere2MoE", false, false, false},
                 {"Qwen-Qwen3-0.6B", false, false, false},         {"deepseek-ai-DeepSeek-V3.1", false, false, false}};
  for (const auto& [name, low, medium, high] : efforts) {
    EXPECT_EQ(Rendered(name, question_, "low").budget, low ? std::nullopt : std::optional(1024u)) << name;
    EXPECT_EQ(Rendered(name, question_, "medium").budget, medium ? std::nullopt : std::optional(4096u)) << name;
    EXPECT_EQ(Rendered(name, question_, "high").budget, high ? std::nullopt : std::optional(16384u)) << name;
  }
  EXPECT_NE(Rendered("openai-gpt-oss-120b", question_, "high").text.find("\nReasoning: high\n"), std::string::npos);
  EXPECT_NE(Rendered("Kimi-K3", question_, "low").text.find("thinking_effort=low"), std::string::npos);
}

}  // namespace
}  // namespace candor
