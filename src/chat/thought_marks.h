// Finds a thought between marks that are text ("<think>", "</think>"), for models that have no tokens for them.
#ifndef CANDOR_CHAT_THOUGHT_MARKS_H_
#define CANDOR_CHAT_THOUGHT_MARKS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

// Splits a text into answer and reasoning while it is being made; how it is divided over calls changes nothing. The
// opening mark counts only where the text begins, blank characters aside: later it is a part of the answer. A closing
// mark that stands before the answer again vanishes too.
class ThoughtMarks {
 public:
  struct Piece {
    bool reasoning;
    std::string text;
  };

  // Both marks are empty (everything is answer), or neither is.
  ThoughtMarks(std::string open, std::string close, bool starts_open);

  // What can be told after `text`: everything but an end that may be the beginning of a mark. Blanks before the opening
  // mark vanish with it.
  std::vector<Piece> Add(std::string_view text);
  // What was kept back, when no more text comes.
  std::vector<Piece> Finish();

  bool inside() const { return state_ == State::kInside; }
  uint32_t marks() const { return marks_; }           // complete ones so far
  size_t kept_bytes() const { return kept_.size(); }  // of an end that may be the beginning of a mark

 private:
  enum class State : uint8_t { kBefore, kInside, kClosed, kAfter };

  std::string open_, close_;
  State state_;
  std::string kept_;
  uint32_t marks_ = 0;
};

}  // namespace candor

#endif  // CANDOR_CHAT_THOUGHT_MARKS_H_
