#include "engine/thought.h"

#include <algorithm>

#include "base/error.h"

namespace candor {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

void CheckToken(const char* field, TokenId token, const Tokenizer& tokenizer) {
  if (token < 0 || static_cast<size_t>(token) >= tokenizer.vocabulary_size()) {
    throw UsageError(std::string("thinking.") + field + ": token " + std::to_string(token) + " is outside 0 to " +
                     std::to_string(tokenizer.vocabulary_size() - 1));
  }
}

}  // namespace

ThoughtTracker::ThoughtTracker(const ThinkingControl& control)
    : control_(control),
      inside_(control.starts_open),
      may_open_by_text_(!control.close && !control.open_text.empty() && !control.starts_open) {}

TokenRole ThoughtTracker::Add(TokenId token, std::string_view bytes, bool forced) {
  if (control_.close) {
    if (token == *control_.close || (control_.open && token == *control_.open)) {
      inside_ = token != *control_.close;
      return TokenRole::kMark;
    }
  } else if (CompletesMark(bytes)) {
    return TokenRole::kMark;
  }
  if (!inside_) return TokenRole::kAnswer;
  sampled_ += !forced;
  return TokenRole::kReasoning;
}

bool ThoughtTracker::CompletesMark(std::string_view bytes) {
  if (!inside_ && !may_open_by_text_) return false;
  bool completes = false;
  tail_ += bytes;
  if (!inside_) {
    tail_.erase(0, static_cast<size_t>(std::find_if_not(tail_.begin(), tail_.end(), IsSpace) - tail_.begin()));
    const std::string& open = control_.open_text;
    if (tail_.compare(0, open.size(), open, 0, tail_.size()) != 0) {
      may_open_by_text_ = false;
      tail_.clear();
    }
    if (!may_open_by_text_ || tail_.size() < open.size()) return false;
    tail_.erase(0, open.size());
    may_open_by_text_ = false;
    inside_ = true;
    completes = true;
  }
  const std::string& close = control_.close_text;
  if (tail_.find(close) != std::string::npos) {
    tail_.clear();
    inside_ = false;
    return true;
  }
  if (tail_.size() >= close.size()) tail_.erase(0, tail_.size() - (close.size() - 1));
  return completes;
}

void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer) {
  if (control.open) CheckToken("open", *control.open, tokenizer);
  if (control.close) CheckToken("close", *control.close, tokenizer);
  for (const TokenId token : control.forced_close) CheckToken("forced_close", token, tokenizer);
  if (control.open && !control.close) throw UsageError("thinking.close: needed with thinking.open");
  if (!control.close && control.open_text.empty() != control.close_text.empty()) {
    throw UsageError("thinking.open_text, thinking.close_text: one is useless without the other");
  }
  const bool closes = control.close || !control.close_text.empty();
  if (control.starts_open && !closes) throw UsageError("thinking.starts_open: needs what closes the thought");
  if (!control.budget || !closes) return;
  // What is forced must really close a thought, or it would be forced again and again.
  ThinkingControl open = control;
  open.starts_open = true;
  ThoughtTracker tracker(open);
  for (const TokenId token : control.forced_close) tracker.Add(token, tokenizer.Bytes(token), true);
  if (tracker.inside()) throw UsageError("thinking.forced_close: must close a thought when there is a budget");
}

}  // namespace candor
