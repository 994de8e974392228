#include "chat/jinja/unicode.h"

#include <utf8proc.h>

#include "chat/jinja/special_casing.h"

namespace candor::jinja {
namespace {

utf8proc_category_t Category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool IsCased(char32_t c) { return IsLower(c) || IsUpper(c) || Category(c) == UTF8PROC_CATEGORY_LT; }

// Unicode 15, D136: what may stand between a sigma and the letters that decide whether it is final.
bool IsCaseIgnorable(char32_t c) {
  switch (Category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x387 || c == 0x55F || c == 0x5F4 || c == 0x2018 ||
             c == 0x2019 || c == 0x2024 || c == 0x2027 || c == 0xFE13 || c == 0xFE52 || c == 0xFE55 || c == 0xFF07 ||
             c == 0xFF0E || c == 0xFF1A;
  }
}

void AppendAll(std::string& out, const char32_t (&code_points)[3]) {
  for (const char32_t c : code_points) {
    if (c != 0) AppendUtf8(out, c);
  }
}

void AppendUpper(std::string& out, char32_t c) {
  if (const SpecialCasing* special = FindSpecialCasing(c)) return AppendAll(out, special->upper);
  AppendUtf8(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}

void AppendTitle(std::string& out, char32_t c) {
  if (const SpecialCasing* special = FindSpecialCasing(c)) return AppendAll(out, special->title);
  AppendUtf8(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
}

// Lowers the characters of one text in order. Whether a capital sigma ends a word depends on what is around it; what
// comes before is remembered, and what follows is looked up once for a run of ignorable characters.
class Lowerer {
 public:
  explicit Lowerer(std::string_view text) : text_(text) {}

  // `c` ends at byte `end`.
  void Append(std::string& out, char32_t c, size_t end) {
    constexpr char32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2, kDottedCapitalI = 0x130;
    if (c == kCapitalSigma && after_cased_ && !CasedFollows(end)) {
      AppendUtf8(out, kFinalSigma);
    } else if (c == kDottedCapitalI) {
      out += "i\u0307";
    } else {
      AppendUtf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
    See(c);
  }
  // A character that is not lowered still decides about a sigma after it.
  void See(char32_t c) {
    if (!IsCaseIgnorable(c)) after_cased_ = IsCased(c);
  }

 private:
  bool CasedFollows(size_t at) {
    if (at >= known_from_ && at < known_to_) return known_;
    known_from_ = at;
    char32_t c = 0;
    do {
      known_to_ = at;
      if (at == text_.size()) return known_ = false;
      c = NextCodePoint(text_, at);
    } while (IsCaseIgnorable(c));
    known_to_ = at;
    return known_ = IsCased(c);
  }

  std::string_view text_;
  bool after_cased_ = false;
  size_t known_from_ = 0, known_to_ = 0;
  bool known_ = false;
};

}  // namespace

size_t CodePointCount(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

char32_t NextCodePoint(std::string_view utf8, size_t& at) {
  const auto byte = [&](size_t i) {
    return i < utf8.size() ? static_cast<char32_t>(static_cast<unsigned char>(utf8[i])) : char32_t{0x80};
  };
  const char32_t first = byte(at);
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) c = c << 6 | (byte(at + i) & 0x3F);
  at += length;
  return c;
}

char32_t PreviousCodePoint(std::string_view utf8, size_t& at) {
  do --at;
  while (at > 0 && (static_cast<unsigned char>(utf8[at]) & 0xC0) == 0x80);
  size_t end = at;
  return NextCodePoint(utf8, end);
}

void AppendUtf8(std::string& out, char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool IsLineBreak(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool IsAlpha(char32_t c) {
  const auto category = Category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsDecimal(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_ND; }

bool IsOtherNumber(char32_t c) {
  const auto category = Category(c);
  return category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

bool IsAlnum(char32_t c) { return IsAlpha(c) || IsDecimal(c) || IsOtherNumber(c); }
bool IsLower(char32_t c) { return utf8proc_islower(static_cast<utf8proc_int32_t>(c)) != 0; }
bool IsUpper(char32_t c) { return utf8proc_isupper(static_cast<utf8proc_int32_t>(c)) != 0; }
bool IsTitle(char32_t c) { return Category(c) == UTF8PROC_CATEGORY_LT; }

bool IsPrintable(char32_t c) {
  switch (Category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ';
    default:
      return true;
  }
}

bool IsWord(char32_t c) { return c == '_' || IsAlnum(c); }

bool IsIdentifierPart(char32_t c) {
  if (c < 0x80) return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const auto category = Category(c);
  return IsAlpha(c) || IsDecimal(c) || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_MN ||
         category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_PC;
}

std::string ToUpper(std::string_view utf8) {
  std::string out;
  for (size_t at = 0; at < utf8.size();) AppendUpper(out, NextCodePoint(utf8, at));
  return out;
}

std::string ToLower(std::string_view utf8) {
  std::string out;
  Lowerer lowerer(utf8);
  for (size_t at = 0; at < utf8.size();) {
    const char32_t c = NextCodePoint(utf8, at);
    lowerer.Append(out, c, at);
  }
  return out;
}

std::string ToTitle(std::string_view utf8) {
  std::string out;
  Lowerer lowerer(utf8);
  bool inside_word = false;
  for (size_t at = 0; at < utf8.size();) {
    const char32_t c = NextCodePoint(utf8, at);
    if (inside_word) {
      lowerer.Append(out, c, at);
    } else {
      AppendTitle(out, c);
      lowerer.See(c);
    }
    inside_word = IsCased(c);
  }
  return out;
}

std::string ToCapitalized(std::string_view utf8) {
  std::string out;
  Lowerer lowerer(utf8);
  for (size_t at = 0; at < utf8.size();) {
    const bool first = at == 0;
    const char32_t c = NextCodePoint(utf8, at);
    if (first) {
      AppendTitle(out, c);
      lowerer.See(c);
    } else {
      lowerer.Append(out, c, at);
    }
  }
  return out;
}

std::string ToSwapped(std::string_view utf8) {
  std::string out;
  Lowerer lowerer(utf8);
  for (size_t at = 0; at < utf8.size();) {
    const char32_t c = NextCodePoint(utf8, at);
    if (IsUpper(c)) {
      lowerer.Append(out, c, at);
      continue;
    }
    lowerer.See(c);
    IsLower(c) ? AppendUpper(out, c) : AppendUtf8(out, c);
  }
  return out;
}

std::string ToCasefold(std::string_view utf8) {
  std::string out;
  for (size_t at = 0; at < utf8.size();) {
    const char32_t c = NextCodePoint(utf8, at);
    utf8proc_int32_t folded[8];
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), folded, 8, UTF8PROC_CASEFOLD, &boundary);
    for (utf8proc_ssize_t i = 0; i < count; ++i) AppendUtf8(out, static_cast<char32_t>(folded[i]));
  }
  return out;
}

}  // namespace candor::jinja
