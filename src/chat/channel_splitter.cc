#include "chat/channel_splitter.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/utf8.h"
#include "chat/harmony_words.h"

namespace candor {
namespace {

constexpr std::string_view kRecipient = "to=";

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

TokenRole RoleOf(const std::string& channel, const std::string& recipient) {
  if (!recipient.empty()) return TokenRole::kToolCall;
  return channel == harmony::kAnalysis ? TokenRole::kReasoning : TokenRole::kAnswer;
}

}  // namespace

ChannelSplitter::ChannelSplitter(const ThinkingControl& control)
    : AnswerSplitter(control), format_(std::get<ChannelFormat>(control.format)) {
  Read(control.begun);
  // What the prompt spells is no text of the answer, and no word goes on from one to the other.
  ReadSection();
  BeginSection(in_channel_);
  header_bytes_ = 0;
}

TokenRole ChannelSplitter::DoAdd(TokenId token, std::string_view bytes, bool forced) {
  if (token == format_.start) {
    GiveUpHeader(false);
    BeginHeader(false);
  } else if (token == format_.channel) {
    if (state_ == State::kHeader) {
      const size_t rest = ReadSection();
      if (rest < section_.size()) Begin(RoleOf(channel_, ""));
      EmitSection(rest);
      Leave(TokenRole::kAnswer);
      channel_.clear();
      BeginSection(true);
    } else {
      BeginHeader(true);
    }
  } else if (format_.constrain && token == *format_.constrain) {
    if (state_ == State::kHeader) type_at_ = std::min(type_at_, section_.size());
  } else if (token == format_.message) {
    if (state_ == State::kHeader) ReadSection();
    if (state_ != State::kText) BeginText();
  } else if (std::find(format_.end.begin(), format_.end.end(), token) != format_.end.end()) {
    GiveUpHeader(false);
    state_ = State::kBetween;
    Forget();
  } else {
    return AddText(bytes, forced);
  }
  return TokenRole::kMark;
}

void ChannelSplitter::DoFinish() { GiveUpHeader(false); }

TokenRole ChannelSplitter::AddText(std::string_view bytes, bool forced) {
  if (state_ == State::kHeader) {
    if (bytes.empty()) return TokenRole::kMark;
    const std::string_view in_header = bytes.substr(0, kMaxHeaderBytes - header_bytes_);
    section_ += in_header;
    section_tokens_.push_back({section_.size(), forced});
    header_bytes_ += in_header.size();
    if (in_header.size() == bytes.size()) return TokenRole::kMark;
    const bool is_counted = GiveUpHeader(true) < section_.size();
    if (!is_counted) Count(role(), forced);
    Emit(bytes.substr(in_header.size()));
    return role();
  }
  if (state_ == State::kBetween) BeginText();
  Emit(bytes);
  Count(role(), forced);
  return role();
}

void ChannelSplitter::BeginHeader(bool at_channel) {
  state_ = State::kHeader;
  header_bytes_ = 0;
  Forget();
  BeginSection(at_channel);
}

void ChannelSplitter::BeginSection(bool is_channel) {
  in_channel_ = is_channel;
  section_.clear();
  type_at_ = std::string::npos;
  section_tokens_.clear();
}

void ChannelSplitter::Forget() {
  Leave(TokenRole::kAnswer);
  channel_.clear();
  recipient_.clear();
}

// Takes the words that a header has off the beginning of its section; returns where the rest begins.
size_t ChannelSplitter::ReadSection() {
  const std::string_view text = section_;
  bool named = false;
  for (size_t at = 0;;) {
    const size_t begin = std::min(text.find_first_not_of(kBlanks, at), text.size());
    size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    if (begin < type_at_) end = std::min(end, type_at_);
    if (begin >= type_at_) return begin;
    const std::string_view word = text.substr(begin, end - begin);
    if (word.starts_with(kRecipient)) {
      const std::string_view name = word.substr(kRecipient.size());
      recipient_ = IsOneOf(name, {harmony::kAssistant, "user", "all"}) ? "" : name;
    } else if (!named && !in_channel_ && word == harmony::kAssistant) {
      named = true;
    } else if (!named && in_channel_ && IsOneOf(word, {harmony::kAnalysis, harmony::kCommentary, harmony::kFinal})) {
      named = true;
      channel_ = word;
    } else {
      return begin;
    }
    at = end;
  }
}

void ChannelSplitter::BeginText() {
  state_ = State::kText;
  Begin(RoleOf(channel_, recipient_), recipient_);
}

// The header ends without its <|message|>: what is no header in it is text. Returns where that begins in the section.
size_t ChannelSplitter::GiveUpHeader(bool text_follows) {
  if (state_ != State::kHeader) return 0;
  const size_t rest = ReadSection();
  // A call without arguments is a call.
  if (rest < section_.size() || text_follows || !recipient_.empty()) BeginText();
  EmitSection(rest);
  return rest;
}

void ChannelSplitter::EmitSection(size_t from) {
  Emit(std::string_view(section_).substr(from));
  for (const HeaderToken& token : section_tokens_) {
    if (token.end > from) Count(role(), token.forced);
  }
}

}  // namespace candor
