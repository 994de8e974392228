// Python's string methods. The result of a method of a string that is marked safe is safe, and what such a method puts
// between is escaped, as markupsafe does. What Python raises for, fails with its message.
#include <algorithm>

#include "chat/jinja/access.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/format.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/search.h"
#include "chat/jinja/strings.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {
namespace {

Value Same(Runtime& runtime, const Value& self, std::string_view utf8) {
  return NewText(runtime, std::string(utf8), self.safe());
}

template <std::string (*map)(std::string_view)>
Value Mapped(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RequireNoArguments("a case method", arguments);
  runtime.budget.Build(self.utf8().size());  // a mapping of cases at most triples it, which NewText charges
  return Same(runtime, self, map(self.utf8()));
}

template <bool left, bool right>
Value Strip(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("strip", arguments, {"/chars"});
  const Value* chars = bound.OrNone(0);
  if (chars == nullptr) return Same(runtime, self, StripSpace(self.utf8(), left, right));
  return Same(runtime, self, StripCharacters(runtime, self.utf8(), bound.Text(0, ""), left, right));
}

// [start, end) of a method's optional bounds, as bytes; begin > end when Python finds nothing at all there.
std::pair<size_t, size_t> Window(const Value& self, const Bound& bound, size_t first) {
  const auto length = static_cast<int64_t>(self.text().length);
  const auto place = [&](size_t parameter, int64_t otherwise) {
    const Value* value = bound.OrNone(parameter);
    if (value == nullptr) return otherwise;
    if (!value->is_integral()) Fail("slice indices must be integers or None or have an __index__ method");
    const int64_t index = value->integral();
    return index < 0 ? std::max<int64_t>(index + length, 0) : index;
  };
  const int64_t start = place(first, 0), end = std::min(place(first + 1, length), length);
  if (start > end) return {1, 0};
  return {ByteOffset(self.text(), static_cast<size_t>(start)), ByteOffset(self.text(), static_cast<size_t>(end))};
}

template <bool at_end>
Value StartsOrEnds(Runtime& runtime, const Value& self, const Arguments& arguments) {
  constexpr const char* kName = at_end ? "endswith" : "startswith";
  const Bound bound(kName, arguments, {"/prefix", "/start", "/end"}, 1);
  const auto [from, to] = Window(self, bound, 1);
  if (from > to) return Value::Bool(false);
  const std::string_view text = std::string_view(self.utf8()).substr(from, to - from);
  const auto matches = [&](const Value& affix) {
    if (!affix.is_string()) {
      RequireDefined(affix);
      Fail(std::string(kName) + " first arg must be str or a tuple of str, not " + std::string(TypeName(affix)));
    }
    runtime.budget.Scan(affix.utf8().size());
    return at_end ? text.ends_with(affix.utf8()) : text.starts_with(affix.utf8());
  };
  if (!bound[0]->is(Kind::kTuple)) return Value::Bool(matches(*bound[0]));
  for (const Value& affix : bound[0]->items()) {
    runtime.budget.Step();
    if (matches(affix)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

template <bool from_right, bool must_exist>
Value Find(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound(must_exist ? "index" : "find", arguments, {"/sub", "/start", "/end"}, 1);
  const std::string_view sub = bound.Text(0, "");
  const auto [from, to] = Window(self, bound, 1);
  if (from <= to) {
    const std::string_view text = std::string_view(self.utf8()).substr(from, to - from);
    const size_t at = from_right ? FindLastText(text, sub) : FindText(text, sub, 0);
    if (at != std::string_view::npos) {
      return Value::Int(static_cast<int64_t>(CodePointCount(std::string_view(self.utf8()).substr(0, from + at))));
    }
  }
  if (must_exist) Fail("substring not found");
  return Value::Int(-1);
}

Value Count(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"/sub", "/start", "/end"}, 1);
  const std::string_view sub = bound.Text(0, "");
  const auto [from, to] = Window(self, bound, 1);
  if (from > to) return Value::Int(0);
  const std::string_view text = std::string_view(self.utf8()).substr(from, to - from);
  if (sub.empty()) return Value::Int(static_cast<int64_t>(CodePointCount(text)) + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = FindText(text, sub, at)) != std::string_view::npos; at += sub.size()) ++count;
  return Value::Int(count);
}

Value Replace(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"/old", "/new", "/count"}, 2);
  bound.Text(0, "");
  bound.Text(1, "");
  const Value by = self.safe() ? EscapeHtml(runtime, *bound[1]) : *bound[1];
  return ReplaceText(runtime, self, bound[0]->utf8(), by.utf8(), bound.Integer(2, -1)).WithSafe(self.safe());
}

template <bool from_right>
Value Split(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  const int64_t limit = bound.Integer(1, -1);
  if (bound.OrNone(0) == nullptr) return SplitSpace(runtime, self, limit, from_right);
  const std::string_view separator = bound.Text(0, "");
  if (separator.empty()) Fail("empty separator");
  return SplitText(runtime, self, separator, limit, from_right);
}

Value SplitLines(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  const bool keep = bound.Truth(runtime, 0, false);
  std::vector<Value> lines;
  for (const std::string_view line : Lines(self.utf8(), keep)) {
    runtime.budget.Step();
    lines.push_back(Same(runtime, self, line));
  }
  return NewList(runtime, std::move(lines));
}

template <bool from_right>
Value Partition(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("partition", arguments, {"/sep"}, 1);
  const std::string_view separator = bound.Text(0, ""), text = self.utf8();
  if (separator.empty()) Fail("empty separator");
  const size_t at = from_right ? FindLastText(text, separator) : FindText(text, separator, 0);
  const auto part = [&](std::string_view piece) { return Same(runtime, self, piece); };
  if (at == std::string_view::npos) {
    return from_right ? NewTuple(runtime, {part(""), part(""), self}) : NewTuple(runtime, {self, part(""), part("")});
  }
  return NewTuple(runtime, {part(text.substr(0, at)), part(separator), part(text.substr(at + separator.size()))});
}

Value Join(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("join", arguments, {"/iterable"}, 1);
  TextBuilder out(runtime.budget);
  const auto iterator = Iterate(runtime, *bound[0]);
  size_t index = 0;
  for (Value item; iterator->Next(runtime, item); ++index) {
    if (!item.is_string()) {
      Fail("sequence item " + std::to_string(index) + ": expected str instance, " + std::string(TypeName(item)) +
           " found");
    }
    if (index > 0) out.Append(self.utf8());
    out.Append(self.safe() ? EscapeHtml(runtime, item).utf8() : item.utf8());
  }
  return out.Finish(self.safe());
}

enum class Side { kLeft, kRight, kBoth };

// ljust, rjust and center: padding goes to the side named.
template <Side side>
Value Pad(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("center", arguments, {"/width", "/fillchar"}, 1);
  const std::string_view fill = bound.Text(1, " ");
  if (CodePointCount(fill) != 1) Fail("The fill character must be exactly one character long");
  return PadText(runtime, self, bound.Integer(0, 0), fill, side != Side::kRight, side != Side::kLeft);
}

Value ZeroFill(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("zfill", arguments, {"/width"}, 1);
  const int64_t missing = bound.Integer(0, 0) - static_cast<int64_t>(self.text().length);
  if (missing <= 0) return self;
  const std::string_view text = self.utf8();
  const size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  TextBuilder out(runtime.budget);
  out.Append(text.substr(0, sign));
  out.AppendRepeated("0", static_cast<uint64_t>(missing));
  out.Append(text.substr(sign));
  return out.Finish(self.safe());
}

template <bool at_end>
Value RemoveAffix(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound(at_end ? "removesuffix" : "removeprefix", arguments, {"/affix"}, 1);
  std::string_view text = self.utf8();
  const std::string_view affix = bound.Text(0, "");
  if (at_end && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!at_end && text.starts_with(affix)) text.remove_prefix(affix.size());
  return Same(runtime, self, text);
}

Value ExpandTabs(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("expandtabs", arguments, {"tabsize"});
  const int64_t size = bound.Integer(0, 8);
  TextBuilder out(runtime.budget);
  int64_t column = 0;
  const std::string_view text = self.utf8();
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = NextCodePoint(text, at);
    if (c == '\t') {
      const int64_t width = size > 0 ? size - column % size : 0;
      out.AppendRepeated(" ", static_cast<uint64_t>(width));
      column += width;
      continue;
    }
    column = c == '\n' || c == '\r' ? 0 : column + 1;
    out.Append(text.substr(begin, at - begin));
  }
  return out.Finish(self.safe());
}

Value FormatMap(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("format_map", arguments, {"/mapping"}, 1);
  if (!bound[0]->is(Kind::kDict)) Fail("format_map() of something other than a dict is not supported");
  Arguments named;
  for (const auto& [key, value] : bound[0]->dict().entries()) {
    runtime.budget.Step();
    if (key.is_string()) named.named.emplace_back(key.utf8(), value);
  }
  return StrFormat(runtime, self, named);
}

constexpr MethodEntry kMethods[] = {
    {"capitalize", Mapped<ToCapitalized>},
    {"casefold", Mapped<ToCasefold>},
    {"center", Pad<Side::kBoth>},
    {"count", Count},
    {"encode", nullptr},
    {"endswith", StartsOrEnds<true>},
    {"expandtabs", ExpandTabs},
    {"find", Find<false, false>},
    {"format", StrFormat},
    {"format_map", FormatMap},
    {"index", Find<false, true>},
    {"join", Join},
    {"ljust", Pad<Side::kRight>},
    {"lower", Mapped<ToLower>},
    {"lstrip", Strip<true, false>},
    {"maketrans", nullptr},
    {"partition", Partition<false>},
    {"removeprefix", RemoveAffix<false>},
    {"removesuffix", RemoveAffix<true>},
    {"replace", Replace},
    {"rfind", Find<true, false>},
    {"rindex", Find<true, true>},
    {"rjust", Pad<Side::kLeft>},
    {"rpartition", Partition<true>},
    {"rsplit", Split<true>},
    {"rstrip", Strip<false, true>},
    {"split", Split<false>},
    {"splitlines", SplitLines},
    {"startswith", StartsOrEnds<false>},
    {"strip", Strip<true, true>},
    {"swapcase", Mapped<ToSwapped>},
    {"title", Mapped<ToTitle>},
    {"translate", nullptr},
    {"upper", Mapped<ToUpper>},
    {"zfill", ZeroFill},
};

}  // namespace

std::span<const MethodEntry> StringMethods() { return kMethods; }

}  // namespace candor::jinja
