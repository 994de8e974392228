#include "chat/mark_splitter.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/utf8.h"

namespace candor {
namespace {

bool IsBlank(uint32_t symbol) {
  return symbol < 256 && kBlanks.find(static_cast<char>(symbol)) != std::string_view::npos;
}

}  // namespace

MarkSplitter::MarkSplitter(const ThinkingControl& control) : AnswerSplitter(control) {
  const MarkFormat& format = std::get<MarkFormat>(control.format);
  AddPattern(format.open, Effect::kOpens);
  AddPattern(format.close, Effect::kCloses);
  for (const Mark& mark : format.left_out) AddPattern(mark, Effect::kNone);
  marks_are_text_ = tokens_.empty();
  if (marks_are_text_) at_begin_ = &patterns_[0];
  Read(control.begun);
  undecided_.clear();
  undecided_symbols_ = 0;
}

void MarkSplitter::AddPattern(const Mark& mark, Effect effect) {
  Pattern pattern{{}, effect};
  for (const MarkPart& part : mark) {
    if (const auto* token = std::get_if<TokenId>(&part)) {
      pattern.symbols.push_back(256 + static_cast<Symbol>(*token));
      tokens_.push_back(*token);
    } else {
      for (const char c : std::get<std::string>(part)) pattern.symbols.push_back(static_cast<unsigned char>(c));
    }
  }
  patterns_.push_back(std::move(pattern));
}

TokenRole MarkSplitter::DoAdd(TokenId token, std::string_view bytes, bool forced) {
  const TokenRole before = role();
  const uint64_t marks = marks_;
  size_t symbols = bytes.size();
  if (std::find(tokens_.begin(), tokens_.end(), token) != tokens_.end()) {
    symbols = 1;
    Take(256 + static_cast<Symbol>(token), bytes);
  } else {
    for (size_t i = 0; i < bytes.size(); ++i) Take(static_cast<unsigned char>(bytes[i]), bytes.substr(i, 1));
  }
  if (marks_ > marks) {
    for (const Undecided& part : undecided_) Uncount(before, part.forced);
    undecided_.clear();
    undecided_symbols_ = 0;
    return TokenRole::kMark;
  }
  Count(role(), forced);
  undecided_.push_back({symbols, forced});
  undecided_symbols_ += symbols;
  const size_t kept = blanks_.size() + kept_.size();
  while (!undecided_.empty() && (undecided_.front().symbols == 0 || undecided_symbols_ > kept)) {
    undecided_symbols_ -= undecided_.front().symbols;
    undecided_.pop_front();
  }
  return role();
}

void MarkSplitter::DoFinish() {
  Emit(std::exchange(blanks_, {}));
  EmitKept();
}

void MarkSplitter::Take(Symbol symbol, std::string_view bytes) {
  if (at_begin_ != nullptr) {
    TakeAtBegin(symbol, bytes);
    return;
  }
  if (kept_.empty() && !BeginsMark(symbol)) {
    Emit(bytes);
    return;
  }
  kept_.push_back({symbol, std::string(bytes)});
  while (!kept_.empty()) {
    bool begins = false;
    for (const Pattern& pattern : patterns_) {
      const Match match = Counts(pattern) ? MatchKept(pattern) : Match::kNone;
      if (match == Match::kWhole) {
        kept_.clear();
        Apply(pattern);
        return;
      }
      begins = begins || match == Match::kBegins;
    }
    if (begins) return;
    Emit(kept_.front().bytes);
    kept_.pop_front();
  }
}

void MarkSplitter::TakeAtBegin(Symbol symbol, std::string_view bytes) {
  if (kept_.empty() && IsBlank(symbol)) {
    blanks_ += bytes;
    return;
  }
  kept_.push_back({symbol, std::string(bytes)});
  const Match match = MatchKept(*at_begin_);
  if (match == Match::kBegins) return;
  if (match == Match::kWhole) {
    blanks_.clear();
    kept_.clear();
    Apply(*at_begin_);
    return;
  }
  // The text has begun, and no mark counts in it.
  at_begin_ = nullptr;
  Emit(std::exchange(blanks_, {}));
  EmitKept();
}

MarkSplitter::Match MarkSplitter::MatchKept(const Pattern& pattern) const {
  if (kept_.size() > pattern.symbols.size()) return Match::kNone;
  for (size_t i = 0; i < kept_.size(); ++i) {
    if (kept_[i].symbol != pattern.symbols[i]) return Match::kNone;
  }
  return kept_.size() == pattern.symbols.size() ? Match::kWhole : Match::kBegins;
}

// Whether a mark counts here, behind the beginning of a text.
bool MarkSplitter::Counts(const Pattern& pattern) const {
  return !marks_are_text_ || (pattern.effect == Effect::kCloses && inside());
}

bool MarkSplitter::BeginsMark(Symbol symbol) const {
  return std::ranges::any_of(patterns_, [&](const Pattern& p) { return Counts(p) && p.symbols[0] == symbol; });
}

void MarkSplitter::Apply(const Pattern& pattern) {
  ++marks_;
  if (pattern.effect == Effect::kOpens) {
    at_begin_ = nullptr;
    if (!inside()) Begin(TokenRole::kReasoning);
  } else if (pattern.effect == Effect::kCloses) {
    // A model that was asked to think likes to close its thought twice.
    if (marks_are_text_) at_begin_ = &patterns_[1];
    if (inside()) Begin(TokenRole::kAnswer);
  }
}

void MarkSplitter::EmitKept() {
  for (const Kept& kept : kept_) Emit(kept.bytes);
  kept_.clear();
}

}  // namespace candor
