// How an answer is divided into reasoning, text and tool calls, and how long its reasoning may be: plain values.
#ifndef CANDOR_CHAT_THINKING_CONTROL_H_
#define CANDOR_CHAT_THINKING_CONTROL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace candor {

// A mark in an answer: tokens, which count by their id whatever they spell, and text, wherever tokens divide it.
using MarkPart = std::variant<TokenId, std::string>;
using Mark = std::vector<MarkPart>;

// Thoughts stand between two marks. Marks that begin with a token count everywhere, and text that merely spells them
// does not. For models without such tokens marks are text ("<think>"): then the opening mark counts where the answer
// begins, blanks aside, the closing mark inside a thought and, repeated, right behind one. All begin in the same way.
struct MarkFormat {
  Mark open, close;
  // Further marks, which begin with a token: they are no text of the answer, and change nothing.
  std::vector<Mark> left_out = {};
};

// An answer is a series of messages for different readers, as in the harmony format of gpt-oss:
//   <|start|>assistant<|channel|>analysis<|message|>TEXT<|end|>
// Source: OpenAI, "OpenAI harmony response format", 2025. chat/channel_splitter.h says how it is read.
struct ChannelFormat {
  TokenId start = 0, channel = 0, message = 0;
  std::vector<TokenId> end;          // whatever ends a message: <|end|>, <|return|>, <|call|>
  std::optional<TokenId> constrain;  // between a header's channel and the type of the content
};

// Without a format everything is answer.
using AnswerFormat = std::variant<std::monostate, MarkFormat, ChannelFormat>;

struct ThinkingControl {
  AnswerFormat format = {};
  // What the prompt's end has already begun of the answer: the opening mark of a thought, the header of a message. It
  // is read before the answer and counted nowhere.
  Mark begun = {};
  // At most this many sampled tokens of reasoning in the whole answer, marks not counted; then `forced_close` follows.
  // Empty means no limit; 0 closes a thought as soon as it is opened.
  std::optional<uint32_t> budget = {};
  // A token that would end the answer inside a thought ends the thought instead: `forced_close` takes its place.
  bool end_closes = false;
  // What ends a thought in these two cases.
  std::vector<TokenId> forced_close = {};
};

// Limits of a format.
inline constexpr size_t kMaxMarkBytes = 256;
inline constexpr size_t kMaxMarkParts = 64;
inline constexpr size_t kMaxMarksLeftOut = 16;

// The bytes that a token adds to a text: none for a control token.
std::string_view SpelledBytes(const Tokenizer& tokenizer, TokenId token);

// What opens a thought in this format; empty without one.
Mark OpeningOf(const AnswerFormat& format);

// Throws UsageError naming the field when `control` contradicts itself.
void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer);

}  // namespace candor

#endif  // CANDOR_CHAT_THINKING_CONTROL_H_
