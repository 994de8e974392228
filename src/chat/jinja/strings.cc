#include "chat/jinja/strings.h"

#include <algorithm>
#include <set>

#include "chat/jinja/search.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {
namespace {

template <typename Strips>
std::string_view StripIf(std::string_view text, bool left, bool right, Strips strips) {
  size_t begin = 0, end = text.size();
  while (left && begin < end) {
    size_t next = begin;
    if (!strips(NextCodePoint(text, next))) break;
    begin = next;
  }
  while (right && begin < end) {
    size_t next = end;
    if (!strips(PreviousCodePoint(text, next))) break;
    end = next;
  }
  return text.substr(begin, end - begin);
}

Value Part(Runtime& runtime, const Value& text, std::string_view piece) {
  runtime.budget.Step();
  return NewText(runtime, std::string(piece), text.safe());
}

size_t Cuts(int64_t limit) { return limit < 0 ? SIZE_MAX : static_cast<size_t>(limit); }

}  // namespace

size_t ByteOffset(const Text& text, size_t index) {
  if (text.ascii()) return index;
  size_t at = 0;
  for (size_t i = 0; i < index; ++i) NextCodePoint(text.utf8, at);
  return at;
}

std::string_view StripSpace(std::string_view text, bool left, bool right) {
  return StripIf(text, left, right, IsSpace);
}

std::string_view StripCharacters(Runtime& runtime, std::string_view text, std::string_view characters, bool left,
                                 bool right) {
  std::set<char32_t> strips;
  for (size_t at = 0; at < characters.size();) {
    runtime.budget.Step();
    strips.insert(NextCodePoint(characters, at));
  }
  return StripIf(text, left, right, [&](char32_t c) { return strips.contains(c); });
}

Value ReplaceText(Runtime& runtime, const Value& text, std::string_view old, std::string_view by, int64_t limit) {
  const std::string_view utf8 = text.utf8();
  TextBuilder out(runtime.budget);
  if (old.empty()) {
    size_t at = 0;
    for (size_t done = 0; done < Cuts(limit); ++done) {
      out.Append(by);
      const size_t begin = at;
      if (at == utf8.size()) return out.Finish();
      NextCodePoint(utf8, at);
      out.Append(utf8.substr(begin, at - begin));
    }
    out.Append(utf8.substr(at));
    return out.Finish();
  }
  size_t from = 0;
  for (size_t done = 0; done < Cuts(limit); ++done) {
    const size_t at = FindText(utf8, old, from);
    if (at == std::string_view::npos) break;
    out.Append(utf8.substr(from, at - from));
    out.Append(by);
    from = at + old.size();
  }
  out.Append(utf8.substr(from));
  return out.Finish();
}

Value SplitText(Runtime& runtime, const Value& text, std::string_view separator, int64_t limit, bool from_right) {
  const std::string_view utf8 = text.utf8();
  std::vector<Value> parts;
  if (from_right) {
    size_t end = utf8.size();
    for (const size_t cut : FindAllTextFromRight(utf8, separator, Cuts(limit))) {
      const size_t begin = cut + separator.size();
      parts.push_back(Part(runtime, text, utf8.substr(begin, end - begin)));
      end = cut;
    }
    parts.push_back(Part(runtime, text, utf8.substr(0, end)));
    std::reverse(parts.begin(), parts.end());
    return NewList(runtime, std::move(parts));
  }
  size_t begin = 0;
  for (size_t done = 0; done < Cuts(limit); ++done) {
    const size_t cut = FindText(utf8, separator, begin);
    if (cut == std::string_view::npos) break;
    parts.push_back(Part(runtime, text, utf8.substr(begin, cut - begin)));
    begin = cut + separator.size();
  }
  parts.push_back(Part(runtime, text, utf8.substr(begin)));
  return NewList(runtime, std::move(parts));
}

Value SplitSpace(Runtime& runtime, const Value& text, int64_t limit, bool from_right) {
  std::string_view rest = text.utf8();
  std::vector<Value> parts;
  for (size_t done = 0;; ++done) {
    rest = StripSpace(rest, !from_right, from_right);
    if (rest.empty()) break;
    if (done == Cuts(limit)) {
      parts.push_back(Part(runtime, text, rest));
      break;
    }
    if (from_right) {
      size_t begin = rest.size();
      for (size_t at = begin; at > 0; begin = at) {
        if (IsSpace(PreviousCodePoint(rest, at))) break;
      }
      parts.push_back(Part(runtime, text, rest.substr(begin)));
      rest = rest.substr(0, begin);
    } else {
      size_t end = 0;
      for (size_t at = 0; at < rest.size(); end = at) {
        if (IsSpace(NextCodePoint(rest, at))) break;
      }
      parts.push_back(Part(runtime, text, rest.substr(0, end)));
      rest = rest.substr(end);
    }
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  return NewList(runtime, std::move(parts));
}

std::vector<std::string_view> Lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0, at = 0; begin < text.size();) {
    size_t end = text.size();
    while (at < text.size()) {
      const size_t here = at;
      const char32_t c = NextCodePoint(text, at);
      if (!IsLineBreak(c)) continue;
      if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
      end = here;
      break;
    }
    lines.push_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  return lines;
}

Value PadText(Runtime& runtime, const Value& text, int64_t width, std::string_view fill, bool left, bool right) {
  const auto length = static_cast<int64_t>(text.text().length);
  if (width <= length) return text;
  const int64_t padding = width - length;
  // CPython's center() puts the odd one on the left when both the padding and the width are odd.
  const int64_t before = !left ? 0 : !right ? padding : padding / 2 + (padding & width & 1);
  TextBuilder out(runtime.budget);
  out.AppendRepeated(fill, static_cast<uint64_t>(before));
  out.Append(text.utf8());
  out.AppendRepeated(fill, static_cast<uint64_t>(padding - before));
  return out.Finish(text.safe());
}

}  // namespace candor::jinja
