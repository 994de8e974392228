// How a model marks its thoughts, and whether a prompt ends inside one.
#ifndef CANDOR_CHAT_REASONING_H_
#define CANDOR_CHAT_REASONING_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// The marks around a thought. Where the vocabulary has them as special or user-defined tokens, the tokens alone decide
// and the texts are their names; else the texts decide, wherever tokens divide them.
struct ReasoningMarks {
  std::optional<TokenId> open, close;  // both or neither
  std::string open_text, close_text;
  // The model or its template brings these marks. If not, it does not think by itself: see AskToThink.
  bool are_own = false;
};

// `chat_template` is the template's text, or empty.
ReasoningMarks FindReasoningMarks(const Tokenizer& tokenizer, std::string_view chat_template);

enum class PromptEnd {
  kAnswer,         // what comes next is the answer, or a thought that it opens itself
  kOpenThought,    // the prompt opens a thought, and may have begun it
  kClosedThought,  // the prompt ends behind a whole thought, mostly an empty one: the model was told not to think
};
// Where `prompt`, the tokens of a rendered prompt, ends. A mark counts in the last turn only, which begins behind the
// last control token; in a prompt that marks its turns by text alone, only when nothing but blanks follows it.
PromptEnd ThoughtAtEnd(const ReasoningMarks& marks, const Tokenizer& tokenizer, std::span<const TokenId> prompt);

// What a model that does not think by itself is told, so that it does: to write its thought between the marks first.
// The text is a part of the prompt that is shown as such ("prompted reasoning").
std::string ThinkingInstruction(const ReasoningMarks& marks);
// Puts the instruction behind the system message, or makes one of it.
void AskToThink(const ReasoningMarks& marks, std::vector<Message>& messages);

}  // namespace candor

#endif  // CANDOR_CHAT_REASONING_H_
