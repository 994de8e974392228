#include "cli/byte_size.h"

#include <charconv>
#include <cmath>

namespace candor {
namespace {

constexpr std::string_view kPrefixes = "kmgt";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What "b", "k", "kb" or "kib" multiplies with; 0 for another word, and for none: nobody means 16 bytes by "16".
double UnitOf(std::string_view unit) {
  if (unit.empty()) return 0;
  if (unit.size() == 1 && Lower(unit[0]) == 'b') return 1;
  const size_t prefix = kPrefixes.find(Lower(unit[0]));
  if (prefix == std::string_view::npos) return 0;
  const auto power = static_cast<double>(prefix + 1);
  unit.remove_prefix(1);
  if (unit.size() == 2 && Lower(unit[0]) == 'i' && Lower(unit[1]) == 'b') return std::pow(1024, power);
  return unit.empty() || (unit.size() == 1 && Lower(unit[0]) == 'b') ? std::pow(1000, power) : 0;
}

}  // namespace

std::optional<uint64_t> ParseByteSize(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  const double bytes = number * UnitOf(text);
  if (!(bytes >= 1 && bytes < 0x1p63)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

}  // namespace candor
