#include "tokenizer/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/scan.h"

namespace candor {
namespace {

bool IsWordCharacter(char32_t code) {
  if (code == 0x200C || code == 0x200D) return true;  // Join_Control
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return (ClassesOf(code) & (kLetter | kMark)) != 0;
  }
}

// The beginning of the character that ends at `end`, at `from` or later.
size_t CharBefore(std::string_view text, size_t from, size_t end) {
  size_t begin = end - 1;
  for (size_t i = 1; i < 4 && begin > from && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80; ++i) --begin;
  return begin + DecodeUtf8(text, begin).bytes == end ? begin : end - 1;
}

bool StandsAlone(std::string_view text, size_t begin, size_t end) {
  if (begin > 0 && IsWordCharacter(DecodeUtf8(text, CharBefore(text, 0, begin)).code)) return false;
  return end == text.size() || !IsWordCharacter(DecodeUtf8(text, end).code);
}

// How many nodes a trie of sorted texts has below its root.
size_t CountNodes(const std::vector<AddedToken>& tokens) {
  size_t nodes = 0;
  std::string_view before;
  for (const AddedToken& token : tokens) {
    const std::string_view text = token.text;
    nodes +=
        static_cast<size_t>(text.end() - std::mismatch(before.begin(), before.end(), text.begin(), text.end()).second);
    before = text;
  }
  return nodes;
}

}  // namespace

void CheckAddedTokens(size_t tokens, size_t bytes, const std::string& field) {
  const auto check = [&](size_t found, size_t most, const char* what) {
    if (found <= most) return;
    throw LimitError(field + ": " + std::to_string(found) + what + ", at most " + std::to_string(most) +
                     " are supported");
  };
  check(tokens, kMaxAddedTokens, " control and user-defined tokens");
  check(bytes, kMaxAddedTokensBytes, " bytes of control and user-defined tokens");
}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const std::string& field) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.text.empty(); });
  size_t bytes = 0;
  for (const AddedToken& token : tokens_) bytes += token.text.size();
  CheckAddedTokens(tokens_.size(), bytes, field);
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.text < b.text; });
  for (const AddedToken& token : tokens_) {
    if (token.text.size() > kMaxAddedTokenBytes) {
      throw LimitError(field + ": token " + std::to_string(token.id) + " has " + std::to_string(token.text.size()) +
                       " bytes, at most " + std::to_string(kMaxAddedTokenBytes) + " are supported");
    }
  }
  // A node stands for the tokens [begin, end), which share their first `depth` bytes.
  struct Range {
    size_t begin, end, depth;
  };
  std::deque<Range> ranges{{0, tokens_.size(), 0}};
  nodes_.reserve(CountNodes(tokens_) + 2);
  nodes_.push_back({});
  for (size_t node = 0; node < nodes_.size(); ++node) {
    const Range range = ranges.front();
    ranges.pop_front();
    nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
    size_t begin = range.begin;
    while (begin < range.end && tokens_[begin].text.size() == range.depth) {
      nodes_[node].token = static_cast<int32_t>(begin++);
    }
    while (begin < range.end) {
      const char byte = tokens_[begin].text[range.depth];
      size_t end = begin;
      while (end < range.end && tokens_[end].text[range.depth] == byte) ++end;
      if (node == 0) roots_[static_cast<uint8_t>(byte)] = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({0, -1, static_cast<uint8_t>(byte)});
      ranges.push_back({begin, end, range.depth + 1});
      begin = end;
    }
  }
  nodes_.push_back({static_cast<uint32_t>(nodes_.size()), -1, 0});
}

uint32_t AddedTokens::Child(uint32_t node, uint8_t byte) const {
  const auto begin = nodes_.begin() + nodes_[node].first_child, end = nodes_.begin() + nodes_[node + 1].first_child;
  const auto found =
      std::lower_bound(begin, end, byte, [](const Node& child, uint8_t value) { return child.byte < value; });
  return found == end || found->byte != byte ? 0 : static_cast<uint32_t>(found - nodes_.begin());
}

const AddedToken* AddedTokens::LongestAt(std::string_view text, size_t pos, bool control) const {
  const AddedToken* longest = nullptr;
  uint32_t node = roots_[static_cast<uint8_t>(text[pos])];
  while (node != 0) {
    if (const int32_t token = nodes_[node].token; token >= 0 && (control || !tokens_[token].control)) {
      longest = &tokens_[token];
    }
    if (++pos == text.size()) break;
    node = Child(node, static_cast<uint8_t>(text[pos]));
  }
  return longest;
}

AddedTokens::Match AddedTokens::Find(std::string_view text, size_t from, const Control& control) const {
  for (size_t pos = from; pos < text.size(); ++pos) {
    if (roots_[static_cast<uint8_t>(text[pos])] == 0) continue;
    const AddedToken* token = LongestAt(text, pos, control.counts);
    if (token == nullptr || std::ranges::binary_search(control.literal, pos)) continue;
    Match match{token, pos, pos + token->text.size()};
    if (token->single_word && !StandsAlone(text, match.begin, match.end)) {
      pos = match.end - 1;
      continue;
    }
    while (token->lstrip && match.begin > from) {
      const size_t before = CharBefore(text, from, match.begin);
      if (!internal::ClassAt(text, before, kSpace)) break;
      match.begin = before;
    }
    if (token->rstrip) match.end = internal::SkipClasses(text, match.end, kSpace);
    return match;
  }
  return {};
}

}  // namespace candor
