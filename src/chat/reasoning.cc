#include "chat/reasoning.h"

#include <algorithm>

namespace candor {
namespace {

struct MarkNames {
  std::string_view open, close;
};
// In the order in which they are looked for; the first are used where a model has none.
constexpr MarkNames kKnownMarks[] = {
    {"<think>", "</think>"}, {"[THINK]", "[/THINK]"}, {"<seed:think>", "</seed:think>"}};

std::optional<TokenId> SpecialToken(const Tokenizer& tokenizer, std::string_view name) {
  const auto id = tokenizer.Find(name);
  return id && tokenizer.IsSpecial(*id) ? id : std::nullopt;
}

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool IsTurnMark(const Tokenizer& tokenizer, TokenId id) { return tokenizer.IsControl(id) && id != tokenizer.bos(); }

PromptEnd EndByTokens(const ReasoningMarks& marks, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  bool text_follows = false;
  for (size_t at = prompt.size(); at-- > 0;) {
    const TokenId id = prompt[at];
    if (id == marks.close) return text_follows ? PromptEnd::kAnswer : PromptEnd::kClosedThought;
    if (id == marks.open) {
      const auto before = prompt.first(at);
      const bool has_turns =
          std::any_of(before.begin(), before.end(), [&](TokenId other) { return IsTurnMark(tokenizer, other); });
      return text_follows && !has_turns ? PromptEnd::kAnswer : PromptEnd::kOpenThought;
    }
    if (IsTurnMark(tokenizer, id)) break;
    text_follows = text_follows || !IsBlank(tokenizer.Bytes(id));
  }
  return PromptEnd::kAnswer;
}

PromptEnd EndByText(const ReasoningMarks& marks, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  // As much of the prompt's end as the longer mark takes, blanks behind it aside.
  const size_t wanted = std::max(marks.open_text.size(), marks.close_text.size());
  std::string end;
  for (size_t at = prompt.size(); at-- > 0 && end.size() < wanted;) {
    if (tokenizer.IsControl(prompt[at])) break;
    end.insert(0, tokenizer.Bytes(prompt[at]));
    end.erase(end.find_last_not_of(" \t\r\n") + 1);
  }
  if (end.ends_with(marks.close_text)) return PromptEnd::kClosedThought;
  return end.ends_with(marks.open_text) ? PromptEnd::kOpenThought : PromptEnd::kAnswer;
}

}  // namespace

ReasoningMarks FindReasoningMarks(const Tokenizer& tokenizer, std::string_view chat_template) {
  for (const auto& [open, close] : kKnownMarks) {
    const auto open_id = SpecialToken(tokenizer, open), close_id = SpecialToken(tokenizer, close);
    if (open_id && close_id) return {open_id, close_id, std::string(open), std::string(close), true};
  }
  for (const auto& [open, close] : kKnownMarks) {
    if (chat_template.find(close) != std::string_view::npos) {
      return {std::nullopt, std::nullopt, std::string(open), std::string(close), true};
    }
  }
  return {std::nullopt, std::nullopt, std::string(kKnownMarks[0].open), std::string(kKnownMarks[0].close), false};
}

PromptEnd ThoughtAtEnd(const ReasoningMarks& marks, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  return marks.close ? EndByTokens(marks, tokenizer, prompt) : EndByText(marks, tokenizer, prompt);
}

std::string ThinkingInstruction(const ReasoningMarks& marks) {
  return "First think step by step about the question. Write your thoughts between " + marks.open_text + " and " +
         marks.close_text + ". After " + marks.close_text + " give the answer.";
}

void AskToThink(const ReasoningMarks& marks, std::vector<Message>& messages) {
  std::string instruction = ThinkingInstruction(marks);
  if (messages.empty() || messages[0].role != "system") {
    messages.insert(messages.begin(), Message{.role = "system", .content = std::move(instruction)});
    return;
  }
  Message& system = messages[0];
  system.content = system.content.value_or("").empty() ? instruction : *system.content + "\n\n" + instruction;
}

}  // namespace candor
