#include "cli/conversation.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

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

std::vector<ChatMessage> Conversation::messages() const {
  std::vector<ChatMessage> messages;
  if (!system_.empty()) messages.push_back({"system", system_});
  messages.insert(messages.end(), messages_.begin(), messages_.end());
  return messages;
}

std::string ConversationAsMarkdown(const Conversation& conversation, const ConversationFacts& facts) {
  std::string text = "# A conversation with " + facts.model + "\n\nModel SHA-256 `" + facts.model_sha256 + "`, seed " +
                     std::to_string(facts.seed) + "\n";
  for (const ChatMessage& message : conversation.messages()) {
    const char* const title = message.role == "system" ? "System" : message.role == "user" ? "You" : "Answer";
    text += "\n## " + std::string(title) + "\n\n";
    if (!message.reasoning.empty()) text += Quoted(message.reasoning) + "\n\n";
    text += message.content + "\n";
  }
  return text;
}

std::string ConversationAsJson(const Conversation& conversation, const ConversationFacts& facts) {
  boost::json::array messages;
  for (const ChatMessage& message : conversation.messages()) {
    boost::json::object object{{"role", message.role}, {"content", message.content}};
    if (!message.reasoning.empty()) object["reasoning_content"] = message.reasoning;
    messages.push_back(std::move(object));
  }
  const boost::json::object object{
      {"model", facts.model}, {"model_sha256", facts.model_sha256}, {"seed", facts.seed}, {"messages", messages}};
  return boost::json::serialize(object) + "\n";
}

}  // namespace candor
