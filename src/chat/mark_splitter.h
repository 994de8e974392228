// Thoughts between marks (MarkFormat).
#ifndef CANDOR_CHAT_MARK_SPLITTER_H_
#define CANDOR_CHAT_MARK_SPLITTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "chat/answer_splitter.h"

namespace candor {

// Looks for the marks in a sequence of symbols: the tokens that marks consist of are one symbol each, every other token
// is its bytes. So a mark of tokens and a mark of text are found in the same way, and how tokens divide a text says
// nothing. Work is linear in the answer's bytes times the lengths of the marks.
class MarkSplitter : public AnswerSplitter {
 public:
  // `control.format` holds a MarkFormat.
  explicit MarkSplitter(const ThinkingControl& control);

 protected:
  TokenRole DoAdd(TokenId token, std::string_view bytes, bool forced) override;
  void DoFinish() override;

 private:
  // A byte, or 256 plus a token's id.
  using Symbol = uint32_t;
  enum class Effect : uint8_t { kOpens, kCloses, kNone };
  struct Pattern {
    std::vector<Symbol> symbols;
    Effect effect;
  };
  struct Kept {
    Symbol symbol;
    std::string bytes;
  };
  struct Undecided {
    size_t symbols;
    bool forced;
  };
  enum class Match : uint8_t { kNone, kBegins, kWhole };

  void AddPattern(const Mark& mark, Effect effect);
  void Take(Symbol symbol, std::string_view bytes);
  void TakeAtBegin(Symbol symbol, std::string_view bytes);
  Match MatchKept(const Pattern& pattern) const;
  bool Counts(const Pattern& pattern) const;
  bool BeginsMark(Symbol symbol) const;
  void Apply(const Pattern& pattern);
  void EmitKept();

  std::vector<Pattern> patterns_;  // the opening and the closing one first
  std::vector<TokenId> tokens_;    // of marks
  bool marks_are_text_ = false;
  // With marks that are text: the one that may stand here, blanks aside, before there is any text; or null.
  const Pattern* at_begin_ = nullptr;
  std::string blanks_;     // before that mark
  std::deque<Kept> kept_;  // what may be the beginning of a mark
  uint64_t marks_ = 0;     // whole ones so far
  // The last tokens, as far as all of their symbols are kept.
  std::deque<Undecided> undecided_;
  size_t undecided_symbols_ = 0;
};

}  // namespace candor

#endif  // CANDOR_CHAT_MARK_SPLITTER_H_
