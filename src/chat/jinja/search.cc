// std::string::find takes time proportional to the product of both lengths on hostile input; memmem of the C library
// is the two-way algorithm, linear with constant memory. From the right, both strings are reversed first.
#include "chat/jinja/search.h"

#include <string.h>

#include <string>

namespace candor::jinja {

size_t FindText(std::string_view text, std::string_view pattern, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (pattern.empty()) return from;
  const void* found = ::memmem(text.data() + from, text.size() - from, pattern.data(), pattern.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

size_t FindLastText(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.size();
  const auto all = FindAllTextFromRight(text, pattern, 1);
  return all.empty() ? std::string_view::npos : all[0];
}

std::vector<size_t> FindAllTextFromRight(std::string_view text, std::string_view pattern, size_t limit) {
  const std::string reversed_text(text.rbegin(), text.rend());
  const std::string reversed_pattern(pattern.rbegin(), pattern.rend());
  std::vector<size_t> places;
  size_t from = 0;
  while (places.size() < limit && (from = FindText(reversed_text, reversed_pattern, from)) != std::string_view::npos) {
    from += pattern.size();
    places.push_back(text.size() - from);
  }
  return places;
}

}  // namespace candor::jinja
