#include "chat/control_token_guard.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/sha256.h"
#include "base/utf8.h"

namespace candor {
namespace {

using jinja::Kind;
using jinja::Value;

bool IsAsciiWordCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Templates compare these, and nobody wrote them.
bool IsKnownRole(std::string_view role) {
  constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
  return std::ranges::find(kRoles, role) != std::end(kRoles);
}

void HashStrings(const Value& value, Sha256& hash) {
  if (value.is_string()) {
    hash.Update(std::as_bytes(std::span(value.utf8())));
  } else if (value.is_sequence()) {
    for (const Value& item : value.items()) HashStrings(item, hash);
  } else if (value.is(Kind::kDict)) {
    for (const auto& [key, item] : value.dict().entries()) {
      HashStrings(key, hash);
      HashStrings(item, hash);
    }
  }
}

std::string MarkFor(const Value& messages) {
  Sha256 hash;
  HashStrings(messages, hash);
  uint64_t number = 0;
  for (size_t i = 0; const auto byte : hash.Finish()) {
    if (i++ < sizeof number) number = number << 8 | static_cast<uint8_t>(byte);
  }
  return "\u2042" + std::to_string(number) + "\u203b";
}

bool StartsWithAny(std::string_view text, const std::vector<std::string>& beginnings) {
  return std::ranges::any_of(beginnings, [&](const std::string& beginning) { return text.starts_with(beginning); });
}

}  // namespace

ControlTokenGuard::ControlTokenGuard(const Tokenizer& tokenizer, std::string_view chat_template,
                                     std::vector<std::string> allowed_in_answers)
    : allowed_in_answers_(std::move(allowed_in_answers)) {
  std::erase(allowed_in_answers_, "");
  std::vector<AddedToken> special;
  for (size_t i = 0; i < tokenizer.vocabulary_size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string piece(tokenizer.Piece(id));
    if (!tokenizer.IsSpecial(id) || piece.empty() || piece.size() > kMaxAddedTokenBytes) continue;
    const bool guarded = tokenizer.IsControl(id) || chat_template.find(piece) != std::string_view::npos;
    special.push_back({.text = piece, .id = id, .control = guarded});
    if (guarded) guarded_[static_cast<unsigned char>(piece[0])].push_back(piece);
  }
  special_ = AddedTokens(std::move(special), "special tokens");
}

bool ControlTokenGuard::MightBegin(std::string_view text, size_t at, size_t end, bool is_answer) const {
  const auto first = static_cast<unsigned char>(text[at]);
  if (guarded_[first].empty()) return false;
  const std::string_view rest = text.substr(at);
  if (is_answer && StartsWithAny(rest, allowed_in_answers_)) return false;
  if (const AddedToken* token = special_.LongestAt(text, at, true)) return token->control;
  if (!IsAsciiWordCharacter(text[at])) return true;
  if (end <= at || end - at >= kMaxAddedTokenBytes) return false;
  const std::string_view last = text.substr(at, end - at);
  return std::ranges::any_of(guarded_[first], [&](const std::string& token) { return token.starts_with(last); });
}

std::string ControlTokenGuard::WithMarks(std::string_view text, std::string_view mark, bool is_answer) const {
  std::string marked;
  marked.reserve(text.size());
  // The template may cut blanks off the end and go on.
  const size_t end = text.find_last_not_of(kBlanks) + 1;
  for (size_t at = 0; at < text.size(); ++at) {
    if (MightBegin(text, at, end, is_answer)) marked += mark;
    marked += text[at];
  }
  return marked;
}

// Values nest to kMaxValueDepth at most.
Value ControlTokenGuard::Walk(const Value& value, std::string_view mark, bool is_answer) const {
  if (value.is_string()) return Value::String(WithMarks(value.utf8(), mark, is_answer), value.safe());
  if (value.is(Kind::kList)) {
    std::vector<Value> items;
    for (const Value& item : value.items()) items.push_back(Walk(item, mark, is_answer));
    return Value::List(std::move(items));
  }
  if (value.is(Kind::kDict)) {
    std::vector<jinja::Dict::Entry> entries;
    for (const auto& [key, item] : value.dict().entries()) {
      entries.emplace_back(Walk(key, mark, is_answer), Walk(item, mark, is_answer));
    }
    return Value::MakeDict(std::move(entries), nullptr);
  }
  return value;
}

ControlTokenGuard::Marked ControlTokenGuard::Mark(const Value& messages) const {
  Marked marked;
  marked.mark = MarkFor(messages);
  std::vector<Value> list;
  for (const Value& message : messages.items()) {
    const Value* role = message.dict().Find("role", nullptr);
    const bool is_answer = role != nullptr && role->is_string() && role->utf8() == "assistant";
    std::vector<jinja::Dict::Entry> entries;
    for (const auto& [field, value] : message.dict().entries()) {
      const bool known_role = field.utf8() == "role" && value.is_string() && IsKnownRole(value.utf8());
      entries.emplace_back(field, known_role ? value : Walk(value, marked.mark, is_answer));
    }
    list.push_back(Value::MakeDict(std::move(entries), nullptr));
  }
  marked.messages = Value::List(std::move(list));
  return marked;
}

GuardedText ControlTokenGuard::Unmark(std::string_view rendered, std::string_view mark) {
  GuardedText guarded;
  size_t from = 0;
  for (size_t at = rendered.find(mark); at != std::string_view::npos; at = rendered.find(mark, from)) {
    guarded.text += rendered.substr(from, at - from);
    guarded.literal.push_back(guarded.text.size());
    from = at + mark.size();
  }
  guarded.text += rendered.substr(from);
  return guarded;
}

}  // namespace candor
