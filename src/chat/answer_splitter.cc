#include "chat/answer_splitter.h"

#include <utility>

#include "chat/channel_splitter.h"
#include "chat/mark_splitter.h"

namespace candor {
namespace {

// Everything is answer.
class PlainSplitter : public AnswerSplitter {
 public:
  explicit PlainSplitter(const ThinkingControl& control) : AnswerSplitter(control) {}

 protected:
  TokenRole DoAdd(TokenId, std::string_view bytes, bool forced) override {
    Emit(bytes);
    Count(TokenRole::kAnswer, forced);
    return TokenRole::kAnswer;
  }
  void DoFinish() override {}
};

}  // namespace

TokenRole AnswerSplitter::Add(TokenId token, std::string_view bytes, bool forced, AnswerParts* parts) {
  parts_ = parts;
  const TokenRole role = DoAdd(token, bytes, forced);
  parts_ = nullptr;
  return role;
}

void AnswerSplitter::Finish(AnswerParts* parts) {
  parts_ = parts;
  DoFinish();
  parts_ = nullptr;
}

void AnswerSplitter::Read(const Mark& begun) {
  for (const MarkPart& part : begun) {
    if (const auto* token = std::get_if<TokenId>(&part)) {
      DoAdd(*token, "", true);
    } else {
      // No token of a format has this id.
      DoAdd(-1, std::get<std::string>(part), true);
    }
  }
  sampled_ = reasoning_ = answer_ = 0;
}

void AnswerSplitter::Begin(TokenRole role, std::string recipient) {
  role_ = role;
  if (parts_ != nullptr) parts_->push_back({.role = role, .begins = true, .recipient = std::move(recipient)});
}

void AnswerSplitter::Emit(std::string_view bytes) {
  if (parts_ == nullptr || bytes.empty()) return;
  if (parts_->empty() || parts_->back().role != role_) parts_->push_back({.role = role_});
  parts_->back().bytes += bytes;
}

void AnswerSplitter::Count(TokenRole role, bool forced) {
  ++(role == TokenRole::kReasoning ? reasoning_ : answer_);
  sampled_ += role == TokenRole::kReasoning && !forced;
}

void AnswerSplitter::Uncount(TokenRole role, bool forced) {
  --(role == TokenRole::kReasoning ? reasoning_ : answer_);
  sampled_ -= role == TokenRole::kReasoning && !forced;
}

std::unique_ptr<AnswerSplitter> MakeAnswerSplitter(const ThinkingControl& control) {
  if (std::holds_alternative<MarkFormat>(control.format)) return std::make_unique<MarkSplitter>(control);
  if (std::holds_alternative<ChannelFormat>(control.format)) return std::make_unique<ChannelSplitter>(control);
  return std::make_unique<PlainSplitter>(control);
}

}  // namespace candor
