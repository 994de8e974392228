#include "chat/prompt.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "chat/jinja/json.h"

namespace candor {
namespace {

using jinja::Kind;
using jinja::Value;

constexpr const char* kTemplateKey = "tokenizer.chat_template";

// A token's text in a tokenizer_config.json: a string, or an object with the string as its content.
const Value* TokenText(const Value& config, std::string_view name) {
  const Value* token = config.dict().Find(name, nullptr);
  if (token && token->is(Kind::kDict)) token = token->dict().Find("content", nullptr);
  return token && token->is_string() ? token : nullptr;
}

// A dict; an empty one for an empty text.
Value ParseObject(std::string_view text, const std::string& name) {
  Value object = text.empty() ? Value::MakeDict({}, nullptr) : jinja::ParseJson(text, name);
  if (!object.is(Kind::kDict)) throw FormatError(name + ": not a JSON object");
  return object;
}

// The template of that name in a list of {"name", "template"}.
const Value* NamedTemplate(const Value& list, std::string_view wanted) {
  for (const Value& entry : list.items()) {
    if (!entry.is(Kind::kDict)) continue;
    const Value* name = entry.dict().Find("name", nullptr);
    const Value* text = entry.dict().Find("template", nullptr);
    if (name && name->is_string() && name->utf8() == wanted && text && text->is_string()) return text;
  }
  return nullptr;
}

}  // namespace

SpecialTokenTexts SpecialTokensOf(const Tokenizer& tokenizer) {
  SpecialTokenTexts special;
  if (tokenizer.bos()) special["bos_token"] = tokenizer.Piece(*tokenizer.bos());
  if (tokenizer.eos()) special["eos_token"] = tokenizer.Piece(*tokenizer.eos());
  return special;
}

SpecialTokenTexts SpecialTokensOf(const Metadata& metadata) {
  SpecialTokenTexts special;
  const StringTable* tokens = metadata.GetStrings("tokenizer.ggml.tokens");
  if (tokens == nullptr || tokens->size() == 0) return special;
  for (const auto& [name, key] :
       {std::pair("bos_token", "tokenizer.ggml.bos_token_id"), std::pair("eos_token", "tokenizer.ggml.eos_token_id")}) {
    if (const auto id = metadata.GetUint(key, 0, tokens->size() - 1)) special[name] = (*tokens)[*id];
  }
  return special;
}

ChatPrompt::ChatPrompt(std::string_view template_text, std::string source, SpecialTokenTexts special)
    : text_(template_text), template_(ChatTemplate::Parse(text_, std::move(source))), special_(std::move(special)) {}

std::string ChatPrompt::Render(const Value& messages, const PromptOptions& options, int64_t now) const {
  std::vector<jinja::Dict::Entry> variables;
  const auto add = [&](std::string_view name, Value value) {
    variables.emplace_back(Value::String(std::string(name)), std::move(value));
  };
  add("messages", messages);
  add("tools", options.tools);
  add("documents", Value());
  add("add_generation_prompt", Value::Bool(options.add_generation_prompt));
  for (const auto& [name, text] : special_) {
    if (!IsValidUtf8(text)) throw FormatError("the special token " + name + " is not UTF-8");
    add(name, Value::String(text));
  }
  if (options.thinking) {
    for (const char* name : {"enable_thinking", "thinking", "reasoning"}) add(name, Value::Bool(*options.thinking));
  }
  if (options.effort) {
    for (const char* name : {"reasoning_effort", "thinking_effort"}) add(name, Value::String(*options.effort));
  }
  if (options.variables.is(Kind::kDict)) {
    // Of equal keys the last value counts.
    const auto& more = options.variables.dict().entries();
    variables.insert(variables.end(), more.begin(), more.end());
  }
  std::string prompt = template_.Render(Value::MakeDict(std::move(variables), nullptr), now);
  if (prompt.empty()) throw TemplateError(template_.source() + ": renders an empty prompt");
  return prompt;
}

std::optional<ChatPrompt> ChatPromptFromGguf(const Metadata& metadata, SpecialTokenTexts special, bool with_tools) {
  std::string key = kTemplateKey;
  if (with_tools && metadata.Has(key + ".tool_use")) key += ".tool_use";
  const std::optional<std::string> text = metadata.GetString(key);
  if (!text) return std::nullopt;
  return ChatPrompt(*text, metadata.source() + ": " + key, std::move(special));
}

std::optional<ChatPrompt> ChatPromptFromFolder(const FolderTexts& texts, const std::string& source, bool with_tools) {
  const std::string config_name = source + "/tokenizer_config.json";
  const Value config = ParseObject(texts.tokenizer_config, config_name);
  SpecialTokenTexts special;
  for (const char* name : {"bos_token", "eos_token", "pad_token", "unk_token"}) {
    if (const Value* text = TokenText(config, name)) special[name] = text->utf8();
  }
  if (!texts.chat_template.empty()) {
    return ChatPrompt(texts.chat_template, source + "/chat_template.jinja", std::move(special));
  }
  const std::string json_name = source + "/chat_template.json";
  const Value json = ParseObject(texts.chat_template_json, json_name);
  for (const auto& [document, name] : {std::pair(&config, &config_name), std::pair(&json, &json_name)}) {
    const Value* text = document->dict().Find("chat_template", nullptr);
    if (text && text->is(Kind::kList)) {
      const Value* with_use = with_tools ? NamedTemplate(*text, "tool_use") : nullptr;
      text = with_use ? with_use : NamedTemplate(*text, "default");
    }
    if (text == nullptr || text->is(Kind::kNone)) continue;
    if (!text->is_string()) throw FormatError(*name + ": chat_template: must be a string or a list of templates");
    return ChatPrompt(text->utf8(), *name + ": chat_template", std::move(special));
  }
  return std::nullopt;
}

std::optional<ChatPrompt> ChatPromptOf(const Checkpoint& checkpoint, SpecialTokenTexts special, bool with_tools) {
  if (checkpoint.format == CheckpointFormat::kGguf) {
    return ChatPromptFromGguf(checkpoint.metadata, std::move(special), with_tools);
  }
  return ChatPromptFromFolder({.chat_template = checkpoint.TextOf("chat_template.jinja"),
                               .tokenizer_config = checkpoint.TextOf("tokenizer_config.json"),
                               .chat_template_json = checkpoint.TextOf("chat_template.json")},
                              checkpoint.source, with_tools);
}

}  // namespace candor
