#include "engine/stop_strings.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {

StopStrings::StopStrings(std::vector<std::string> strings) {
  if (strings.size() > kMaxStrings) {
    throw UsageError("stop: " + std::to_string(strings.size()) + " strings, at most " + std::to_string(kMaxStrings));
  }
  for (std::string& text : strings) {
    if (text.empty() || text.size() > kMaxBytes) {
      throw UsageError("stop: a string of " + std::to_string(text.size()) + " bytes is outside 1 to " +
                       std::to_string(kMaxBytes));
    }
    // Cutting before a string that begins inside a character would leave half of it.
    if (!IsValidUtf8(text)) throw UsageError("stop: " + Printable(text) + " is not UTF-8");
    Pattern pattern{std::move(text), {0, 0}};
    size_t border = 0;
    for (size_t i = 1; i < pattern.text.size(); ++i) {
      while (border > 0 && pattern.text[i] != pattern.text[border]) border = pattern.borders[border];
      border += pattern.text[i] == pattern.text[border];
      pattern.borders.push_back(border);
    }
    patterns_.push_back(std::move(pattern));
  }
}

std::string StopStrings::Add(std::string_view text) {
  if (stopped_) return "";
  for (const char c : text) {
    kept_ += c;
    size_t complete = 0;
    for (Pattern& pattern : patterns_) {
      while (pattern.matched > 0 && pattern.text[pattern.matched] != c) {
        pattern.matched = pattern.borders[pattern.matched];
      }
      pattern.matched += pattern.text[pattern.matched] == c;
      if (pattern.matched == pattern.text.size()) complete = std::max(complete, pattern.matched);
    }
    if (complete > 0) {
      stopped_ = true;
      kept_.resize(kept_.size() - complete);
      return std::exchange(kept_, {});
    }
  }
  size_t open = 0;
  for (const Pattern& pattern : patterns_) open = std::max(open, pattern.matched);
  std::string shown = kept_.substr(0, kept_.size() - open);
  kept_.erase(0, shown.size());
  return shown;
}

std::string StopStrings::Finish() { return std::exchange(kept_, {}); }

}  // namespace candor
