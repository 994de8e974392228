#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "tokenizer/splitter.h"

namespace candor {
namespace {

constexpr size_t kMaxPatternBytes = 16 << 10;
constexpr uint32_t kMaxHeapKib = 64 << 10;
// Steps that the search for one piece may take, and how many more for each of its bytes.
constexpr uint64_t kStepsPerPiece = 512, kStepsPerByte = 64;

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Code = std::unique_ptr<pcre2_code, FreeWith<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, FreeWith<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, FreeWith<pcre2_match_context_free>>;

// What Oniguruma and PCRE2 both accept and read differently.
const char* Ambiguity(std::string_view pattern) {
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view rest = pattern.substr(i);
    if (pattern[i] == '\\') {
      if (rest.starts_with("\\h") || rest.starts_with("\\H")) return "\\h";
      ++i;
    } else if (in_class) {
      if (rest.starts_with("&&")) return "an intersection of classes";
      if (pattern[i] == '[') return "a class within a class";
      if (pattern[i] == ']') in_class = false;
    } else if (pattern[i] == '[') {
      in_class = true;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
    } else if (rest.starts_with("(?")) {
      const size_t end = rest.find_first_not_of("i-", 2);
      if (end == std::string_view::npos || std::string_view(":)=!<>").find(rest[end]) == std::string_view::npos) {
        return "an inline option or a call";
      }
    } else if (rest.starts_with("(*")) {
      return "a verb";
    }
  }
  return nullptr;
}

// Counts work: one step for each item of the pattern that is reached, and for each byte moved over between two.
struct Steps {
  uint64_t done = 0, limit = 0;
  size_t last = 0;
};

int CountSteps(pcre2_callout_block* block, void* data) {
  auto* steps = static_cast<Steps*>(data);
  const size_t at = block->current_position;
  steps->done += 1 + (at > steps->last ? at - steps->last : steps->last - at);
  steps->last = at;
  return steps->done > steps->limit ? PCRE2_ERROR_CALLOUT : 0;
}

class RegexSplitter : public Splitter {
 public:
  RegexSplitter(Code code, std::string field) : code_(std::move(code)), field_(std::move(field)) {}

  size_t Next(std::string_view text, size_t pos) const override {
    const MatchContext context(pcre2_match_context_create(nullptr));
    const MatchData match(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
    if (!context || !match) throw std::bad_alloc();
    Steps steps{0, kStepsPerPiece + kStepsPerByte * (text.size() - pos), pos};
    pcre2_set_callout(context.get(), CountSteps, &steps);
    pcre2_set_heap_limit(context.get(), kMaxHeapKib);
    const int result = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), pos,
                                   PCRE2_NOTEMPTY, match.get(), context.get());
    if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
      throw LimitError(field_ + ": matching this text takes more steps than are allowed");
    }
    size_t end = text.size();
    if (result > 0) {
      const PCRE2_SIZE* found = pcre2_get_ovector_pointer(match.get());
      // \K may put the start behind the end.
      end = found[0] > pos ? std::min(found[0], text.size()) : std::max(found[1], pos + 1);
    }
    if (steps.done > kStepsPerPiece + kStepsPerByte * (end - pos)) {
      throw LimitError(field_ + ": matching this text takes more steps than are allowed");
    }
    return end;
  }

 private:
  Code code_;
  std::string field_;
};

}  // namespace

std::unique_ptr<Splitter> MakeRegexSplitter(std::string_view pattern, const std::string& field) {
  const std::string quoted = field + ": the pattern \"" + std::string(pattern.substr(0, 200)) + "\"";
  if (pattern.size() > kMaxPatternBytes) throw UnsupportedError(quoted + "... is too long");
  if (const char* what = Ambiguity(pattern))
    throw UnsupportedError(quoted + " has " + what + ", which is not supported");
  // In the dialect of the patterns ^ and $ are the ends of lines.
  constexpr uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | PCRE2_AUTO_CALLOUT |
                                PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_START_OPTIMIZE;
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), kOptions, &error, &offset, nullptr));
  if (!code) {
    PCRE2_UCHAR message[256] = {};
    pcre2_get_error_message(error, message, sizeof message);
    throw UnsupportedError(quoted + ": " + reinterpret_cast<const char*>(message) + " at " + std::to_string(offset));
  }
  uint32_t back_references = 0;
  pcre2_pattern_info(code.get(), PCRE2_INFO_BACKREFMAX, &back_references);
  if (back_references > 0) throw UnsupportedError(quoted + " has back references, which are not supported");
  return std::make_unique<RegexSplitter>(std::move(code), field);
}

}  // namespace candor
