#include "tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/sentence_piece.h"

namespace candor {
namespace {

// Below this nothing decomposes, combines with what is before it, or is a compatibility character.
constexpr char32_t kFirstForNfc = 0x300;
constexpr char32_t kFirstForOthers = 0xA0;
constexpr size_t kMaxGrowth = 12;  // U+FDFA grows elevenfold

// utf8proc's own canonical ordering is quadratic in a run of combining marks; everything else is its.
void AppendNormalized(const std::vector<char32_t>& codes, UnicodeForm form, std::string& out) {
  const bool compatible = form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> decomposed;
  decomposed.reserve(codes.size() + codes.size() / 2);
  for (const char32_t code : codes) {
    constexpr utf8proc_ssize_t kLongest = 32;  // U+FDFA has 18
    utf8proc_int32_t parts[kLongest];
    int boundary = UTF8PROC_BOUNDCLASS_START;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts, kLongest, options, &boundary);
    CHECK(count >= 0 && count <= kLongest);
    decomposed.insert(decomposed.end(), parts, parts + count);
  }
  const auto combining = [](utf8proc_int32_t code) { return utf8proc_get_property(code)->combining_class; };
  for (auto at = decomposed.begin(); at != decomposed.end();) {
    if (combining(*at) == 0) {
      ++at;
      continue;
    }
    const auto end = std::find_if(at, decomposed.end(), [&](utf8proc_int32_t code) { return combining(code) == 0; });
    std::stable_sort(at, end, [&](utf8proc_int32_t a, utf8proc_int32_t b) { return combining(a) < combining(b); });
    at = end;
  }
  auto length = static_cast<utf8proc_ssize_t>(decomposed.size());
  if (form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc) {
    const auto compose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    length = utf8proc_normalize_utf32(decomposed.data(), length, compose);
    CHECK(length >= 0);
  }
  for (utf8proc_ssize_t i = 0; i < length; ++i) AppendUtf8(static_cast<char32_t>(decomposed[i]), out);
}

struct Applier {
  std::string_view text;
  bool at_start;

  // The new text, or nothing where it stays as it is.
  bool operator()(const Normalizer::Unicode& step, std::string& out) const {
    const auto plain = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
    if (std::all_of(text.begin(), text.end(), plain)) return false;
    out = NormalizeUnicode(text, step.form);
    return true;
  }
  bool operator()(const Normalizer::Replace& step, std::string& out) const {
    if (text.find(step.from) == std::string_view::npos) return false;
    out = ReplaceAll(text, step.from, step.to);
    return true;
  }
  bool operator()(const Normalizer::Prepend& step, std::string& out) const {
    if (text.empty() || (step.only_at_start && !at_start)) return false;
    if (!step.unless.empty() && text.starts_with(step.unless)) return false;
    out.assign(step.prefix).append(text);
    return true;
  }
};

}  // namespace

std::string NormalizeUnicode(std::string_view text, UnicodeForm form) {
  const char32_t first = form == UnicodeForm::kNfc ? kFirstForNfc : kFirstForOthers;
  std::string out;
  out.reserve(text.size());
  std::vector<char32_t> codes;  // a stretch that may change: its last character may combine with what follows
  const auto flush = [&] {
    if (codes.size() == 1 && codes[0] < first) {
      AppendUtf8(codes[0], out);
    } else if (!codes.empty()) {
      AppendNormalized(codes, form, out);
    }
    codes.clear();
  };
  for (size_t pos = 0; pos < text.size();) {
    const Utf8Char c = DecodeUtf8(text, pos);
    if (c.code == kInvalidUtf8) {
      flush();
      out.append(text.substr(pos, c.bytes));
    } else {
      if (c.code < first) flush();
      codes.push_back(c.code);
    }
    pos += c.bytes;
  }
  flush();
  return out;
}

std::string_view Normalizer::Apply(std::string_view text, bool at_start, std::string& buffer) const {
  const size_t most = kMaxGrowth * text.size() + 4096;
  std::string next;
  for (const Step& step : steps_) {
    const Applier applier{text, at_start};
    if (std::visit([&](const auto& each) { return applier(each, next); }, step)) {
      std::swap(buffer, next);
      text = buffer;
      if (text.size() > most) throw LimitError("the tokenizer's normalizer makes a text too long");
    }
  }
  return text;
}

}  // namespace candor
