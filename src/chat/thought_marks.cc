#include "chat/thought_marks.h"

#include <algorithm>
#include <utility>

namespace candor {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// The length of the longest end of `text` that `mark` begins with, the whole mark excluded.
size_t BeginningAtEnd(std::string_view text, std::string_view mark) {
  for (size_t length = std::min(text.size(), mark.size() - 1); length > 0; --length) {
    if (text.ends_with(mark.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

ThoughtMarks::ThoughtMarks(std::string open, std::string close, bool starts_open)
    : open_(std::move(open)),
      close_(std::move(close)),
      state_(close_.empty() ? State::kAfter
             : starts_open  ? State::kInside
                            : State::kBefore) {}

std::vector<ThoughtMarks::Piece> ThoughtMarks::Add(std::string_view text) {
  std::vector<Piece> pieces;
  const auto emit = [&](bool reasoning, std::string piece) {
    if (!piece.empty()) pieces.push_back({reasoning, std::move(piece)});
  };
  kept_ += text;
  if (state_ == State::kBefore) {
    const size_t begin = std::min(kept_.find_first_not_of(kBlanks), kept_.size());
    const std::string_view rest = std::string_view(kept_).substr(begin);
    if (rest.starts_with(open_)) {
      kept_.erase(0, begin + open_.size());
      state_ = State::kInside;
      ++marks_;
    } else if (std::string_view(open_).starts_with(rest)) {
      return pieces;
    } else {
      state_ = State::kAfter;
    }
  }
  if (state_ == State::kInside) {
    const size_t end = kept_.find(close_);
    if (end == std::string::npos) {
      const size_t sure = kept_.size() - BeginningAtEnd(kept_, close_);
      emit(true, kept_.substr(0, sure));
      kept_.erase(0, sure);
    } else {
      emit(true, kept_.substr(0, end));
      kept_.erase(0, end + close_.size());
      state_ = State::kClosed;
      ++marks_;
    }
  }
  while (state_ == State::kClosed) {
    const size_t begin = std::min(kept_.find_first_not_of(kBlanks), kept_.size());
    const std::string_view rest = std::string_view(kept_).substr(begin);
    if (rest.starts_with(close_)) {
      kept_.erase(0, begin + close_.size());
      ++marks_;
    } else if (std::string_view(close_).starts_with(rest)) {
      return pieces;
    } else {
      state_ = State::kAfter;
    }
  }
  if (state_ == State::kAfter) emit(false, std::exchange(kept_, {}));
  return pieces;
}

std::vector<ThoughtMarks::Piece> ThoughtMarks::Finish() {
  if (kept_.empty()) return {};
  return {{inside(), std::exchange(kept_, {})}};
}

}  // namespace candor
