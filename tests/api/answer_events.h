// Events of a job, made by hand and at random.
#ifndef CANDOR_TESTS_API_ANSWER_EVENTS_H_
#define CANDOR_TESTS_API_ANSWER_EVENTS_H_

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ipc/messages.h"

namespace candor {

inline OutputToken Token(TokenId id, TokenRole role, std::string bytes, double logprob) {
  return {.id = id, .role = role, .forced = false, .logprob = logprob, .bytes = std::move(bytes), .top = {}};
}
inline JobOutput Said(TokenRole role, std::string text) {
  return {.tokens = {}, .texts = {{role, std::move(text), 0, {}}}};
}
inline JobFinished Ended(FinishReason reason, uint32_t prompt = 10, uint32_t generated = 4) {
  JobFinished finished;
  finished.reason = reason;
  finished.usage.prompt_tokens = prompt;
  finished.usage.generated_tokens = generated;
  return finished;
}

// The events of one answer: thoughts, text and calls in any order, divided anywhere, tokens ahead of their text.
inline std::vector<JobEvent> RandomAnswer(uint32_t choice, std::mt19937& random) {
  const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  const std::vector<std::string> texts = {"a", "é", "\n", "\"x\"", "\\", "</think>", "😀", "{\"k\":", ""};
  const std::vector<std::string> bytes = {"a", "\xc3", "\xa9", "<|x|>", "", "\xf0\x9f"};
  std::vector<JobEvent> events;
  if (pick(2) == 0) events.push_back({.choice = choice, .what = JobStarted{.prompt_tokens = 7}});
  uint32_t call = 0;
  JobFinished finished;
  finished.reason = static_cast<FinishReason>(pick(4));
  finished.usage.prompt_tokens = 7;
  finished.usage.cached_tokens = pick(8);
  for (uint32_t n = pick(12); n > 0; --n) {
    JobOutput output;
    for (uint32_t k = pick(4); k > 0; --k) {
      const auto role = static_cast<TokenRole>(pick(4));
      output.tokens.push_back(Token(static_cast<TokenId>(pick(1000)), role, bytes[pick(6)], -0.1 * pick(100)));
      if (pick(5) == 0) output.tokens.back().logprob.reset();
      for (uint32_t t = pick(3); t > 0; --t) output.tokens.back().top.push_back({3, "x", -1.5});
      finished.usage.reasoning_tokens += role == TokenRole::kReasoning;
      ++finished.usage.generated_tokens;
    }
    for (uint32_t k = pick(4); k > 0; --k) {
      TextPiece piece{static_cast<TokenRole>(pick(3)), texts[pick(9)], 0, {}};
      if (piece.role == TokenRole::kToolCall) {
        if (pick(3) == 0) ++call;
        piece.call = call;
        piece.recipient = "functions.f" + std::to_string(call);
      }
      output.texts.push_back(std::move(piece));
    }
    events.push_back({.choice = choice, .what = std::move(output)});
  }
  events.push_back({.choice = choice, .what = std::move(finished)});
  return events;
}

// The events of several answers, each in its order.
inline std::vector<JobEvent> Interleaved(std::vector<std::vector<JobEvent>> answers, std::mt19937& random) {
  std::vector<JobEvent> all;
  for (;;) {
    std::erase_if(answers, [](const auto& events) { return events.empty(); });
    if (answers.empty()) return all;
    auto& events = answers[random() % answers.size()];
    all.push_back(events.front());
    events.erase(events.begin());
  }
}

}  // namespace candor

#endif  // CANDOR_TESTS_API_ANSWER_EVENTS_H_
