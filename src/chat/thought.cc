#include "chat/thought.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace candor {
namespace {

void CheckToken(const char* field, TokenId token, const Tokenizer& tokenizer) {
  if (token < 0 || static_cast<size_t>(token) >= tokenizer.vocabulary_size()) {
    throw UsageError(std::string("thinking.") + field + ": token " + std::to_string(token) + " is outside 0 to " +
                     std::to_string(tokenizer.vocabulary_size() - 1));
  }
}

}  // namespace

std::string_view SpelledBytes(const Tokenizer& tokenizer, TokenId token) {
  return tokenizer.IsControl(token) ? std::string_view() : tokenizer.Bytes(token);
}

ThoughtTracker::ThoughtTracker(const ThinkingControl& control)
    : control_(control),
      text_marks_(control.open_text, control.close_text, control.starts_open),
      inside_(control.starts_open) {}

TokenRole ThoughtTracker::Add(TokenId token, std::string_view bytes, bool forced) {
  if (control_.close) {
    if (token == *control_.close || (control_.open && token == *control_.open)) {
      inside_ = token != *control_.close;
      return TokenRole::kMark;
    }
  } else if (AddByText(bytes) == TokenRole::kMark) {
    return TokenRole::kMark;
  }
  ++(inside_ ? reasoning_ : answer_);
  if (!inside_) return TokenRole::kAnswer;
  sampled_ += !forced;
  return TokenRole::kReasoning;
}

TokenRole ThoughtTracker::AddByText(std::string_view bytes) {
  const uint32_t marks = text_marks_.marks();
  uint32_t& counted = inside_ ? reasoning_ : answer_;
  text_marks_.Add(bytes);
  inside_ = text_marks_.inside();
  if (text_marks_.marks() > marks) {
    counted -= static_cast<uint32_t>(in_mark_.size());
    in_mark_.clear();
    in_mark_bytes_ = 0;
    return TokenRole::kMark;
  }
  in_mark_.push_back(bytes.size());
  in_mark_bytes_ += bytes.size();
  while (!in_mark_.empty() && in_mark_bytes_ > text_marks_.kept_bytes()) {
    in_mark_bytes_ -= in_mark_.front();
    in_mark_.pop_front();
  }
  return inside_ ? TokenRole::kReasoning : TokenRole::kAnswer;
}

void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer) {
  if (control.open) CheckToken("open", *control.open, tokenizer);
  if (control.close) CheckToken("close", *control.close, tokenizer);
  for (const TokenId token : control.forced_close) CheckToken("forced_close", token, tokenizer);
  if (control.open && !control.close) throw UsageError("thinking.close: needed with thinking.open");
  if (!control.close && control.open_text.empty() != control.close_text.empty()) {
    throw UsageError("thinking.open_text, thinking.close_text: one is useless without the other");
  }
  if (std::max(control.open_text.size(), control.close_text.size()) > kMaxMarkBytes) {
    throw UsageError("thinking.open_text, thinking.close_text: at most " + std::to_string(kMaxMarkBytes) + " bytes");
  }
  const bool closes = control.close || !control.close_text.empty();
  if (control.starts_open && !closes) throw UsageError("thinking.starts_open: needs what closes the thought");
  if (!(control.budget || control.end_closes) || !closes) return;
  // What is forced must really close a thought, or it would be forced again and again.
  ThinkingControl open = control;
  open.starts_open = true;
  ThoughtTracker tracker(open);
  for (const TokenId token : control.forced_close) tracker.Add(token, SpelledBytes(tokenizer, token), true);
  if (tracker.inside())
    throw UsageError("thinking.forced_close: must close a thought when there is a budget, or an end token does");
}

}  // namespace candor
