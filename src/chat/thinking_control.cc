#include "chat/thinking_control.h"

#include <algorithm>

#include "base/error.h"
#include "chat/answer_splitter.h"
#include "chat/harmony_words.h"

namespace candor {
namespace {

void CheckToken(const std::string& field, TokenId token, const Tokenizer& tokenizer) {
  if (token < 0 || static_cast<size_t>(token) >= tokenizer.vocabulary_size()) {
    throw UsageError("thinking." + field + ": token " + std::to_string(token) + " is outside 0 to " +
                     std::to_string(tokenizer.vocabulary_size() - 1));
  }
}

void CheckMark(const std::string& field, const Mark& mark, const Tokenizer& tokenizer) {
  if (mark.size() > kMaxMarkParts) {
    throw UsageError("thinking." + field + ": " + std::to_string(mark.size()) + " parts, at most " +
                     std::to_string(kMaxMarkParts));
  }
  size_t bytes = 0;
  for (const MarkPart& part : mark) {
    if (const auto* token = std::get_if<TokenId>(&part)) {
      CheckToken(field, *token, tokenizer);
    } else {
      bytes += std::get<std::string>(part).size();
    }
  }
  if (bytes > kMaxMarkBytes) {
    throw UsageError("thinking." + field + ": a text of " + std::to_string(bytes) + " bytes, at most " +
                     std::to_string(kMaxMarkBytes));
  }
}

bool BeginsWithToken(const Mark& mark) { return !mark.empty() && std::holds_alternative<TokenId>(mark[0]); }
bool BeginsWithText(const Mark& mark) {
  const auto* text = mark.empty() ? nullptr : std::get_if<std::string>(&mark[0]);
  return text != nullptr && !text->empty();
}

void CheckMarks(const MarkFormat& format, const Tokenizer& tokenizer) {
  CheckMark("open", format.open, tokenizer);
  CheckMark("close", format.close, tokenizer);
  const bool tokens = BeginsWithToken(format.open) && BeginsWithToken(format.close);
  if (!tokens && !(BeginsWithText(format.open) && BeginsWithText(format.close))) {
    throw UsageError("thinking.open, thinking.close: both must begin with a token, or both with text");
  }
  if (format.left_out.size() > kMaxMarksLeftOut) {
    throw UsageError("thinking.left_out: " + std::to_string(format.left_out.size()) + " marks, at most " +
                     std::to_string(kMaxMarksLeftOut));
  }
  for (const Mark& mark : format.left_out) {
    CheckMark("left_out", mark, tokenizer);
    if (!tokens || !BeginsWithToken(mark)) throw UsageError("thinking.left_out: must begin with a token, as all marks");
  }
}

void CheckChannels(const ChannelFormat& format, const Tokenizer& tokenizer) {
  for (const auto& [field, token] :
       {std::pair("start", format.start), std::pair("channel", format.channel), std::pair("message", format.message)}) {
    CheckToken(field, token, tokenizer);
  }
  if (format.end.empty() || format.end.size() > kMaxMarksLeftOut) {
    throw UsageError("thinking.end: " + std::to_string(format.end.size()) + " tokens, 1 to " +
                     std::to_string(kMaxMarksLeftOut) + " expected");
  }
  for (const TokenId token : format.end) CheckToken("end", token, tokenizer);
  if (format.constrain) CheckToken("constrain", *format.constrain, tokenizer);
}

}  // namespace

std::string_view SpelledBytes(const Tokenizer& tokenizer, TokenId token) {
  return tokenizer.IsControl(token) ? std::string_view() : tokenizer.Bytes(token);
}

Mark OpeningOf(const AnswerFormat& format) {
  if (const auto* marks = std::get_if<MarkFormat>(&format)) return marks->open;
  if (const auto* channels = std::get_if<ChannelFormat>(&format)) {
    return {channels->start, std::string(harmony::kAssistant), channels->channel, std::string(harmony::kAnalysis),
            channels->message};
  }
  return {};
}

void ValidateThinking(const ThinkingControl& control, const Tokenizer& tokenizer) {
  for (const TokenId token : control.forced_close) CheckToken("forced_close", token, tokenizer);
  CheckMark("begun", control.begun, tokenizer);
  if (const auto* marks = std::get_if<MarkFormat>(&control.format)) {
    CheckMarks(*marks, tokenizer);
  } else if (const auto* channels = std::get_if<ChannelFormat>(&control.format)) {
    CheckChannels(*channels, tokenizer);
  } else {
    if (!control.begun.empty()) throw UsageError("thinking.begun: needs a format");
    return;
  }
  if (!control.budget && !control.end_closes) return;
  // What is forced must really close a thought, or it would be forced again and again.
  ThinkingControl open = control;
  open.begun = OpeningOf(control.format);
  const std::unique_ptr<AnswerSplitter> splitter = MakeAnswerSplitter(open);
  for (const TokenId token : control.forced_close) splitter->Add(token, SpelledBytes(tokenizer, token), true);
  if (splitter->inside()) {
    throw UsageError("thinking.forced_close: must close a thought when there is a budget, or an end token does");
  }
}

}  // namespace candor
