// From a conversation to the exact text that a model sees.
#ifndef CANDOR_CHAT_PROMPT_H_
#define CANDOR_CHAT_PROMPT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "chat/template.h"
#include "format/checkpoint.h"
#include "format/metadata.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// The texts of a vocabulary's special tokens by the names that templates know ("bos_token", "eos_token"); one that the
// vocabulary has not is absent, and undefined in the template.
using SpecialTokenTexts = std::map<std::string, std::string>;
SpecialTokenTexts SpecialTokensOf(const Tokenizer& tokenizer);
// From a GGUF file's metadata that still has its vocabulary. FormatError names the key of an id outside it.
SpecialTokenTexts SpecialTokensOf(const Metadata& metadata);

struct PromptOptions {
  jinja::Value tools = {};                 // a list, or None
  bool add_generation_prompt = true;       // end where the assistant's answer begins
  std::optional<bool> thinking = {};       // given as `enable_thinking`, `thinking` and `reasoning`, the names in use
  std::optional<std::string> effort = {};  // as `reasoning_effort` and `thinking_effort`
  jinja::Value variables = {};             // a dict of further variables, which come before all others; or None
};

// A model's chat template with what it needs besides the conversation. Immutable.
//
// The variables are those that transformers gives a template: messages, tools and documents (None when there are
// none), add_generation_prompt, the special tokens, and what the options add. The prompt holds the special tokens
// written out, BOS too where the template asks for it: it is encoded with parse_special and without another BOS.
class ChatPrompt {
 public:
  // Throws what ChatTemplate::Parse throws.
  ChatPrompt(std::string_view template_text, std::string source, SpecialTokenTexts special);

  // `messages` as TemplateMessages() makes them. Never empty: throws TemplateError where the template prints nothing,
  // and what ChatTemplate::Render throws.
  std::string Render(const jinja::Value& messages, const PromptOptions& options, int64_t now) const;

  // The template itself.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  ChatTemplate template_;
  SpecialTokenTexts special_;
};

// The template that a GGUF file brings: `tokenizer.chat_template`, or `tokenizer.chat_template.tool_use` where there is
// one and tools are offered. Empty when it brings none: such a model completes text, and its prompt is the text itself.
std::optional<ChatPrompt> ChatPromptFromGguf(const Metadata& metadata, SpecialTokenTexts special, bool with_tools);

// The texts of a Hugging Face folder that can have a template; empty where a file is missing.
struct FolderTexts {
  std::string_view chat_template;       // chat_template.jinja: the template itself
  std::string_view tokenizer_config;    // tokenizer_config.json: `chat_template`, or a list of named ones
  std::string_view chat_template_json;  // chat_template.json: `chat_template`
};
// The same from such a folder: the first of the three that has one, with the special tokens that tokenizer_config.json
// names. FormatError names `source`, the folder, and the field.
std::optional<ChatPrompt> ChatPromptFromFolder(const FolderTexts& texts, const std::string& source, bool with_tools);

// The same from either. `special` is what a GGUF file's template is given.
std::optional<ChatPrompt> ChatPromptOf(const Checkpoint& checkpoint, SpecialTokenTexts special, bool with_tools);

}  // namespace candor

#endif  // CANDOR_CHAT_PROMPT_H_
