// A conversation as plain values, and as a template sees it.
#ifndef CANDOR_CHAT_MESSAGE_H_
#define CANDOR_CHAT_MESSAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "chat/jinja/value.h"

namespace candor {

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON text of an object
};

struct Message {
  std::string role;                    // "system", "user", "assistant", "tool", or another that the template knows
  std::optional<std::string> content;  // empty: null, as beside tool calls
  std::optional<std::string> reasoning_content = {};
  std::vector<ToolCall> tool_calls = {};
  std::string tool_call_id = {};  // of a tool's answer; empty: none
  std::string name = {};          // likewise
};

// The list of dicts that templates take as `messages`, with the keys in the order of the fields above and absent ones
// left out. The reasoning stands under each name that templates have for it: `reasoning_content`, `reasoning` and
// `thinking`. Throws FormatError naming message and field for text that is not UTF-8 and arguments that are not an
// object.
jinja::Value TemplateMessages(const std::vector<Message>& messages);

// The same from JSON that holds a conversation (jinja/json.h reads it): a list of objects with a `role` each. All keys
// are kept as they are, but for the arguments of tool calls, which become an object where they are its text: so
// templates expect them. Reasoning under one of its names is given under those that are missing too. Throws FormatError
// naming `source`, message and field.
jinja::Value TemplateMessages(const jinja::Value& conversation, const std::string& source);

}  // namespace candor

#endif  // CANDOR_CHAT_MESSAGE_H_
