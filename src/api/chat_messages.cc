#include "api/chat_messages.h"

#include <string>
#include <string_view>
#include <utility>

#include "api/field_reader.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr std::string_view kOpenThought = "<think>";
constexpr std::string_view kCloseThought = "</think>";

std::optional<std::string> TextOf(const JsonValue* content) {
  if (content == nullptr) return std::nullopt;
  if (const std::string* text = content->string()) return *text;
  std::string joined;
  bool first = true;
  for (const JsonValue& part : *content->array()) {
    if (!std::exchange(first, false)) joined += '\n';
    joined += *part.Find("text")->string();
  }
  return joined;
}

// Clients that know no field for reasoning send a past answer back as they have shown it.
void SplitThought(Message& message, bool goes_on) {
  if (!message.content || message.reasoning_content) return;
  const std::string_view text = *message.content;
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || !text.substr(begin).starts_with(kOpenThought)) return;
  std::string_view thought = text.substr(begin + kOpenThought.size());
  const size_t close = thought.find(kCloseThought);
  if (close == std::string_view::npos && !goes_on) return;
  std::optional<std::string> rest;
  if (close != std::string_view::npos) {
    const std::string_view behind = thought.substr(close + kCloseThought.size());
    const size_t answer = behind.find_first_not_of(kBlanks);
    rest = answer == std::string_view::npos ? std::string() : std::string(behind.substr(answer));
    thought = thought.substr(0, close);
    // What stands before a closing mark is blank characters of the format, not of the thought.
    const size_t last = thought.find_last_not_of(kBlanks);
    thought = thought.substr(0, last == std::string_view::npos ? 0 : last + 1);
  }
  const size_t first = thought.find_first_not_of(kBlanks);
  std::string reasoning(first == std::string_view::npos ? std::string_view() : thought.substr(first));
  message.content = std::move(rest);
  message.reasoning_content = std::move(reasoning);
}

ToolCall ReadCall(const JsonValue& value, const std::string& where) {
  const FieldReader call(value);
  const FieldReader function(*call.Get("function"));
  ToolCall read{.id = call.String("id").value_or(""), .name = *function.String("name"), .arguments = "{}"};
  const JsonValue* arguments = function.Get("arguments");
  if (arguments == nullptr) return read;
  if (arguments->object() != nullptr) {
    read.arguments = JsonText(*arguments);
    return read;
  }
  const std::string& text = *arguments->string();
  if (text.find_first_not_of(kBlanks) == std::string::npos) return read;
  const std::string param = where + ".function.arguments";
  try {
    if (ParseJson(text, param).object() == nullptr) {
      throw RequestError(InvalidField(param, "invalid_value", "the text of a JSON object expected"));
    }
  } catch (const RequestError&) {
    throw;
  } catch (const Error& error) {
    throw RequestError({.message = error.what(), .param = param, .code = "invalid_value"});
  }
  read.arguments = text;
  return read;
}

Message ReadMessage(const JsonValue& value, const std::string& where, bool goes_on) {
  const FieldReader reader(value);
  Message message{.role = *reader.String("role"), .content = TextOf(reader.Get("content"))};
  const bool assistant = message.role == "assistant";
  if (message.role == "developer") message.role = "system";
  if (message.role == "function") message.role = "tool";
  if (!assistant && !message.content) {
    throw RequestError(InvalidField(where + ".content", "missing_required_parameter",
                                    "a message of the role " + Quoted(message.role) + " has a text"));
  }
  message.name = reader.String("name").value_or("");
  message.tool_call_id = reader.String("tool_call_id").value_or("");
  if (!assistant) return message;

  for (const char* name : {"reasoning_content", "reasoning", "thinking"}) {
    if (message.reasoning_content && !message.reasoning_content->empty()) break;
    if (auto text = reader.String(name)) message.reasoning_content = std::move(text);
  }
  if (message.reasoning_content && message.reasoning_content->empty()) message.reasoning_content.reset();
  if (const JsonValue* calls = reader.Get("tool_calls")) {
    for (size_t i = 0; i < calls->array()->size(); ++i) {
      message.tool_calls.push_back(ReadCall((*calls->array())[i], where + ".tool_calls[" + std::to_string(i) + "]"));
    }
  }
  // A client that has a field for reasoning has one for content too, and empty when the answer has not begun.
  if (goes_on && message.content == "") message.content.reset();
  SplitThought(message, goes_on);
  return message;
}

// Which of the ways to go on with the last message is used; empty for none.
std::string WayToContinue(const FieldReader& body, const JsonArray& messages) {
  const std::optional<bool> continues = body.Bool("continue_final_message");
  std::string way = continues.value_or(false) ? "continue_final_message" : "";
  for (size_t i = 0; i < messages.size(); ++i) {
    for (const char* name : {"prefix", "partial"}) {
      if (!FieldReader(messages[i]).Flag(name)) continue;
      const std::string param = "messages[" + std::to_string(i) + "]." + name;
      if (i + 1 != messages.size()) {
        throw RequestError(InvalidField(param, "invalid_value", "only the last message can be gone on with"));
      }
      if (continues == false) {
        throw RequestError(Contradiction("continue_final_message", param, "one says to go on, one not to"));
      }
      way = param;
    }
  }
  const std::optional<bool> new_message = body.Bool("add_generation_prompt");
  if (new_message == true && !way.empty()) {
    throw RequestError(
        Contradiction(way, "add_generation_prompt", "an answer either goes on with a message or begins one"));
  }
  if (new_message == false && way.empty()) {
    throw RequestError(InvalidField("add_generation_prompt", "contradicting_parameters",
                                    "an answer that begins no message goes on with one: say `continue_final_message`"));
  }
  return way;
}

}  // namespace

ChatMessages ReadChatMessages(const JsonValue& body) {
  const FieldReader reader(body);
  const JsonArray& list = *reader.Get("messages")->array();
  const std::string way = WayToContinue(reader, list);
  ChatMessages chat{.continue_last = !way.empty()};
  chat.messages.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    chat.messages.push_back(
        ReadMessage(list[i], "messages[" + std::to_string(i) + "]", chat.continue_last && i + 1 == list.size()));
  }
  if (!chat.continue_last) return chat;
  const Message& last = chat.messages.back();
  if (last.role != "assistant" || !last.tool_calls.empty() ||
      (last.content.value_or("").empty() && !last.reasoning_content)) {
    throw RequestError(InvalidField(
        way, "invalid_value", "the last message is the assistant's and has text or reasoning, and no calls, expected"));
  }
  return chat;
}

}  // namespace candor
