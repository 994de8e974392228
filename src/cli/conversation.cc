#include "cli/conversation.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace candor {
namespace {

// `text` as a Markdown quotation.
std::string Quoted(const std::string& text) {
  std::string quoted = "> ";
  for (const char c : text) {
    quoted += c;
    if (c == '\n') quoted += "> ";
  }
  return quoted;
}

}  // namespace

void Conversation::AddAssistant(std::string content, std::string reasoning) {
  Message message{.role = "assistant", .content = std::move(content)};
  if (!reasoning.empty()) message.reasoning_content = std::move(reasoning);
  messages_.push_back(std::move(message));
}

std::vector<Message> Conversation::messages() const {
  std::vector<Message> messages;
  if (!system_.empty()) messages.push_back({.role = "system", .content = system_});
  messages.insert(messages.end(), messages_.begin(), messages_.end());
  return messages;
}

std::string ConversationAsMarkdown(const Conversation& conversation, const ConversationFacts& facts) {
  std::string text = "# A conversation with " + facts.model + "\n\nModel SHA-256 `" + facts.model_sha256 + "`, seed " +
                     std::to_string(facts.seed) + "\n";
  for (const Message& message : conversation.messages()) {
    const char* const title = message.role == "system" ? "System" : message.role == "user" ? "You" : "Answer";
    text += "\n## " + std::string(title) + "\n\n";
    if (message.reasoning_content) text += Quoted(*message.reasoning_content) + "\n\n";
    text += message.content.value_or("") + "\n";
  }
  return text;
}

std::string ConversationAsJson(const Conversation& conversation, const ConversationFacts& facts) {
  boost::json::array messages;
  for (const Message& message : conversation.messages()) {
    boost::json::object object{{"role", message.role}, {"content", message.content.value_or("")}};
    if (message.reasoning_content) object["reasoning_content"] = *message.reasoning_content;
    messages.push_back(std::move(object));
  }
  const boost::json::object object{
      {"model", facts.model}, {"model_sha256", facts.model_sha256}, {"seed", facts.seed}, {"messages", messages}};
  return boost::json::serialize(object) + "\n";
}

}  // namespace candor
