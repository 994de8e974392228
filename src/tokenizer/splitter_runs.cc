// Scanners that isolate runs of one set of characters, and DeepSeek's, which are made of them.
#include <algorithm>
#include <iterator>
#include <utility>

#include "tokenizer/deepseek_letters.h"
#include "tokenizer/scan.h"
#include "tokenizer/sentence_piece.h"
#include "tokenizer/splitter.h"

namespace candor {
namespace {

using internal::ClassAt;
using internal::IsNewline;
using internal::SkipClasses;
using internal::SkipSpace;

struct Range {
  char32_t first, last;
};

constexpr Range kDeepSeekPunctuationRanges[] = {
    {'!', '/'}, {':', '~'}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E}, {0x2018, 0x201F}, {0x3000, 0x3002},
};

template <size_t N>
bool InRanges(char32_t code, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [code](const Range& range) { return code >= range.first && code <= range.last; });
}

bool IsOperator(char32_t code) { return code < 0x80 && std::string_view("$+<=>^~|").find(static_cast<char>(code)) < 8; }

bool Contains(CharSet set, const TextChar& c) {
  switch (set) {
    case CharSet::kNewline:
      return IsNewline(c.code);
    case CharSet::kLetters:
      return c.Is(kLetter);
    case CharSet::kNumbers:
      return c.Is(kNumber);
    case CharSet::kPunctuation:
      return c.Is(kPunctuation);
    case CharSet::kPunctuationAndOperators:
      return c.Is(kPunctuation) || IsOperator(c.code);
    case CharSet::kPunctuationAndAscii:
      return c.Is(kPunctuation) || (c.code < 0x80 && c.Is(kSymbol));
    case CharSet::kHanKana:
      return (c.code >= 0x4E00 && c.code <= 0x9FA5) || (c.code >= 0x3040 && c.code <= 0x30FF);
    case CharSet::kHanHangul:  // the range that begins at U+0800 ends where the first one begins
      return (c.code >= 0x800 && c.code <= 0x9FA5) || (c.code >= 0xAC00 && c.code <= 0xD7FF);
    case CharSet::kDeepSeekLetters:
      return IsDeepSeekLetter(c.code);
    case CharSet::kDeepSeekPunctuation:
      return InRanges(c.code, kDeepSeekPunctuationRanges);
  }
  return false;
}

class RunSplitter : public Splitter {
 public:
  RunSplitter(CharSet set, size_t most, bool space) : set_(set), most_(most), space_(space) {}

  size_t Next(std::string_view text, size_t pos) const override {
    TextChar c = CharAt(text, pos);
    if (StartsAt(text, pos, c)) {
      if (!Contains(set_, c)) pos += c.bytes;  // the space before the run
      for (size_t taken = 0; pos < text.size() && (most_ == 0 || taken < most_); ++taken) {
        c = CharAt(text, pos);
        if (!Contains(set_, c)) break;
        pos += c.bytes;
      }
      return pos;
    }
    do {
      pos += c.bytes;
      if (pos == text.size()) break;
      c = CharAt(text, pos);
    } while (!StartsAt(text, pos, c));
    return pos;
  }

 private:
  bool StartsAt(std::string_view text, size_t pos, const TextChar& c) const {
    if (Contains(set_, c)) return true;
    const size_t after = pos + c.bytes;
    return space_ && c.Is(kSpace) && after < text.size() && Contains(set_, CharAt(text, after));
  }

  CharSet set_;
  size_t most_;
  bool space_;
};

class TrailingSpaceSplitter : public Splitter {
 public:
  size_t Next(std::string_view text, size_t pos) const override {
    // `$` also matches before a newline: a run of white space is a match up to its last newline, and to its end where
    // the text ends.
    const size_t run = SkipClasses(text, pos, kSpace);
    if (const size_t end = MatchEnd(text, pos, run); end > pos) return end;
    size_t from = run;
    while (from < text.size()) {
      const size_t space = internal::SkipOtherClasses(text, from, kSpace);
      if (space == text.size()) return space;
      const size_t space_end = SkipClasses(text, space, kSpace);
      if (MatchEnd(text, space, space_end) > space) return space;
      from = space_end;
    }
    return from;
  }

 private:
  // The end of the match in the white space [begin, end), or `begin`. One newline alone has a `$` only behind it when
  // another one or the end follows.
  static size_t MatchEnd(std::string_view text, size_t begin, size_t end) {
    if (end == text.size()) return end;
    const size_t newline = text.substr(begin, end - begin).rfind('\n');
    return newline == std::string_view::npos ? begin : begin + newline;
  }
};

class DigitTripleSplitter : public Splitter {
 public:
  size_t Next(std::string_view text, size_t pos) const override {
    if (TripleAt(text, pos)) return pos + 3;
    do ++pos;
    while (pos < text.size() && !TripleAt(text, pos));
    return pos;
  }

 private:
  static bool TripleAt(std::string_view text, size_t pos) {
    const auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    return digit(pos) && digit(pos + 1) && digit(pos + 2);
  }
};

class DeepSeekV3Splitter : public Splitter {
 public:
  size_t Next(std::string_view text, size_t pos) const override {
    if (const size_t end = Match(text, pos); end > pos) return end;
    do pos += CharAt(text, pos).bytes;
    while (pos < text.size() && Match(text, pos) == pos);
    return pos;
  }

 private:
  static bool IsAsciiLetter(std::string_view text, size_t pos) {
    return pos < text.size() && ((text[pos] >= 'A' && text[pos] <= 'Z') || (text[pos] >= 'a' && text[pos] <= 'z'));
  }

  // The end of the match at `pos`, or `pos`.
  static size_t Match(std::string_view text, size_t pos) {
    constexpr uint8_t kWord = kLetter | kMark, kSign = kPunctuation | kSymbol;
    const TextChar c = CharAt(text, pos);
    const size_t after = pos + c.bytes;
    if (c.code < 0x80 && c.Is(kSign) && IsAsciiLetter(text, after)) {
      size_t end = after;
      while (IsAsciiLetter(text, end)) ++end;
      return end;
    }
    if (c.Is(kWord)) return SkipClasses(text, pos, kWord);
    if (!IsNewline(c.code) && !c.Is(kSign) && ClassAt(text, after, kWord)) return SkipClasses(text, after, kWord);
    if (c.Is(kSign)) return AfterNewlines(text, SkipClasses(text, pos, kSign));
    if (c.code == ' ' && ClassAt(text, after, kSign)) return AfterNewlines(text, SkipClasses(text, after, kSign));
    return c.Is(kSpace) ? SkipSpace(text, pos, true) : pos;
  }

  static size_t AfterNewlines(std::string_view text, size_t pos) {
    while (pos < text.size() && IsNewline(text[pos])) ++pos;
    return pos;
  }
};

class AfterLiteralSplitter : public Splitter {
 public:
  explicit AfterLiteralSplitter(std::string literal) : literal_(std::move(literal)) {}

  size_t Next(std::string_view text, size_t pos) const override {
    const size_t at = text.find(literal_, pos);
    return at == std::string_view::npos ? text.size() : at + literal_.size();
  }

 private:
  std::string literal_;
};

class BeforeSpaceSplitter : public Splitter {
 public:
  explicit BeforeSpaceSplitter(const std::bitset<256>& not_after) : not_after_(not_after) {}

  size_t Next(std::string_view text, size_t pos) const override {
    for (size_t at = text.find(kSentencePieceSpace, pos + 1); at != std::string_view::npos;
         at = text.find(kSentencePieceSpace, at + 1)) {
      if (!not_after_[static_cast<uint8_t>(text[at - 1])]) return at;
    }
    return text.size();
  }

 private:
  std::bitset<256> not_after_;
};

}  // namespace

std::unique_ptr<Splitter> MakeRunSplitter(CharSet set, size_t most, bool space) {
  return std::make_unique<RunSplitter>(set, most, space);
}

std::unique_ptr<Splitter> MakeTrailingSpaceSplitter() { return std::make_unique<TrailingSpaceSplitter>(); }

std::unique_ptr<Splitter> MakeDigitTripleSplitter() { return std::make_unique<DigitTripleSplitter>(); }

std::unique_ptr<Splitter> MakeDeepSeekV3Splitter() { return std::make_unique<DeepSeekV3Splitter>(); }

std::unique_ptr<Splitter> MakeAfterLiteralSplitter(std::string literal) {
  return std::make_unique<AfterLiteralSplitter>(std::move(literal));
}

std::unique_ptr<Splitter> MakeBeforeSpaceSplitter(const std::bitset<256>& not_after) {
  return std::make_unique<BeforeSpaceSplitter>(not_after);
}

}  // namespace candor
