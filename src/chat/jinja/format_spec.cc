#include <charconv>
#include <cmath>

#include "chat/jinja/failure.h"
#include "chat/jinja/format.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

constexpr int64_t kMaxPrecision = 1000;

bool IsAlign(char32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

int64_t ParseNumber(std::string_view spec, size_t& at) {
  int64_t number = 0;
  while (at < spec.size() && spec[at] >= '0' && spec[at] <= '9') {
    number = number * 10 + (spec[at++] - '0');
    if (number > INT32_MAX) Fail("Too many decimal digits in format string");
  }
  return number;
}

// `digits` with a separator before every `group` digits, counted from the right.
std::string Grouped(std::string_view digits, char separator, size_t group) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % group == 0) out += separator;
    out += digits[i];
  }
  return out;
}

std::string SignText(bool negative, char sign) { return negative ? "-" : sign == '-' ? "" : std::string(1, sign); }

// Sign (and prefix), then digits (and what follows them), padded to the width. "=" pads between the two.
void AppendNumber(TextBuilder& out, std::string_view prefix, std::string_view digits, const FormatSpec& spec) {
  const auto size = static_cast<int64_t>(prefix.size() + digits.size());
  const uint64_t padding = spec.width > size ? static_cast<uint64_t>(spec.width - size) : 0;
  const char align = spec.align == 0 ? '>' : spec.align;
  std::string fill;
  AppendUtf8(fill, spec.fill);
  const uint64_t before = align == '>' ? padding : align == '^' ? padding / 2 : 0;
  if (align == '=' && spec.grouping != 0 && spec.fill == '0' && padding > 0) {
    Fail("zero padding with a thousands separator is not supported");
  }
  out.AppendRepeated(fill, before);
  out.Append(prefix);
  if (align == '=') out.AppendRepeated(fill, padding);
  out.Append(digits);
  if (align == '<' || align == '^') out.AppendRepeated(fill, padding - before);
}

std::string FloatDigits(double value, char type, int precision) {
  char buffer[512 + kMaxPrecision];
  const auto format = type == 'e'   ? std::chars_format::scientific
                      : type == 'f' ? std::chars_format::fixed
                                    : std::chars_format::general;
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value, format, precision).ptr);
}

}  // namespace

FormatSpec ParseFormatSpec(std::string_view spec) {
  FormatSpec out;
  size_t at = 0;
  if (!spec.empty()) {
    size_t second = 0;
    const char32_t first = NextCodePoint(spec, second);
    if (second < spec.size() && IsAlign(static_cast<unsigned char>(spec[second]))) {
      out.fill = first;
      out.align = spec[second];
      at = second + 1;
    } else if (IsAlign(first)) {
      out.align = spec[0];
      at = 1;
    }
  }
  const auto take = [&](std::string_view any) -> char {
    return at < spec.size() && any.find(spec[at]) != std::string_view::npos ? spec[at++] : '\0';
  };
  if (const char sign = take("+- ")) out.sign = sign;
  out.alternate = take("#") != 0;
  if (take("0")) {
    if (out.align == 0) {
      out.fill = '0';
      out.align = '=';
    }
  }
  out.width = ParseNumber(spec, at);
  out.grouping = take(",_");
  if (take(".")) {
    const size_t begin = at;
    out.precision = ParseNumber(spec, at);
    if (at == begin) Fail("Format specifier missing precision");
    if (*out.precision > kMaxPrecision) FailLimit("a precision beyond " + std::to_string(kMaxPrecision));
  }
  if (at < spec.size()) out.type = spec[at++];
  if (at != spec.size()) Fail("Invalid format specifier");
  return out;
}

void AppendFormattedInt(TextBuilder& out, int64_t value, const FormatSpec& spec) {
  if (spec.precision) Fail("Precision not allowed in integer format specifier");
  const int base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : spec.type == 'x' || spec.type == 'X' ? 16 : 10;
  const bool negative = value < 0;
  const uint64_t magnitude = negative ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  char buffer[72];
  std::string digits(buffer, std::to_chars(buffer, buffer + sizeof(buffer), magnitude, base).ptr);
  if (spec.grouping != 0) digits = Grouped(digits, spec.grouping, base == 10 ? 3 : 4);
  std::string prefix = SignText(negative, spec.sign);
  if (spec.alternate && base != 10) prefix += base == 2 ? "0b" : base == 8 ? "0o" : "0x";
  if (spec.type == 'X') {
    prefix = ToUpper(prefix);
    digits = ToUpper(digits);
  }
  AppendNumber(out, prefix, digits, spec);
}

void AppendFormattedFloat(TextBuilder& out, double value, const FormatSpec& spec) {
  if (spec.alternate) Fail("the alternate form of floats is not supported");
  const bool negative = std::signbit(value) && !std::isnan(value);
  const double magnitude = std::fabs(value);
  const char lower = static_cast<char>(spec.type | 0x20);
  std::string digits;
  if (!std::isfinite(value)) {
    digits = std::isnan(value) ? "nan" : "inf";
  } else if (spec.type == 0) {
    if (spec.precision) Fail("a precision without a type is not supported for floats");
    digits = FloatRepr(magnitude);
  } else {
    const auto precision = static_cast<int>(spec.precision.value_or(6));
    digits = spec.type == '%' ? FloatDigits(magnitude * 100, 'f', precision)
                              : FloatDigits(magnitude, lower, lower == 'g' && precision == 0 ? 1 : precision);
  }
  if (spec.grouping != 0) {
    const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
    digits = Grouped(std::string_view(digits).substr(0, whole), spec.grouping, 3) + digits.substr(whole);
  }
  if (spec.type >= 'A' && spec.type <= 'Z') digits = ToUpper(digits);
  if (spec.type == '%') digits += '%';
  AppendNumber(out, SignText(negative, spec.sign), digits, spec);
}

void AppendFormattedText(TextBuilder& out, std::string_view text, const FormatSpec& spec) {
  if (spec.precision) {
    size_t at = 0;
    for (int64_t i = 0; i < *spec.precision && at < text.size(); ++i) NextCodePoint(text, at);
    text = text.substr(0, at);
  }
  FormatSpec padded = spec;
  padded.align = spec.align == 0 ? '<' : spec.align;
  padded.grouping = 0;
  // The width counts characters, AppendNumber counts bytes.
  padded.width += static_cast<int64_t>(text.size() - CodePointCount(text));
  AppendNumber(out, "", text, padded);
}

void AppendFormatted(TextBuilder& out, const Value& value, const FormatSpec& spec) {
  const auto refuse = [&](std::string_view type) {
    Fail("Unknown format code '" + std::string(1, spec.type) + "' for object of type '" + std::string(type) + "'");
  };
  const std::string_view kInt = "dboxX", kFloat = "eEfFgG%";
  if (value.is_string()) {
    if (spec.type != 0 && spec.type != 's') refuse("str");
    if (spec.align == '=' && spec.fill != '0') Fail("'=' alignment not allowed in string format specifier");
    if (spec.sign != '-' || spec.alternate || spec.grouping != 0) Fail("Sign not allowed in string format specifier");
    FormatSpec text = spec;
    if (spec.align == '=') text.align = '<';
    AppendFormattedText(out, value.utf8(), text);
  } else if (value.is_integral()) {
    if (spec.type == 0 || kInt.find(spec.type) != std::string_view::npos) {
      AppendFormattedInt(out, value.integral(), spec);
    } else if (kFloat.find(spec.type) != std::string_view::npos) {
      AppendFormattedFloat(out, static_cast<double>(value.integral()), spec);
    } else {
      refuse("int");
    }
  } else if (value.is(Kind::kFloat)) {
    if (spec.type != 0 && kFloat.find(spec.type) == std::string_view::npos) refuse("float");
    AppendFormattedFloat(out, value.real(), spec);
  } else {
    RequireDefined(value);
    if (value.is(Kind::kBigInt)) Fail("formatting an integer beyond 64 bits is not supported");
    Fail("unsupported format string passed to " + std::string(TypeName(value)) + ".__format__");
  }
}

}  // namespace candor::jinja
