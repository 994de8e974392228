#include "chat/jinja/access.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/unicode.h"

namespace candor::jinja {
namespace {

bool IsAscii(char32_t c) { return c < 0x80; }

// Unicode's Numeric_Type tells the superscript two (a digit) from one half (none); we do not carry that property.
bool IsDigit(char32_t c) {
  if (IsOtherNumber(c)) Fail("isdigit() of this character is not supported");
  return IsDecimal(c);
}

bool IsNumeric(char32_t c) {
  if (c >= 0x80 && IsAlpha(c)) Fail("isnumeric() of this character is not supported");
  return IsDecimal(c) || IsOtherNumber(c);
}

// Whether there are characters and all are what `is` says.
template <bool (*is)(char32_t), bool of_empty>
Value All(Runtime&, const Value& self, const Arguments& arguments) {
  RequireNoArguments("a predicate", arguments);
  const std::string& text = self.utf8();
  if (text.empty()) return Value::Bool(of_empty);
  for (size_t at = 0; at < text.size();) {
    if (!is(NextCodePoint(text, at))) return Value::Bool(false);
  }
  return Value::Bool(true);
}

// Whether there is a cased character and none of the other case.
template <bool (*is)(char32_t), bool (*is_other)(char32_t)>
Value Cased(Runtime&, const Value& self, const Arguments& arguments) {
  RequireNoArguments("a predicate", arguments);
  bool seen = false;
  for (size_t at = 0; at < self.utf8().size();) {
    const char32_t c = NextCodePoint(self.utf8(), at);
    if (is_other(c) || IsTitle(c)) return Value::Bool(false);
    seen |= is(c);
  }
  return Value::Bool(seen);
}

Value IsTitleCased(Runtime&, const Value& self, const Arguments& arguments) {
  RequireNoArguments("istitle", arguments);
  bool seen = false, after_cased = false;
  for (size_t at = 0; at < self.utf8().size();) {
    const char32_t c = NextCodePoint(self.utf8(), at);
    const bool capital = IsUpper(c) || IsTitle(c), small = IsLower(c);
    if ((capital && after_cased) || (small && !after_cased)) return Value::Bool(false);
    after_cased = capital || small;
    seen |= after_cased;
  }
  return Value::Bool(seen);
}

Value IsIdentifier(Runtime&, const Value& self, const Arguments& arguments) {
  RequireNoArguments("isidentifier", arguments);
  const std::string& text = self.utf8();
  for (size_t at = 0; at < text.size();) {
    const bool first = at == 0;
    const char32_t c = NextCodePoint(text, at);
    if (!IsIdentifierPart(c) || (first && c < 0x80 && IsDecimal(c))) return Value::Bool(false);
    if (c >= 0x80) Fail("isidentifier() beyond ASCII is not supported");
  }
  return Value::Bool(!text.empty());
}

constexpr MethodEntry kPredicates[] = {
    {"isalnum", All<IsAlnum, false>},
    {"isalpha", All<IsAlpha, false>},
    {"isascii", All<IsAscii, true>},
    {"isdecimal", All<IsDecimal, false>},
    {"isdigit", All<IsDigit, false>},
    {"isidentifier", IsIdentifier},
    {"islower", Cased<IsLower, IsUpper>},
    {"isnumeric", All<IsNumeric, false>},
    {"isprintable", All<IsPrintable, true>},
    {"isspace", All<IsSpace, false>},
    {"istitle", IsTitleCased},
    {"isupper", Cased<IsUpper, IsLower>},
};

}  // namespace

std::span<const MethodEntry> StringPredicates() { return kPredicates; }

}  // namespace candor::jinja
