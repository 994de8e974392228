#include "api/answer_tally.h"

#include <algorithm>
#include <utility>

namespace candor {

bool AnswerTally::Begin(size_t choice) {
  begun_ = true;
  return !std::exchange(choices_[choice].begun, true);
}

void AnswerTally::Count(size_t choice, const JobOutput& output) {
  for (const OutputToken& token : output.tokens) choices_[choice].reasoning_seen += token.role == TokenRole::kReasoning;
}

void AnswerTally::Finish(size_t choice, const JobFinished& finished, bool counts_prompt) {
  if (finished.reason == FinishReason::kCancelled) {
    Fail({.status = 503, .type = "server_error", .message = "the answer was cancelled", .code = "cancelled"});
    return;
  }
  choices_[choice].ended = true;
  ++ended_;
  const Usage& usage = finished.usage;
  const uint32_t prefix = std::min(finished.prefix_tokens, usage.generated_tokens);
  completion_ += usage.generated_tokens - prefix;
  // Reasoning that the client brought is not among what was generated now.
  reasoning_ +=
      prefix == 0 ? usage.reasoning_tokens : std::min(usage.reasoning_tokens, choices_[choice].reasoning_seen);
  forced_ += usage.forced_tokens - std::min(prefix, usage.forced_tokens);
  if (counts_prompt) {
    prompt_ += usage.prompt_tokens + prefix;
    cached_ += std::min(usage.cached_tokens, usage.prompt_tokens);
    prefix_ += prefix;
    if (!divergence_) divergence_ = finished.divergence;
    times_.prompt_tokens += usage.prompt_tokens;
    times_.cached_tokens += std::min(usage.cached_tokens, usage.prompt_tokens);
  }
  times_.first_token_seconds =
      ended_ == 1 ? usage.first_token_seconds : std::min(times_.first_token_seconds, usage.first_token_seconds);
  times_.prefill_seconds = std::max(times_.prefill_seconds, usage.prefill_seconds);
  times_.decode_seconds = std::max(times_.decode_seconds, usage.decode_seconds);
  times_.generated_tokens += usage.generated_tokens - prefix;
}

void AnswerTally::Fail(ApiError error) {
  if (!error_) error_ = std::move(error);
}

void AnswerTally::WriteUsage(JsonWriter& json) const {
  json.BeginObject();
  json.Member("prompt_tokens", prompt_).Member("completion_tokens", completion_);
  json.Member("total_tokens", prompt_ + completion_);
  json.Key("prompt_tokens_details").BeginObject().Member("cached_tokens", cached_).EndObject();
  json.Key("completion_tokens_details").BeginObject().Member("reasoning_tokens", reasoning_).EndObject();
  json.Member("prompt_cache_hit_tokens", cached_).Member("prompt_cache_miss_tokens", prompt_ - cached_);
  json.EndObject();
}

void AnswerTally::WriteCandor(uint64_t seed, JsonWriter& json) const {
  json.BeginObject().Member("seed", seed).Member("reused_tokens", cached_);
  json.Key("divergence");
  if (divergence_) {
    json.BeginObject().Member("position", divergence_->position).Member("cached", divergence_->cached);
    json.Member("given", divergence_->given).EndObject();
  } else {
    json.Value(nullptr);
  }
  json.Member("prefix_tokens", prefix_).Member("forced_tokens", forced_);
  json.Key("timings").BeginObject();
  json.Member("first_token_seconds", times_.first_token_seconds).Member("prefill_seconds", times_.prefill_seconds);
  json.Member("decode_seconds", times_.decode_seconds);
  json.Member("prefill_tokens_per_second", times_.prefill_rate());
  json.Member("decode_tokens_per_second", times_.decode_rate());
  json.EndObject().EndObject();
}

const char* FinishWord(FinishReason reason) {
  return reason == FinishReason::kMaxTokens || reason == FinishReason::kContextFull ? "length" : "stop";
}

}  // namespace candor
