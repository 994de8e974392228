// Ends a text before the first stop string in it, while the text is still being made.
#ifndef CANDOR_ENGINE_STOP_STRINGS_H_
#define CANDOR_ENGINE_STOP_STRINGS_H_

#include <string>
#include <string_view>
#include <vector>

namespace candor {

// The text ends where a stop string is first complete; of several that are complete there, the longest counts. How the
// text is divided over calls changes nothing. Linear in the text for each stop string.
class StopStrings {
 public:
  static constexpr size_t kMaxStrings = 64;
  static constexpr size_t kMaxBytes = 1024;  // of one string

  // Throws UsageError for an empty string, one that is not UTF-8, one that is too long, or too many.
  explicit StopStrings(std::vector<std::string> strings);

  // What may be shown after `text`, which is whole UTF-8 characters: everything but the end that could become a stop
  // string. Once stopped() nothing is.
  std::string Add(std::string_view text);
  // What was kept back, when no more text comes.
  std::string Finish();
  bool stopped() const { return stopped_; }

 private:
  // Knuth, Morris, Pratt: "Fast pattern matching in strings", 1977.
  struct Pattern {
    std::string text;
    std::vector<size_t> borders;  // [n]: length of the longest proper prefix of text[0, n) that is also its suffix
    size_t matched = 0;           // how much of `text` the text so far ends with
  };

  std::vector<Pattern> patterns_;
  std::string kept_;
  bool stopped_ = false;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_STOP_STRINGS_H_
