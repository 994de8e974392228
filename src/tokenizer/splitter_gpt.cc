// The scanners of GPT-2, Llama 3 and o200k, and of what was derived from them.
#include "tokenizer/scan.h"
#include "tokenizer/splitter.h"

namespace candor {
namespace {

using internal::ClassAt;
using internal::IsNewline;
using internal::SkipClasses;
using internal::SkipContraction;
using internal::SkipNumbers;
using internal::SkipOtherClasses;
using internal::SkipSpace;

constexpr uint8_t kWordOrSpace = kSpace | kLetter | kNumber;

size_t SkipNewlines(std::string_view text, size_t pos, bool slash) {
  while (pos < text.size() && (IsNewline(text[pos]) || (slash && text[pos] == '/'))) ++pos;
  return pos;
}

class Gpt2Splitter : public Splitter {
 public:
  size_t Next(std::string_view text, size_t pos) const override {
    TextChar c = CharAt(text, pos);
    if (c.code == '\'') {
      if (const size_t end = SkipContraction(text, pos, false); end > pos) return end;
    }
    size_t start = pos;
    if (c.code == ' ' && pos + 1 < text.size()) {
      start = pos + 1;
      c = CharAt(text, start);
    }
    if (c.Is(kLetter)) return SkipClasses(text, start, kLetter);
    if (c.Is(kNumber)) return SkipClasses(text, start, kNumber);
    if (!c.Is(kSpace)) return SkipOtherClasses(text, start, kWordOrSpace);
    return SkipSpace(text, pos, false);
  }
};

class Llama3Splitter : public Splitter {
 public:
  explicit Llama3Splitter(int digits) : digits_(digits) {}

  size_t Next(std::string_view text, size_t pos) const override {
    const TextChar c = CharAt(text, pos);
    if (c.code == '\'') {
      if (const size_t end = SkipContraction(text, pos, true); end > pos) return end;
    }
    if (c.Is(kLetter)) return SkipClasses(text, pos, kLetter);
    if (c.Is(kNumber)) return SkipNumbers(text, pos, digits_);
    const size_t after = pos + c.bytes;
    if (!IsNewline(c.code) && ClassAt(text, after, kLetter)) return SkipClasses(text, after, kLetter);
    if (!c.Is(kSpace)) return SkipNewlines(text, SkipOtherClasses(text, pos, kWordOrSpace), false);
    if (c.code == ' ' && after < text.size() && !ClassAt(text, after, kWordOrSpace)) {
      return SkipNewlines(text, SkipOtherClasses(text, after, kWordOrSpace), false);
    }
    return SkipSpace(text, pos, true);
  }

 private:
  int digits_;
};

class O200kSplitter : public Splitter {
 public:
  O200kSplitter(bool contractions, int digits) : contractions_(contractions), digits_(digits) {}

  size_t Next(std::string_view text, size_t pos) const override {
    const TextChar c = CharAt(text, pos);
    const size_t after = pos + c.bytes;
    const bool may_lead = !IsNewline(c.code) && !c.Is(kLetter | kNumber);  // [^\r\n\p{L}\p{N}]
    size_t end = 0;
    // The order of a backtracking matcher: both alternatives with the leading character before without it.
    if (may_lead) end = LowerWord(text, after);
    if (end == 0) end = LowerWord(text, pos);
    if (end == 0 && may_lead) end = UpperWord(text, after);
    if (end == 0) end = UpperWord(text, pos);
    if (end > 0) {
      return contractions_ && end < text.size() && text[end] == '\'' ? SkipContraction(text, end, true) : end;
    }
    if (c.Is(kNumber)) return SkipNumbers(text, pos, digits_);
    if (!c.Is(kSpace)) return SkipNewlines(text, SkipOtherClasses(text, pos, kWordOrSpace), true);
    if (c.code == ' ' && after < text.size() && !ClassAt(text, after, kWordOrSpace)) {
      return SkipNewlines(text, SkipOtherClasses(text, after, kWordOrSpace), true);
    }
    return SkipSpace(text, pos, true);
  }

 private:
  // U*W+ at `pos`, or 0. What U* takes too much it gives back up to the last character that is in both sets.
  static size_t LowerWord(std::string_view text, size_t pos) {
    size_t upper_end = pos, after_both = 0;
    while (upper_end < text.size()) {
      const TextChar c = CharAt(text, upper_end);
      if (!c.Is(kUpperLike)) break;
      upper_end += c.bytes;
      if (c.Is(kLowerLike)) after_both = upper_end;
    }
    if (ClassAt(text, upper_end, kLowerLike)) return SkipClasses(text, upper_end, kLowerLike);
    return after_both;
  }

  // U+W* at `pos`, or 0.
  static size_t UpperWord(std::string_view text, size_t pos) {
    const size_t upper_end = SkipClasses(text, pos, kUpperLike);
    return upper_end == pos ? 0 : SkipClasses(text, upper_end, kLowerLike);
  }

  bool contractions_;
  int digits_;
};

}  // namespace

std::unique_ptr<Splitter> MakeGpt2Splitter() { return std::make_unique<Gpt2Splitter>(); }

std::unique_ptr<Splitter> MakeLlama3Splitter(int digits) { return std::make_unique<Llama3Splitter>(digits); }

std::unique_ptr<Splitter> MakeO200kSplitter(bool contractions, int digits) {
  return std::make_unique<O200kSplitter>(contractions, digits);
}

}  // namespace candor
