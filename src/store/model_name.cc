#include "store/model_name.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "base/error.h"
#include "base/utf8.h"
#include "format/gguf.h"

namespace candor {
namespace {

constexpr std::string_view kExtension = ".gguf";

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool IsNameCharacter(char c) { return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), letters compared without
// case.
size_t EditDistance(std::string_view a, std::string_view b) {
  const auto same = [&](size_t i, size_t j) { return Lower(a[i]) == Lower(b[j]); };
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({last[j] + (same(i, j) ? 0 : 1), row[j] + 1, last[j + 1] + 1});
      if (i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j)) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last.back();
}

bool BeginsWith(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return Lower(a) == Lower(b); });
}

}  // namespace

bool IsModelName(std::string_view name) {
  if (name.empty() || name.size() > kMaxModelNameLength) return false;
  if (!IsLetterOrDigit(name.front()) || !IsLetterOrDigit(name.back())) return false;
  if (!std::all_of(name.begin(), name.end(), IsNameCharacter)) return false;
  if (name.find("..") != std::string_view::npos || name.ends_with(kExtension)) return false;
  return !ParseGgufPartName(std::string(name) + std::string(kExtension));
}

void RequireModelName(std::string_view name) {
  if (IsModelName(name)) return;
  throw UsageError(Quoted(name) + " cannot be a model's name: expected 1 to " + std::to_string(kMaxModelNameLength) +
                   " letters, digits, '.', '_' or '-', a letter or digit first and last, without .gguf");
}

std::string ModelNameFromFile(std::string_view path) {
  std::string file(path.substr(path.find_last_of('/') + 1));
  if (const auto part = ParseGgufPartName(file)) {
    file = part->stem;
  } else if (file.ends_with(kExtension)) {
    file.resize(file.size() - kExtension.size());
  }
  std::string name;
  for (const char c : file) {
    const char kept = IsNameCharacter(c) ? c : '-';
    if (name.empty() && !IsLetterOrDigit(kept)) continue;
    if (kept == '.' && name.back() == '.') continue;
    if (name.size() < kMaxModelNameLength) name += kept;
  }
  while (!name.empty() && !IsLetterOrDigit(name.back())) name.pop_back();
  return IsModelName(name) ? name : "";
}

std::string NearestName(std::string_view typed, const std::vector<std::string>& candidates) {
  typed = typed.substr(0, kMaxModelNameLength);
  std::string nearest;
  size_t least = typed.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(typed, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty() || typed.empty()) return nearest;
  for (const std::string& candidate : candidates) {
    if (!BeginsWith(candidate, typed)) continue;
    if (!nearest.empty()) return "";
    nearest = candidate;
  }
  return nearest;
}

}  // namespace candor
