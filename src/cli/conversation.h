// A conversation as it stands: what was said, and how it is kept as text.
#ifndef CANDOR_CLI_CONVERSATION_H_
#define CANDOR_CLI_CONVERSATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "chat/message.h"

namespace candor {

// Messages alternate: user, assistant, user... The system message is apart.
class Conversation {
 public:
  const std::string& system() const { return system_; }
  void SetSystem(std::string text) { system_ = std::move(text); }

  void AddUser(std::string content) { messages_.push_back({.role = "user", .content = std::move(content)}); }
  // `reasoning` may be empty.
  void AddAssistant(std::string content, std::string reasoning);
  // Takes the last message back.
  void RemoveLast() { messages_.pop_back(); }
  void Clear() { messages_.clear(); }

  bool empty() const { return messages_.empty(); }
  // Whether there is an answer at the end, so that the message before it can be answered again.
  bool ends_with_answer() const { return !messages_.empty() && messages_.back().role == "assistant"; }

  // With the system message, if any, in front.
  std::vector<Message> messages() const;

 private:
  std::string system_;
  std::vector<Message> messages_;
};

// Facts that stand above a saved conversation.
struct ConversationFacts {
  std::string model;
  std::string model_sha256;
  uint64_t seed = 0;
};

// As Markdown for people, and as JSON with the messages as chat APIs have them ("reasoning_content" of an assistant).
std::string ConversationAsMarkdown(const Conversation& conversation, const ConversationFacts& facts);
std::string ConversationAsJson(const Conversation& conversation, const ConversationFacts& facts);

}  // namespace candor

#endif  // CANDOR_CLI_CONVERSATION_H_
