#include "chat/jinja/numbers.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "chat/jinja/failure.h"
#include "chat/jinja/strings.h"
#include "chat/jinja/unicode.h"

namespace candor::jinja {
namespace {

// Python converts no longer decimal strings.
constexpr size_t kMaxDigits = 4300;

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

// Python takes the digits of every script.
void RefuseOtherDigits(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const char32_t c = NextCodePoint(text, at);
    if (c >= 0x80 && IsDecimal(c)) Fail("converting digits other than 0 to 9 is not supported");
  }
}

}  // namespace

std::optional<Value> ParseInt(std::string_view text, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return std::nullopt;
  RefuseOtherDigits(text);
  text = StripSpace(text, true, true);
  std::string digits;
  if (text.starts_with('-')) digits = "-";
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  bool after_prefix = false;
  if (text.size() > 2 && text[0] == '0') {
    const char prefix = static_cast<char>(text[1] | 0x20);
    const int named = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 0;
    if (named != 0 && (base == 0 || base == named)) {
      base = named;
      text.remove_prefix(2);
      after_prefix = true;
    }
  }
  const bool guessed = base == 0;
  if (guessed) base = 10;
  bool after_digit = after_prefix;
  size_t count = 0;
  bool is_zero = true;
  for (const char c : text) {
    if (c == '_') {
      if (!after_digit) return std::nullopt;
      after_digit = false;
      continue;
    }
    if (DigitValue(c) >= base) return std::nullopt;
    after_digit = true;
    ++count;
    is_zero &= c == '0';
    if (!is_zero) digits += c;
  }
  if (count == 0 || !after_digit) return std::nullopt;
  if (guessed && text[0] == '0' && !is_zero) return std::nullopt;  // "010" could be meant as octal
  if (is_zero) return Value::Int(0);
  const bool power_of_two = (base & (base - 1)) == 0;
  if (count > kMaxDigits && !power_of_two) return std::nullopt;
  if (base == 10) return Value::BigInt(std::move(digits));
  int64_t value;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value, static_cast<int>(base)).ec != std::errc()) {
    Fail("an integer beyond 64 bits is supported in decimal only");
  }
  return Value::Int(value);
}

std::optional<double> ParseFloat(std::string_view text) {
  RefuseOtherDigits(text);
  text = StripSpace(text, true, true);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string lower = ToLower(text);
  if (lower == "inf" || lower == "infinity") return negative ? -HUGE_VAL : HUGE_VAL;
  if (lower == "nan") return std::nan("");
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto is_digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (text[i] != '_') {
      if (!is_digit(i) && text[i] != '.' && (text[i] | 0x20) != 'e' && text[i] != '+' && text[i] != '-') {
        return std::nullopt;
      }
      plain += text[i];
    } else if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) {
      return std::nullopt;
    }
  }
  if (plain.empty() || plain[0] == '+' || plain[0] == '-') return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (end != plain.data() + plain.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) value = std::strtod(plain.c_str(), nullptr);
  return negative ? -value : value;
}

Value Truncated(double value) {
  if (std::fabs(value) < 0x1p63) return Value::Int(static_cast<int64_t>(value));
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), std::trunc(value), std::chars_format::fixed, 0).ptr;
  return Value::BigInt(std::string(buffer, end));
}

}  // namespace candor::jinja
