// How a model writes its thoughts, and whether a prompt ends inside one.
#ifndef CANDOR_CHAT_REASONING_H_
#define CANDOR_CHAT_REASONING_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/value.h"
#include "chat/message.h"
#include "chat/thinking_control.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// What is known of a model's thoughts. Texts hold its tokens written out.
struct ReasoningFormat {
  AnswerFormat format;                   // marks or channels
  std::string open_text, close_text;     // what opens a thought where an answer begins, and what closes one
  std::string forced_close;              // closes a thought and begins the answer
  std::string open_answer = {};          // what begins an answer without a thought
  std::string around_thought = {};       // what models write between the marks and a thought's text
  std::vector<std::string> in_messages;  // marks that templates look for in the text of past answers
  // The model or its template brings this format. If not, it does not think by itself: see AskToThink.
  bool is_own = false;
};

// By the vocabulary: the first format of the list in docs/reasoning.md whose tokens it has, one that `chat_template`
// writes out before others. Else by the template's text, else lent. `chat_template` may be empty.
ReasoningFormat FindReasoningFormat(const Tokenizer& tokenizer, std::string_view chat_template);

enum class PromptEnd {
  kAnswer,         // what comes next is the answer, or a thought that it opens itself
  kOpenThought,    // the prompt opens a thought, and may have begun it
  kClosedThought,  // the prompt ends behind a whole thought, mostly an empty one: the model was told not to think
};
struct PromptState {
  PromptEnd end = PromptEnd::kAnswer;
  Mark begun = {};  // for ThinkingControl::begun
};
// Where `prompt`, the tokens of a rendered prompt, ends. A mark counts in the last turn only, which begins behind the
// last control token that is none of a mark; in a prompt that marks its turns by text alone, only when nothing but
// blanks follows it. With channels it is the last message that counts.
PromptState StateAtEnd(const ReasoningFormat& format, const Tokenizer& tokenizer, std::span<const TokenId> prompt);

// What a model that does not think by itself is told, so that it does: to write its thought between the marks first.
// The text is a part of the prompt that is shown as such ("prompted reasoning").
std::string ThinkingInstruction(const ReasoningFormat& format);
// `messages`, as TemplateMessages() makes them, with the instruction behind the system message's text, or as one.
jinja::Value AskToThink(const ReasoningFormat& format, const jinja::Value& messages);

// Puts past answers into a form that templates of the format take. With channels an answer that calls tools has one
// text beside them, its thought: what it also said to the user is put behind that.
void FitHistory(const ReasoningFormat& format, std::vector<Message>& messages);

}  // namespace candor

#endif  // CANDOR_CHAT_REASONING_H_
