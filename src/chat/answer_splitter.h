// Divides an answer into reasoning, text and tool calls while its tokens come, and says when a thought has used up its
// budget.
//
// The engine follows the tokens with it and decides by it; the same class makes the text of an answer, streamed or
// whole (engine/generation.h). What comes out depends on the sequence of tokens alone, and where marks are text on
// their bytes: not on when they come or how tokens divide them.
#ifndef CANDOR_CHAT_ANSWER_SPLITTER_H_
#define CANDOR_CHAT_ANSWER_SPLITTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/thinking_control.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// What a token is: a part of the answer, of a thought, of a call to a tool, or a mark: it opens or closes one of these,
// stands in a message's header, or ends the answer.
enum class TokenRole : uint8_t { kAnswer, kReasoning, kToolCall, kMark };

// A stretch of an answer.
struct AnswerPart {
  TokenRole role = TokenRole::kAnswer;  // not kMark
  bool begins = false;                  // a thought, a call, a message, or the answer behind a thought begins here
  std::string recipient = {};           // of a call that begins: whom it is for ("functions.get_weather")
  std::string bytes = {};               // may be empty where one begins, and may end inside a character
};
using AnswerParts = std::vector<AnswerPart>;

class AnswerSplitter {
 public:
  virtual ~AnswerSplitter() = default;
  AnswerSplitter(const AnswerSplitter&) = delete;
  AnswerSplitter& operator=(const AnswerSplitter&) = delete;

  // The role of the answer's next token, which spells `bytes` (nothing for a control token): what it is as far as can
  // be told now. With marks of several tokens the one which completes a mark is the mark; those before it count as
  // what they came in. Appends to `parts`, if any, what has become certain: all but an end that may be the beginning of
  // a mark or of a header.
  TokenRole Add(TokenId token, std::string_view bytes, bool forced, AnswerParts* parts = nullptr);
  // The answer has ended: appends what was kept back. Nothing may be added any more.
  void Finish(AnswerParts* parts = nullptr);

  // Whether the answer is inside a thought.
  bool inside() const { return role_ == TokenRole::kReasoning; }
  // Whether that thought may not go on: ThinkingControl::forced_close comes next. The tokens of a mark count as thought
  // until it is whole.
  bool MustClose() const { return inside() && budget_ && sampled_ >= *budget_; }

  // From now on no thought may go on, as if the budget were used up.
  void Close() { budget_ = sampled_; }

  // Tokens so far. All tokens of a mark are marks here once it is whole; those of calls count as answer.
  uint32_t reasoning_tokens() const { return reasoning_; }
  uint32_t answer_tokens() const { return answer_; }

 protected:
  explicit AnswerSplitter(const ThinkingControl& control) : budget_(control.budget) {}

  virtual TokenRole DoAdd(TokenId token, std::string_view bytes, bool forced) = 0;
  virtual void DoFinish() = 0;

  // Reads what the prompt has begun.
  void Read(const Mark& begun);

  TokenRole role() const { return role_; }
  // From here on there is text of that role; `recipient` as in AnswerPart.
  void Begin(TokenRole role, std::string recipient = {});
  // The role changes without a beginning of anything.
  void Leave(TokenRole role) { role_ = role; }
  void Emit(std::string_view bytes);

  void Count(TokenRole role, bool forced);
  void Uncount(TokenRole role, bool forced);

 private:
  std::optional<uint32_t> budget_;
  TokenRole role_ = TokenRole::kAnswer;
  uint32_t sampled_ = 0;  // tokens of reasoning that were not forced
  uint32_t reasoning_ = 0, answer_ = 0;
  AnswerParts* parts_ = nullptr;  // of the call under way
};

// `control` as ValidateThinking() accepts it.
std::unique_ptr<AnswerSplitter> MakeAnswerSplitter(const ThinkingControl& control);

}  // namespace candor

#endif  // CANDOR_CHAT_ANSWER_SPLITTER_H_
