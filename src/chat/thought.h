// Follows the tokens of an answer in and out of its thoughts, and says when a thought has used up its budget.
#ifndef CANDOR_CHAT_THOUGHT_H_
#define CANDOR_CHAT_THOUGHT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/thought_marks.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// How a thought is recognised, and how long it may be. All empty: nothing is reasoning.
struct ThinkingControl {
  // The tokens that open and close a thought. With them, text never does.
  std::optional<TokenId> open, close;
  // For models without such tokens: the text that opens and closes one ("<think>", "</think>"), wherever the tokens
  // divide it. Text opens a thought only where the answer begins. Ignored when `close` is set; both empty or both not.
  std::string open_text, close_text;
  // The prompt ends inside a thought.
  bool starts_open = false;
  // At most this many sampled tokens of reasoning in the whole answer, marks not counted; then `forced_close` follows.
  // Empty means no limit; 0 closes a thought as soon as it is opened.
  std::optional<uint32_t> budget;
  // A token that would end the answer inside a thought ends the thought instead: `forced_close` takes its place.
  bool end_closes = false;
  // What ends a thought in these two cases; must contain `close` (or spell `close_text`).
  std::vector<TokenId> forced_close;
};

// Answer and reasoning are what their names say; a mark is a token that opens or closes a thought or ends the answer.
enum class TokenRole : uint8_t { kAnswer, kReasoning, kMark };

class ThoughtTracker {
 public:
  explicit ThoughtTracker(const ThinkingControl& control);

  // The role of the answer's next token, which spells `bytes` (nothing for a control token). With marks that are text,
  // the token which completes a mark is the mark; those before it count as what they came in.
  TokenRole Add(TokenId token, std::string_view bytes, bool forced);

  // Whether the answer is inside a thought that may not go on: ThinkingControl::forced_close comes next.
  bool MustClose() const { return inside_ && control_.budget && sampled_ >= *control_.budget; }
  bool inside() const { return inside_; }

  // Tokens so far. All tokens of a mark that is text are marks here, once it is whole.
  uint32_t reasoning_tokens() const { return reasoning_; }
  uint32_t answer_tokens() const { return answer_; }

 private:
  TokenRole AddByText(std::string_view bytes);

  ThinkingControl control_;
  ThoughtMarks text_marks_;  // used when the marks are no tokens
  bool inside_;
  uint32_t sampled_ = 0;  // tokens of reasoning that were not forced
  uint32_t reasoning_ = 0, answer_ = 0;
  std::deque<size_t> in_mark_;  // bytes of the last tokens, as far as they lie in what may become a mark
  size_t in_mark_bytes_ = 0;
};

// Marks that are text have at most so many bytes.
inline constexpr size_t kMaxMarkBytes = 256;

// The bytes that a token adds to a text: none for a control token.
std::string_view SpelledBytes(const Tokenizer& tokenizer, TokenId token);

// Throws UsageError naming the field when `control` contradicts itself.
void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer);

}  // namespace candor

#endif  // CANDOR_CHAT_THOUGHT_H_
