#include "chat/prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/message.h"
#include "chat/reasoning.h"
#include "chat/render.h"
#include "format/gguf.h"

namespace candor {
namespace {

using jinja::Value;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Metadata MetadataWith(std::initializer_list<std::pair<const char*, const char*>> strings) {
  Metadata metadata("model.gguf");
  for (const auto& [key, text] : strings) metadata.Add(key, std::string(text));
  StringTable tokens;
  for (const char* token : {"<unk>", "<s>", "</s>", "a"}) tokens.Append(token);
  metadata.Add("tokenizer.ggml.tokens", std::move(tokens));
  return metadata;
}

std::string Rendered(std::string_view text, const PromptOptions& options, SpecialTokenTexts special = {}) {
  return ChatPrompt(text, "test", std::move(special))
      .Render(TemplateMessages({Message{.role = "user", .content = "Hi"}}), options, kNow);
}

TEST(Prompt, GivesATemplateTheVariablesThatTransformersGivesIt) {
  const std::string all =
      "{% for name in ['a'] %}{{ messages[0].content }}|{{ tools }}|{{ documents }}|{{ add_generation_prompt }}|"
      "{{ bos_token }}|{{ eos_token }}|{{ enable_thinking is defined }}{{ thinking is defined }}|"
      "{{ reasoning_effort is defined }}|{{ strftime_now('%Y-%m-%d %H:%M') }}{% endfor %}";
  EXPECT_EQ(Rendered(all, {}, {{"bos_token", "<s>"}, {"eos_token", "</s>"}}),
            "Hi|None|None|True|<s>|</s>|FalseFalse|False|2026-11-22 09:30");
  PromptOptions options;
  options.add_generation_prompt = false;
  options.tools = jinja::ParseJson(R"([{"name": "f"}])", "tools");
  EXPECT_EQ(Rendered(all, options), "Hi|[{'name': 'f'}]|None|False|||FalseFalse|False|2026-11-22 09:30");
}

TEST(Prompt, TellsTheTemplateWhetherToThink) {
  const std::string text =
      "{{ enable_thinking }}{{ thinking }}{{ reasoning }}{{ reasoning_effort }}{{ thinking_effort }}";
  PromptOptions options;
  EXPECT_EQ(Rendered("x" + text, options), "x");
  options.thinking = false;
  EXPECT_EQ(Rendered(text, options), "FalseFalseFalse");
  options.thinking = true;
  options.effort = "high";
  EXPECT_EQ(Rendered(text, options), "TrueTrueTruehighhigh");
}

TEST(Prompt, FurtherVariablesComeBeforeAllOthers) {
  PromptOptions options;
  options.variables =
      jinja::ParseJson(R"({"enable_thinking": "maybe", "documents": [1], "persona": "x"})", "variables");
  options.thinking = true;
  EXPECT_EQ(Rendered("{{ enable_thinking }}{{ documents }}{{ persona }}{{ thinking }}", options), "maybe[1]xTrue");
}

TEST(Prompt, TakesTheTemplateOfAGgufFile) {
  const Metadata metadata = MetadataWith({{"tokenizer.chat_template", "plain {{ messages[0].role }}"},
                                          {"tokenizer.chat_template.tool_use", "tools {{ tools }}"}});
  const Value messages = TemplateMessages({Message{.role = "user", .content = "Hi"}});
  EXPECT_EQ(ChatPromptFromGguf(metadata, {}, false)->Render(messages, {}, kNow), "plain user");
  EXPECT_EQ(ChatPromptFromGguf(metadata, {}, true)->Render(messages, {}, kNow), "tools None");
  EXPECT_EQ(ChatPromptFromGguf(MetadataWith({{"tokenizer.chat_template", "x"}}), {}, true)->Render(messages, {}, kNow),
            "x");
  EXPECT_FALSE(ChatPromptFromGguf(MetadataWith({}), {}, false).has_value());
}

TEST(Prompt, ATemplateThatPrintsNothingIsNamed) {
  for (const char* text : {"", "{# nothing #}", "{% if false %}x{% endif %}"}) {
    const auto prompt = ChatPromptFromGguf(MetadataWith({{"tokenizer.chat_template", text}}), {}, false);
    EXPECT_THAT([&] { prompt->Render(TemplateMessages({Message{.role = "user", .content = "Hi"}}), {}, kNow); },
                ThrowsMessage<TemplateError>("model.gguf: tokenizer.chat_template: renders an empty prompt"));
  }
}

TEST(Prompt, NamesTheFileAndKeyOfABrokenTemplate) {
  EXPECT_THAT(
      [] {
        ChatPromptFromGguf(MetadataWith({{"tokenizer.chat_template", "a\n{% if %}"}}), {}, false);
      },
      ThrowsMessage<TemplateError>(HasSubstr("model.gguf: tokenizer.chat_template:2: ")));
}

TEST(Prompt, TakesTheSpecialTokensOfAGgufFile) {
  Metadata metadata = MetadataWith({});
  EXPECT_TRUE(SpecialTokensOf(metadata).empty());
  metadata.Add("tokenizer.ggml.bos_token_id", uint64_t{1});
  metadata.Add("tokenizer.ggml.eos_token_id", uint64_t{2});
  EXPECT_EQ(SpecialTokensOf(metadata), (SpecialTokenTexts{{"bos_token", "<s>"}, {"eos_token", "</s>"}}));
  Metadata outside = MetadataWith({});
  outside.Add("tokenizer.ggml.eos_token_id", uint64_t{4});
  EXPECT_THAT([&] { SpecialTokensOf(outside); }, ThrowsMessage<FormatError>(HasSubstr("tokenizer.ggml.eos_token_id")));
}

TEST(Prompt, TakesTheTemplateOfAFolder) {
  const Value messages = TemplateMessages({Message{.role = "user", .content = "Hi"}});
  const auto rendered = [&](std::string_view file, std::string_view config, bool with_tools) {
    return ChatPromptFromFolder({file, config, ""}, "model", with_tools)->Render(messages, {}, kNow);
  };
  const char* text = R"({"chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}", "pad_token": null,
                         "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}})";
  EXPECT_EQ(rendered("", text, false), "<s></s>False");
  EXPECT_EQ(rendered("own {{ bos_token }}", text, false), "own <s>");
  EXPECT_EQ(rendered("alone", "", false), "alone");
  const char* named =
      R"({"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]})";
  EXPECT_EQ(rendered("", named, false), "D");
  EXPECT_EQ(rendered("", named, true), "T");
  EXPECT_FALSE(ChatPromptFromFolder({"", "{}", ""}, "model", false).has_value());
  EXPECT_FALSE(ChatPromptFromFolder({}, "model", false).has_value());
  EXPECT_THAT(
      [] {
        ChatPromptFromFolder({"", R"({"chat_template": 5})", ""}, "model", false);
      },
      ThrowsMessage<FormatError>(
          "model/tokenizer_config.json: chat_template: must be a string or a list of templates"));
  EXPECT_THROW(ChatPromptFromFolder({"", "[]", ""}, "model", false), FormatError);
}

TEST(Prompt, TakesAFoldersTemplatesInTheirOrder) {
  const FolderTexts texts{"from the file", R"({"chat_template": "from the configuration"})",
                          R"({"chat_template": "from the JSON file"})"};
  const auto source_of = [](const FolderTexts& some) { return ChatPromptFromFolder(some, "model", false)->text(); };
  EXPECT_EQ(source_of(texts), "from the file");
  EXPECT_EQ(source_of({"", texts.tokenizer_config, texts.chat_template_json}), "from the configuration");
  EXPECT_EQ(source_of({"", R"({"chat_template": null})", texts.chat_template_json}), "from the JSON file");
  EXPECT_THAT(
      [] {
        ChatPromptFromFolder({"", "", R"({"chat_template": 5})"}, "model", false);
      },
      ThrowsMessage<FormatError>(HasSubstr("model/chat_template.json: chat_template: must be a string")));
}

// A model that thinks: its prompts and their tokens as transformers makes them.
TEST(Prompt, OfARealFileIsTextTokensAndState) {
  const std::string folder = std::string(CANDOR_TEST_DATA) + "/reasoning/";
  std::vector<File> files;
  files.push_back(File::Open(folder + "tiny-thinker.gguf"));
  const Checkpoint checkpoint = OpenGguf(std::move(files));
  const std::string chat_template = checkpoint.metadata.RequireString("tokenizer.chat_template");
  const auto prompt = ChatPromptFromGguf(checkpoint.metadata, SpecialTokensOf(checkpoint.metadata), false);
  ASSERT_TRUE(prompt.has_value());
  const auto tokenizer = TokenizerFromGguf(checkpoint.metadata);
  const ReasoningFormat format = FindReasoningFormat(*tokenizer, chat_template);
  EXPECT_TRUE(format.is_own);
  EXPECT_EQ(std::get<MarkFormat>(format.format).open, Mark{*tokenizer->Find("<think>")});
  EXPECT_EQ(std::get<MarkFormat>(format.format).close, Mark{*tokenizer->Find("</think>")});
  const Value cases = ReadJson(folder + "expected.json");
  size_t prompts = 0, edited = 0;
  for (const Value& row : cases.items()) {
    const std::string &name = Entry(row, "case")->utf8(), &expected = Entry(row, "prompt")->utf8();
    SCOPED_TRACE(name + ": " + expected);
    std::vector<TokenId> ids;
    for (const Value& id : Entry(row, "prompt_ids")->items()) ids.push_back(static_cast<TokenId>(id.integer()));
    EXPECT_EQ(tokenizer->Encode(expected, true), ids);
    if (name != "thinks" && name != "thinking off") {
      // The prompt goes on inside a thought, or behind one that was closed early.
      ++edited;
      EXPECT_EQ(StateAtEnd(format, *tokenizer, ids).end,
                expected.find("</think>") == std::string::npos ? PromptEnd::kOpenThought : PromptEnd::kClosedThought);
      continue;
    }
    ++prompts;
    const size_t begin = std::string("<|im_start|>user\n").size();
    const std::string question = expected.substr(begin, expected.find("<|im_end|>") - begin);
    PromptOptions options;
    if (name == "thinking off") options.thinking = false;
    EXPECT_EQ(prompt->Render(TemplateMessages({Message{.role = "user", .content = question}}), options, kNow),
              expected);
    EXPECT_EQ(StateAtEnd(format, *tokenizer, ids).end,
              name == "thinks" ? PromptEnd::kAnswer : PromptEnd::kClosedThought);
  }
  EXPECT_GT(prompts, 0u);
  EXPECT_GT(edited, 0u);
}

}  // namespace
}  // namespace candor
