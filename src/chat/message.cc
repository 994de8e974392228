#include "chat/message.h"

#include "base/error.h"
#include "base/utf8.h"
#include "chat/jinja/json.h"

namespace candor {
namespace {

using jinja::Kind;
using jinja::Value;
using Entries = std::vector<jinja::Dict::Entry>;

// What templates call the thought of a past answer.
constexpr const char* kReasoningNames[] = {"reasoning_content", "reasoning", "thinking"};

Value Key(const char* name) { return Value::String(name); }
Value NewDict(Entries entries) { return Value::MakeDict(std::move(entries), nullptr); }

Value Utf8(const std::string& text, const std::string& where) {
  if (!IsValidUtf8(text)) throw FormatError(where + ": not UTF-8");
  return Value::String(text);
}

Value Arguments(const std::string& text, const std::string& where) {
  Value value = jinja::ParseJson(text, where);
  if (!value.is(Kind::kDict)) throw FormatError(where + ": not a JSON object");
  return value;
}

Value ToValue(const ToolCall& call, const std::string& where) {
  Entries function{{Key("name"), Utf8(call.name, where + ".name")},
                   {Key("arguments"), Arguments(call.arguments, where + ".arguments")}};
  Entries entries;
  if (!call.id.empty()) entries.emplace_back(Key("id"), Utf8(call.id, where + ".id"));
  entries.emplace_back(Key("type"), Value::String("function"));
  entries.emplace_back(Key("function"), NewDict(std::move(function)));
  return NewDict(std::move(entries));
}

Value ToValue(const Message& message, const std::string& where) {
  Entries entries;
  const auto add = [&](const char* name, const std::string& text) {
    entries.emplace_back(Key(name), Utf8(text, where + "." + name));
  };
  add("role", message.role);
  message.content ? add("content", *message.content) : void(entries.emplace_back(Key("content"), Value()));
  if (message.reasoning_content) {
    for (const char* name : kReasoningNames) add(name, *message.reasoning_content);
  }
  if (!message.tool_calls.empty()) {
    std::vector<Value> calls;
    for (const ToolCall& call : message.tool_calls) {
      calls.push_back(ToValue(call, where + ".tool_calls[" + std::to_string(calls.size()) + "]"));
    }
    entries.emplace_back(Key("tool_calls"), Value::List(std::move(calls)));
  }
  if (!message.tool_call_id.empty()) add("tool_call_id", message.tool_call_id);
  if (!message.name.empty()) add("name", message.name);
  return NewDict(std::move(entries));
}

// `dict` with `key` at another value.
Value With(const Value& dict, std::string_view key, Value value) {
  Entries entries = dict.dict().entries();
  for (auto& [name, old] : entries) {
    if (name.utf8() == key) old = std::move(value);
  }
  return NewDict(std::move(entries));
}

// `message` with its thought under every name that templates have for it, where it has one under any.
Value WithReasoningNames(const Value& message) {
  const Value* thought = nullptr;
  for (const char* name : kReasoningNames) {
    const Value* value = message.dict().Find(name, nullptr);
    if (thought == nullptr && value != nullptr && value->is_string()) thought = value;
  }
  if (thought == nullptr) return message;
  Entries entries = message.dict().entries();
  for (const char* name : kReasoningNames) {
    if (message.dict().Find(name, nullptr) == nullptr) entries.emplace_back(Key(name), *thought);
  }
  return NewDict(std::move(entries));
}

// A tool call in the form of OpenAI ({"function": {...}}) or plain ({"name", "arguments"}).
Value Normalised(const Value& call, const std::string& where) {
  if (!call.is(Kind::kDict)) throw FormatError(where + ": not an object");
  if (const Value* function = call.dict().Find("function", nullptr); function && function->is(Kind::kDict)) {
    return With(call, "function", Normalised(*function, where + ".function"));
  }
  const Value* arguments = call.dict().Find("arguments", nullptr);
  if (arguments == nullptr || !arguments->is_string()) return call;
  return With(call, "arguments", Arguments(arguments->utf8(), where + ".arguments"));
}

}  // namespace

Value TemplateMessages(const std::vector<Message>& messages) {
  std::vector<Value> values;
  for (const Message& message : messages) {
    values.push_back(ToValue(message, "messages[" + std::to_string(values.size()) + "]"));
  }
  return Value::List(std::move(values));
}

Value TemplateMessages(const Value& conversation, const std::string& source) {
  if (!conversation.is(Kind::kList)) throw FormatError(source + ": not a list of messages");
  std::vector<Value> values;
  for (const Value& message : conversation.items()) {
    const std::string where = source + ": messages[" + std::to_string(values.size()) + "]";
    if (!message.is(Kind::kDict)) throw FormatError(where + ": not an object");
    const Value* role = message.dict().Find("role", nullptr);
    if (role == nullptr || !role->is_string()) throw FormatError(where + ".role: must be a string");
    const Value* calls = message.dict().Find("tool_calls", nullptr);
    if (calls == nullptr || !calls->is(Kind::kList)) {
      values.push_back(WithReasoningNames(message));
      continue;
    }
    std::vector<Value> normalised;
    for (const Value& call : calls->items()) {
      normalised.push_back(Normalised(call, where + ".tool_calls[" + std::to_string(normalised.size()) + "]"));
    }
    values.push_back(WithReasoningNames(With(message, "tool_calls", Value::List(std::move(normalised)))));
  }
  return Value::List(std::move(values));
}

}  // namespace candor
