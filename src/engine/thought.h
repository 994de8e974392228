// Follows the tokens of an answer in and out of its thoughts, and says when a thought has used up its budget.
#ifndef CANDOR_ENGINE_THOUGHT_H_
#define CANDOR_ENGINE_THOUGHT_H_

#include <cstddef>
#include <string_view>

#include "engine/request.h"
#include "engine/thought_marks.h"

namespace candor {

class ThoughtTracker {
 public:
  explicit ThoughtTracker(const ThinkingControl& control);

  // The role of the answer's next token, which spells `bytes` (nothing for a control token). With marks that are text,
  // the token which completes a mark is the mark; those before it count as what they came in.
  TokenRole Add(TokenId token, std::string_view bytes, bool forced);

  // Whether the answer is inside a thought that may not go on: ThinkingControl::forced_close comes next.
  bool MustClose() const { return inside_ && control_.budget && sampled_ >= *control_.budget; }
  bool inside() const { return inside_; }

 private:
  ThinkingControl control_;
  ThoughtMarks text_marks_;  // used when the marks are no tokens
  bool inside_;
  uint32_t sampled_ = 0;  // tokens of reasoning that were not forced
};

// Marks that are text have at most so many bytes.
inline constexpr size_t kMaxMarkBytes = 256;

// The bytes that a token adds to a text: none for a control token.
std::string_view SpelledBytes(const Tokenizer& tokenizer, TokenId token);

// Throws UsageError naming the field when `control` contradicts itself.
void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer);

}  // namespace candor

#endif  // CANDOR_ENGINE_THOUGHT_H_
