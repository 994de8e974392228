// The characters of HTTP's grammar (RFC 9110, section 5.6; RFC 3986, section 2), and fields by name.
#ifndef CANDOR_SERVER_HTTP_CHARACTERS_H_
#define CANDOR_SERVER_HTTP_CHARACTERS_H_

#include <algorithm>
#include <string>
#include <string_view>

#include "server/exchange.h"

namespace candor {

constexpr bool IsHttpDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsHttpLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// 0 to 15, or -1.
constexpr int HexDigitValue(char c) {
  if (IsHttpDigit(c)) return c - '0';
  const char lower = LowerAscii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// tchar: what names of fields and methods are made of.
constexpr bool IsTokenCharacter(char c) {
  return IsHttpDigit(c) || IsHttpLetter(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
constexpr bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

// VCHAR, obs-text, space and tab: what values of fields are made of.
constexpr bool IsFieldValueCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

constexpr bool EqualWithoutCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
}

inline std::string ToLowerAscii(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerAscii);
  return lower;
}

// Without OWS (spaces and tabs) around it.
constexpr std::string_view TrimOws(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// The value of the first field of that name; null when there is none.
inline const std::string* FindField(const HttpFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (EqualWithoutCase(key, name)) return &value;
  }
  return nullptr;
}

// Calls `what` with each member of a comma-separated list, trimmed; empty ones are left out (RFC 9110, 5.6.1).
template <typename What>
void ForEachListMember(std::string_view list, What what) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (const std::string_view member = TrimOws(list.substr(0, comma)); !member.empty()) what(member);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace candor

#endif  // CANDOR_SERVER_HTTP_CHARACTERS_H_
