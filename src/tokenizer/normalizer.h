// What happens to a text before it is cut into pieces: Unicode normalization, replaced and added strings.
#ifndef CANDOR_TOKENIZER_NORMALIZER_H_
#define CANDOR_TOKENIZER_NORMALIZER_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace candor {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// `text` in a Unicode normalization form (Unicode Standard Annex 15). Bytes that are not UTF-8 stay as they are and
// end what is around them. O(n log n), whatever the combining marks.
std::string NormalizeUnicode(std::string_view text, UnicodeForm form);

// Steps in a row. Immutable once filled.
class Normalizer {
 public:
  struct Unicode {
    UnicodeForm form;
  };
  // Each `from` (not empty) becomes `to`.
  struct Replace {
    std::string from, to;
  };
  // `prefix` comes first, unless the text is empty. Left out where the text already begins with `unless` (if that is
  // not empty), and, with `only_at_start`, for a text that does not begin where the whole text does.
  struct Prepend {
    std::string prefix, unless;
    bool only_at_start = false;
  };
  using Step = std::variant<Unicode, Replace, Prepend>;

  void Add(Step step) { steps_.push_back(std::move(step)); }
  bool empty() const { return steps_.empty(); }

  // Applies the steps to `text`. The result is `text` itself or lies in `buffer`. LimitError when it is more than
  // twelve times as long.
  std::string_view Apply(std::string_view text, bool at_start, std::string& buffer) const;

 private:
  std::vector<Step> steps_;
};

}  // namespace candor

#endif  // CANDOR_TOKENIZER_NORMALIZER_H_
