#include "chat/reasoning.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "chat/answer_splitter.h"
#include "chat/harmony_words.h"

namespace candor {
namespace {

// TOKEN, TOKEN LABEL or TOKEN LABEL TOKEN: the label is text between or behind tokens.
struct KnownMark {
  std::string_view token;
  std::string_view label = "";
  std::string_view last_token = "";

  std::string Text() const { return std::string(token) + std::string(label) + std::string(last_token); }
};

struct KnownMarks {
  KnownMark open, close;
  std::string_view behind_close;  // what a forced close puts between the mark and the answer
  std::string_view around = "";   // what models write between the marks and a thought's text
  std::array<KnownMark, 2> left_out = {};
};

// In the order in which they are looked for; the first are lent to a model that has none.
constexpr KnownMarks kKnownMarks[] = {
    {{"<think>"}, {"</think>"}, "\n\n", "\n"},
    {{"[THINK]"}, {"[/THINK]"}, ""},
    {{"<seed:think>"}, {"</seed:think>"}, ""},
    {{"◁think▷"}, {"◁/think▷"}, ""},
    {{"<|START_THINKING|>"}, {"<|END_THINKING|>"}, ""},
    {{"<|inner_prefix|>"}, {"<|inner_suffix|>"}, ""},
    {{"<|channel>", "thought\n"}, {"<channel|>"}, ""},
    {{"<|open|>", "think", "<|sep|>"},
     {"<|close|>", "think", "<|sep|>"},
     "<|open|>response<|sep|>",
     "",
     {{{"<|open|>", "response", "<|sep|>"}, {"<|close|>", "response", "<|sep|>"}}}},
};

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::optional<TokenId> SpecialToken(const Tokenizer& tokenizer, std::string_view name) {
  const auto id = tokenizer.Find(name);
  return id && tokenizer.IsSpecial(*id) ? id : std::nullopt;
}

// The mark in tokens; empty where the vocabulary has not all of them.
Mark MarkOfTokens(const Tokenizer& tokenizer, const KnownMark& known) {
  const auto token = SpecialToken(tokenizer, known.token);
  if (!token) return {};
  Mark mark = {*token};
  if (!known.label.empty()) mark.emplace_back(std::string(known.label));
  if (known.last_token.empty()) return mark;
  const auto last = SpecialToken(tokenizer, known.last_token);
  if (!last) return {};
  mark.emplace_back(*last);
  return mark;
}

std::optional<MarkFormat> MarksOfTokens(const Tokenizer& tokenizer, const KnownMarks& known) {
  MarkFormat format{MarkOfTokens(tokenizer, known.open), MarkOfTokens(tokenizer, known.close)};
  if (format.open.empty() || format.close.empty()) return std::nullopt;
  for (const KnownMark& mark : known.left_out) {
    if (!mark.token.empty()) format.left_out.push_back(MarkOfTokens(tokenizer, mark));
  }
  return format;
}

ReasoningFormat WithMarks(const KnownMarks& known, MarkFormat format, bool is_own) {
  const std::string open = known.open.Text(), close = known.close.Text();
  return {.format = std::move(format),
          .open_text = open,
          .close_text = close,
          .forced_close = close + std::string(known.behind_close),
          .around_thought = std::string(known.around),
          .in_messages = {open, close},
          .is_own = is_own};
}
ReasoningFormat WithTextMarks(const KnownMarks& known, bool is_own) {
  return WithMarks(known, {.open = {known.open.Text()}, .close = {known.close.Text()}}, is_own);
}

std::optional<ChannelFormat> Channels(const Tokenizer& tokenizer) {
  const auto start = SpecialToken(tokenizer, harmony::kStart), channel = SpecialToken(tokenizer, harmony::kChannel),
             message = SpecialToken(tokenizer, harmony::kMessage), end = SpecialToken(tokenizer, harmony::kEnd);
  if (!start || !channel || !message || !end) return std::nullopt;
  ChannelFormat format{*start, *channel, *message, {*end}, SpecialToken(tokenizer, harmony::kConstrain)};
  for (const std::string_view name : {harmony::kReturn, harmony::kCall}) {
    if (const auto token = SpecialToken(tokenizer, name)) format.end.push_back(*token);
  }
  return format;
}

// What begins the text of a message of the answer, behind <|start|>assistant.
std::string OnChannel(std::string_view channel) {
  return std::string(harmony::kChannel).append(channel).append(harmony::kMessage);
}

ReasoningFormat WithChannels(const ChannelFormat& format) {
  return {.format = format,
          .open_text = OnChannel(harmony::kAnalysis),
          .close_text = std::string(harmony::kEnd),
          .forced_close = std::string(harmony::kEnd)
                              .append(harmony::kStart)
                              .append(harmony::kAssistant)
                              .append(OnChannel(harmony::kFinal)),
          .open_answer = OnChannel(harmony::kFinal),
          .in_messages = {},
          .is_own = true};
}

// Control tokens that begin a turn or end one. BOS and those of marks do not.
bool IsTurnMark(const Tokenizer& tokenizer, const MarkFormat& marks, TokenId id) {
  if (!tokenizer.IsControl(id) || id == tokenizer.bos()) return false;
  const auto holds = [id](const Mark& mark) { return std::ranges::find(mark, MarkPart(id)) != mark.end(); };
  return !holds(marks.open) && !holds(marks.close) && std::ranges::none_of(marks.left_out, holds);
}

PromptEnd EndByTokens(const MarkFormat& marks, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  size_t turn = prompt.size();
  while (turn > 0 && !IsTurnMark(tokenizer, marks, prompt[turn - 1])) --turn;
  const std::unique_ptr<AnswerSplitter> splitter = MakeAnswerSplitter({.format = marks});
  bool marked = false, text_follows = false;
  for (const TokenId id : prompt.subspan(turn)) {
    const std::string_view bytes = SpelledBytes(tokenizer, id);
    const bool is_mark = splitter->Add(id, bytes, true) == TokenRole::kMark;
    marked = marked || is_mark;
    text_follows = !is_mark && (text_follows || !IsBlank(bytes));
  }
  if (splitter->inside()) return text_follows && turn == 0 ? PromptEnd::kAnswer : PromptEnd::kOpenThought;
  return marked && !text_follows ? PromptEnd::kClosedThought : PromptEnd::kAnswer;
}

PromptEnd EndByText(const ReasoningFormat& format, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  // As much of the prompt's end as the longer mark takes, blanks behind it aside.
  const size_t wanted = std::max(format.open_text.size(), format.close_text.size());
  std::string end;
  for (size_t at = prompt.size(); at-- > 0 && end.size() < wanted;) {
    if (tokenizer.IsControl(prompt[at])) break;
    end.insert(0, tokenizer.Bytes(prompt[at]));
    end.erase(end.find_last_not_of(kBlanks) + 1);
  }
  if (end.ends_with(format.close_text)) return PromptEnd::kClosedThought;
  return end.ends_with(format.open_text) ? PromptEnd::kOpenThought : PromptEnd::kAnswer;
}

// The last message of the prompt, which the answer goes on with: its header, and that its text has begun.
PromptState StateOfMessage(const ChannelFormat& format, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  const auto start = std::find(prompt.rbegin(), prompt.rend(), format.start);
  if (start == prompt.rend()) return {};
  const auto message = prompt.subspan(static_cast<size_t>(prompt.rend() - start) - 1);
  PromptState state;
  size_t bytes = 0;
  bool in_text = false;
  for (const TokenId id : message) {
    if (std::ranges::find(format.end, id) != format.end.end()) return {};
    if (in_text) continue;
    in_text = id == format.message;
    const std::string_view spelled = SpelledBytes(tokenizer, id);
    const bool is_part =
        in_text || id == format.start || id == format.channel || (format.constrain && id == *format.constrain);
    if (is_part) {
      state.begun.emplace_back(id);
    } else if (std::holds_alternative<std::string>(state.begun.back())) {
      std::get<std::string>(state.begun.back()) += spelled;
    } else {
      state.begun.emplace_back(std::string(spelled));
    }
    bytes += is_part ? 0 : spelled.size();
    if (bytes > kMaxMarkBytes || state.begun.size() > kMaxMarkParts) return {};
  }
  if (!in_text) return state;
  const bool thinks = MakeAnswerSplitter({.format = format, .begun = state.begun})->inside();
  state.end = thinks ? PromptEnd::kOpenThought : PromptEnd::kClosedThought;
  return state;
}

}  // namespace

ReasoningFormat FindReasoningFormat(const Tokenizer& tokenizer, std::string_view chat_template) {
  const auto is_written = [&](std::string_view token) { return Contains(chat_template, token); };
  if (const auto channels = Channels(tokenizer); channels && (chat_template.empty() || is_written(harmony::kChannel))) {
    return WithChannels(*channels);
  }
  const KnownMarks* found = nullptr;
  for (const KnownMarks& known : kKnownMarks) {
    if (!MarksOfTokens(tokenizer, known)) continue;
    const bool written = is_written(known.close.token) && is_written(known.open.token);
    if (found == nullptr || written) found = &known;
    if (written) break;
  }
  if (found != nullptr) return WithMarks(*found, *MarksOfTokens(tokenizer, *found), true);
  for (const KnownMarks& known : kKnownMarks) {
    if (is_written(known.close.Text())) return WithTextMarks(known, true);
  }
  return WithTextMarks(kKnownMarks[0], false);
}

PromptState StateAtEnd(const ReasoningFormat& format, const Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  if (const auto* channels = std::get_if<ChannelFormat>(&format.format)) {
    return StateOfMessage(*channels, tokenizer, prompt);
  }
  const MarkFormat& marks = std::get<MarkFormat>(format.format);
  PromptState state;
  state.end = std::holds_alternative<TokenId>(marks.open[0]) ? EndByTokens(marks, tokenizer, prompt)
                                                             : EndByText(format, tokenizer, prompt);
  if (state.end == PromptEnd::kOpenThought) state.begun = marks.open;
  return state;
}

std::string ThinkingInstruction(const ReasoningFormat& format) {
  return "First think step by step about the question. Write your thoughts between " + format.open_text + " and " +
         format.close_text + ". After " + format.close_text + " give the answer.";
}

jinja::Value AskToThink(const ReasoningFormat& format, const jinja::Value& messages) {
  const std::string instruction = ThinkingInstruction(format);
  std::vector<jinja::Value> list = messages.items();
  const auto text_of = [](const jinja::Value* value) {
    return value != nullptr && value->is_string() ? std::string(value->utf8()) : std::string();
  };
  if (list.empty() || text_of(list[0].dict().Find("role", nullptr)) != "system") {
    const Message system{.role = "system", .content = instruction};
    list.insert(list.begin(), TemplateMessages({system}).items()[0]);
    return jinja::Value::List(std::move(list));
  }
  std::vector<jinja::Dict::Entry> entries;
  for (const auto& [field, value] : list[0].dict().entries()) {
    if (field.utf8() != "content") entries.emplace_back(field, value);
  }
  const jinja::Value* content = list[0].dict().Find("content", nullptr);
  if (content != nullptr && content->is(jinja::Kind::kList)) {
    std::vector<jinja::Value> parts = content->items();
    const auto text = [](std::string_view word) { return jinja::Value::String(std::string(word)); };
    parts.push_back(jinja::Value::MakeDict({{text("type"), text("text")}, {text("text"), text(instruction)}}, nullptr));
    entries.emplace_back(text("content"), jinja::Value::List(std::move(parts)));
  } else {
    const std::string told = text_of(content);
    entries.emplace_back(jinja::Value::String("content"),
                         jinja::Value::String(told.empty() ? instruction : told + "\n\n" + instruction));
  }
  list[0] = jinja::Value::MakeDict(std::move(entries), nullptr);
  return jinja::Value::List(std::move(list));
}

void FitHistory(const ReasoningFormat& format, std::vector<Message>& messages) {
  if (!std::holds_alternative<ChannelFormat>(format.format)) return;
  for (Message& message : messages) {
    if (message.tool_calls.empty()) continue;
    std::string content = std::exchange(message.content, "").value_or("");
    std::string& thought = message.reasoning_content ? *message.reasoning_content : message.reasoning_content.emplace();
    if (!content.empty()) thought += (thought.empty() ? "" : "\n\n") + content;
    if (thought.empty()) message.reasoning_content.reset();
  }
}

}  // namespace candor
