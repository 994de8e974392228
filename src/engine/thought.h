// Follows the tokens of an answer in and out of its thoughts, and says when a thought has used up its budget.
#ifndef CANDOR_ENGINE_THOUGHT_H_
#define CANDOR_ENGINE_THOUGHT_H_

#include <string>
#include <string_view>

#include "engine/request.h"

namespace candor {

class ThoughtTracker {
 public:
  explicit ThoughtTracker(const ThinkingControl& control);

  // The role of the answer's next token, whose bytes are `bytes`. With marks that are text, the token which completes
  // a mark is the mark; those before it count as what they came in.
  TokenRole Add(TokenId token, std::string_view bytes, bool forced);

  // Whether the answer is inside a thought that may not go on: ThinkingControl::forced_close comes next.
  bool MustClose() const { return inside_ && control_.budget && sampled_ >= *control_.budget; }
  bool inside() const { return inside_; }

 private:
  bool CompletesMark(std::string_view bytes);

  ThinkingControl control_;
  bool inside_;
  bool may_open_by_text_;  // text opens a thought only where the answer begins
  std::string tail_;       // the end of the text so far, as far as it can begin a mark
  uint32_t sampled_ = 0;   // tokens of reasoning that were not forced
};

// Throws UsageError naming the field when `control` contradicts itself.
void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer);

}  // namespace candor

#endif  // CANDOR_ENGINE_THOUGHT_H_
