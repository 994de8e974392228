#include "cli/conversation.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/utf8.h"

namespace candor {
namespace {

// `text` as a Markdown quotation.
std::string AsQuotation(const std::string& text) {
  std::string quoted = "> ";
  for (const char c : text) {
    quoted += c;
    if (c == '\n') quoted += "> ";
  }
  return quoted;
}

boost::json::object SamplingAsJson(const SamplingParams& sampling) {
  boost::json::object object;
  for (const SamplingField& field : SamplingFields()) {
    std::visit([&](auto member) { object[field.name] = sampling.*member; }, field.member);
  }
  boost::json::array biases;
  for (const LogitBias& bias : sampling.logit_bias) {
    biases.push_back(boost::json::object{{"token", bias.token}, {"bias", bias.bias}});
  }
  if (!biases.empty()) object["logit_bias"] = biases;
  return object;
}

}  // namespace

void ChatConversation::RemoveLast() {
  if (ends_with_answer()) settings_.pop_back();
  messages_.pop_back();
}

void ChatConversation::Clear() {
  messages_.clear();
  settings_.clear();
}

void ChatConversation::AddAssistant(std::string content, std::string reasoning, AnswerSettings settings) {
  Message message{.role = "assistant", .content = std::move(content)};
  if (!reasoning.empty()) message.reasoning_content = std::move(reasoning);
  messages_.push_back(std::move(message));
  settings_.push_back(std::move(settings));
}

std::vector<Message> ChatConversation::messages() const {
  std::vector<Message> messages;
  if (!system_.empty()) messages.push_back({.role = "system", .content = system_});
  messages.insert(messages.end(), messages_.begin(), messages_.end());
  return messages;
}

std::string ConversationAsMarkdown(const ChatConversation& conversation, const ConversationFacts& facts) {
  std::string text = "# A conversation with " + facts.model + "\n\nModel SHA-256 `" + facts.model_sha256 + "`, seed " +
                     std::to_string(facts.seed) + "\n";
  for (const Message& message : conversation.messages()) {
    const char* const title = message.role == "system" ? "System" : message.role == "user" ? "You" : "Answer";
    text += "\n## " + std::string(title) + "\n\n";
    if (message.reasoning_content) text += AsQuotation(*message.reasoning_content) + "\n\n";
    text += message.content.value_or("") + "\n";
  }
  return text;
}

std::string ConversationAsJson(const ChatConversation& conversation, const ConversationFacts& facts) {
  boost::json::array messages;
  for (const Message& message : conversation.messages()) {
    boost::json::object object{{"role", message.role}, {"content", message.content.value_or("")}};
    if (message.reasoning_content) object["reasoning_content"] = *message.reasoning_content;
    messages.push_back(std::move(object));
  }
  boost::json::array answers;
  for (const AnswerSettings& settings : conversation.settings()) {
    answers.push_back(
        boost::json::object{{"choice", settings.choice}, {"sampling", SamplingAsJson(settings.sampling)}});
  }
  const boost::json::object object{{"model", ToValidUtf8(facts.model)},
                                   {"model_sha256", facts.model_sha256},
                                   {"seed", facts.seed},
                                   {"messages", messages},
                                   {"answers", answers}};
  return boost::json::serialize(object) + "\n";
}

}  // namespace candor
