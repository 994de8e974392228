#include "cli/statistics.h"

#include <cstdio>

namespace candor {
namespace {

std::string Format(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

const char* WhyEarly(FinishReason reason) {
  switch (reason) {
    case FinishReason::kMaxTokens:
      return "; cut off by the token limit";
    case FinishReason::kContextFull:
      return "; cut off: the context is full";
    case FinishReason::kCancelled:
      return "; stopped";
    default:
      return "";
  }
}

}  // namespace

std::string StatisticsLine(const Usage& usage, FinishReason reason, uint64_t seed, uint32_t choice) {
  std::string line = std::to_string(usage.prompt_tokens) + " prompt";
  if (usage.cached_tokens > 0) line += " (" + std::to_string(usage.cached_tokens) + " cached)";
  line += ", " + std::to_string(usage.reasoning_tokens) + " reasoning, " + std::to_string(usage.answer_tokens) +
          " answer tokens";
  if (usage.generated_tokens > 0) line += "; first token " + Format("%.2f s", usage.first_token_seconds);
  if (usage.decode_rate() > 0) line += "; " + Format("%.1f tokens/s", usage.decode_rate());
  line += "; seed " + std::to_string(seed);
  if (choice > 0) line += ", choice " + std::to_string(choice);
  if (reason == FinishReason::kEndToken && usage.answer_tokens == 0) line += "; the model gave no answer";
  return line + WhyEarly(reason);
}

const char* FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEndToken:
      return "end";
    case FinishReason::kStopString:
      return "stop";
    case FinishReason::kMaxTokens:
      return "length";
    case FinishReason::kContextFull:
      return "context";
    case FinishReason::kCancelled:
      return "cancelled";
  }
  return "";
}

std::string ContextWarning(uint32_t used, uint32_t limit) {
  if (used >= limit) return "the context is full (" + std::to_string(limit) + " tokens): /reset begins again";
  if (uint64_t{used} * 5 < uint64_t{limit} * 4) return "";
  return std::to_string(used) + " of " + std::to_string(limit) +
         " tokens of context used: " + std::to_string(limit - used) +
         " left for questions and answers; /reset begins again";
}

}  // namespace candor
