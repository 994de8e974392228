#include "store/http_fields.h"

#include <algorithm>
#include <charconv>

#include "store/model_record.h"

namespace candor {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ContentRange> ParseContentRange(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  value = Trim(value);
  if (!value.starts_with(kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  const size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = value.substr(0, slash);
  const std::string_view total = value.substr(slash + 1);

  ContentRange parsed;
  if (total != "*") {
    parsed.total = ParseDecimal(total);
    if (!parsed.total) return std::nullopt;
  }
  if (range == "*") return parsed.total ? std::optional(parsed) : std::nullopt;
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  parsed.begin = ParseDecimal(range.substr(0, dash));
  const auto last = ParseDecimal(range.substr(dash + 1));
  if (!parsed.begin || !last || *last < *parsed.begin) return std::nullopt;
  if (*last >= parsed.total.value_or(UINT64_MAX)) return std::nullopt;
  parsed.end = *last + 1;
  return parsed;
}

std::string Sha256FromEtag(std::string_view value) {
  value = Trim(value);
  if (value.starts_with("W/")) value.remove_prefix(2);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  std::string digest(value);
  std::transform(digest.begin(), digest.end(), digest.begin(), Lower);
  return IsSha256Hex(digest) ? digest : "";
}

bool IsStrongEtag(std::string_view value) {
  return value.size() >= 2 && value.size() <= 256 && value.front() == '"' && value.back() == '"' &&
         std::all_of(value.begin() + 1, value.end() - 1, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

std::optional<HeaderField> ParseHeaderLine(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HeaderField field{std::string(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1)))};
  std::transform(field.name.begin(), field.name.end(), field.name.begin(), Lower);
  return field;
}

}  // namespace candor
