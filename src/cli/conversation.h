// A conversation as it stands: what was said, and how it is kept as text.
#ifndef CANDOR_CLI_CONVERSATION_H_
#define CANDOR_CLI_CONVERSATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "chat/message.h"
#include "engine/sampling_params.h"

namespace candor {

// What an answer depends on besides the model, the messages before it and the seed.
struct AnswerSettings {
  uint32_t choice = 0;
  SamplingParams sampling = {};
};

// Messages alternate: user, assistant, user... The system message is apart.
class ChatConversation {
 public:
  const std::string& system() const { return system_; }
  void SetSystem(std::string text) { system_ = std::move(text); }

  void AddUser(std::string content) { messages_.push_back({.role = "user", .content = std::move(content)}); }
  // `reasoning` may be empty.
  void AddAssistant(std::string content, std::string reasoning, AnswerSettings settings);
  // Takes the last message, which there is, back.
  void RemoveLast();
  void Clear();

  bool empty() const { return messages_.empty(); }
  // Whether there is an answer at the end, so that the message before it can be answered again.
  bool ends_with_answer() const { return !messages_.empty() && messages_.back().role == "assistant"; }

  // With the system message, if any, in front.
  std::vector<Message> messages() const;
  // Of every answer, in order.
  const std::vector<AnswerSettings>& settings() const { return settings_; }

 private:
  std::string system_;
  std::vector<Message> messages_;
  std::vector<AnswerSettings> settings_;
};

// Facts that stand above a saved conversation.
struct ConversationFacts {
  std::string model;
  std::string model_sha256;
  uint64_t seed = 0;
};

// As Markdown for people, and as JSON with the messages as chat APIs have them ("reasoning_content" of an assistant)
// and, in "answers", the choice and the sampling settings of each answer.
std::string ConversationAsMarkdown(const ChatConversation& conversation, const ConversationFacts& facts);
std::string ConversationAsJson(const ChatConversation& conversation, const ConversationFacts& facts);

}  // namespace candor

#endif  // CANDOR_CLI_CONVERSATION_H_
