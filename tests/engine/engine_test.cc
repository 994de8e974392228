#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/error.h"
#include "engine/fakes.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr size_t kVocabulary = 50;
constexpr TokenId kOpen = 40, kClose = 41, kEnd = 49;

FakeTokenizer MakeTokenizer() {
  std::vector<std::string> pieces;
  for (size_t i = 0; i < kVocabulary; ++i) pieces.push_back(std::string(1 + i % 3, 't'));
  return FakeTokenizer(std::move(pieces));
}

// A next token that depends on all tokens before and is never special: 0 to 39.
TokenId Mix(const std::vector<TokenId>& tokens) {
  uint32_t hash = 17;
  for (const TokenId token : tokens) hash = hash * 31 + static_cast<uint32_t>(token) + 1;
  return static_cast<TokenId>(hash >> 8) % 40;
}

struct Answer {
  std::vector<TokenId> tokens;
  std::vector<TokenRole> roles;
  std::vector<bool> forced;
  std::vector<TokenOutput> outputs;
  std::vector<uint32_t> progress;
  std::optional<FinishReason> reason;
  std::string error;
  Usage usage;
  int ends = 0;
};

class EngineTest : public ::testing::Test {
 protected:
  void Make(FakeRunner::Choose choose, EngineOptions options = {}, std::vector<uint32_t> windows = {0, 70}) {
    auto runner = std::make_unique<FakeRunner>(kVocabulary, 1000, std::move(windows), std::move(choose));
    runner_ = runner.get();
    answers_.clear();
    engine_ = std::make_unique<Engine>(std::move(runner), tokenizer_, *AvailableKernels()[0], options);
  }
  static Request Greedy(size_t prompt, uint32_t max_tokens) {
    Request request;
    for (size_t i = 0; i < prompt; ++i) request.prompt.push_back(static_cast<TokenId>(i * 7 % 40));
    request.sampling.temperature = 0;
    request.max_tokens = max_tokens;
    return request;
  }
  void Take(const std::vector<Event>& events) {
    for (const Event& event : events) {
      Answer& answer = answers_[event.request];
      EXPECT_EQ(answer.ends, 0) << "an event after the last";
      if (const auto* token = std::get_if<TokenOutput>(&event.what)) {
        answer.tokens.push_back(token->token);
        answer.roles.push_back(token->role);
        answer.forced.push_back(token->forced);
        answer.outputs.push_back(*token);
      } else if (const auto* progress = std::get_if<PrefillProgress>(&event.what)) {
        EXPECT_TRUE(answer.tokens.empty());
        answer.progress.push_back(progress->done);
      } else if (const auto* finished = std::get_if<Finished>(&event.what)) {
        answer.reason = finished->reason;
        answer.usage = finished->usage;
        ++answer.ends;
      } else if (const auto* failed = std::get_if<Failed>(&event.what)) {
        answer.error = failed->message;
        ++answer.ends;
      }
    }
  }
  void RunToEnd() {
    for (int steps = 0; !engine_->idle(); ++steps) {
      ASSERT_LT(steps, 100000);
      Take(engine_->Step());
    }
  }
  Answer Ask(Request request) {
    const RequestId id = engine_->Submit(std::move(request));
    RunToEnd();
    return answers_[id];
  }
  // What a model that answers by `choose` says to `prompt`, worked out without an engine.
  static std::vector<TokenId> Direct(const FakeRunner::Choose& choose, std::vector<TokenId> tokens, size_t count) {
    const size_t prompt = tokens.size();
    while (tokens.size() < prompt + count) tokens.push_back(choose(tokens));
    return {tokens.begin() + static_cast<ptrdiff_t>(prompt), tokens.end()};
  }

  FakeTokenizer tokenizer_ = MakeTokenizer();
  FakeRunner* runner_ = nullptr;
  std::unique_ptr<Engine> engine_;
  std::map<RequestId, Answer> answers_;
};

TEST_F(EngineTest, AnswersARequestAndReportsItsPrefill) {
  Make(Mix, {.chunk = 100});
  const Request request = Greedy(250, 30);
  const Answer answer = Ask(request);
  EXPECT_EQ(answer.tokens, Direct(Mix, request.prompt, 30));
  EXPECT_THAT(answer.progress, ElementsAre(100, 200, 250));
  EXPECT_EQ(answer.reason, FinishReason::kMaxTokens);
  EXPECT_EQ(answer.usage.prompt_tokens, 250u);
  EXPECT_EQ(answer.usage.answer_tokens, 30u);
  EXPECT_EQ(answer.usage.generated_tokens, 30u);
  EXPECT_GT(answer.usage.prefill_seconds, 0);
  EXPECT_GE(answer.usage.first_token_seconds, answer.usage.prefill_seconds * 0.5);
  EXPECT_GT(answer.usage.decode_seconds, 0);
  EXPECT_EQ(engine_->kv_bytes_used(), 0u);
}

TEST_F(EngineTest, TheLastTokenIsNotComputed) {
  Make(Mix);
  Ask(Greedy(10, 3));
  EXPECT_EQ(runner_->steps, (std::vector<uint32_t>{10, 1, 1}));
}

TEST_F(EngineTest, EndTokenEndsTheAnswerAsAMark) {
  Make([](const std::vector<TokenId>& tokens) { return tokens.size() < 14 ? 3 : kEnd; });
  Request request = Greedy(10, 100);
  request.end_tokens = {kEnd};
  const Answer answer = Ask(request);
  EXPECT_THAT(answer.tokens, ElementsAre(3, 3, 3, 3, kEnd));
  EXPECT_EQ(answer.roles.back(), TokenRole::kMark);
  EXPECT_EQ(answer.reason, FinishReason::kEndToken);
  EXPECT_EQ(answer.usage.answer_tokens, 4u);
  EXPECT_EQ(answer.usage.generated_tokens, 5u);
}

TEST_F(EngineTest, EndsWhenTheContextIsFull) {
  Make(Mix, {.context = 20});
  Request request = Greedy(15, 1);
  request.max_tokens.reset();
  const Answer answer = Ask(request);
  EXPECT_EQ(answer.tokens.size(), 5u);
  EXPECT_EQ(answer.reason, FinishReason::kContextFull);
}

// The one-answer promise, as far as the engine goes: chunks, company and memory change nothing.
TEST_F(EngineTest, AnswersDoNotDependOnChunksCompanyOrMemory) {
  const size_t prompts[] = {1, 63, 64, 65, 130, 200, 7};
  std::vector<std::vector<TokenId>> expected;
  for (const size_t prompt : prompts) expected.push_back(Direct(Mix, Greedy(prompt, 1).prompt, 90));
  for (const uint32_t chunk : {1u, 7u, 64u, 512u}) {
    for (const uint32_t max_sequences : {1u, 3u, 64u}) {
      for (const uint64_t pages : {8u, 12u, 100u}) {
        EngineOptions options{.context = 300, .chunk = chunk, .max_sequences = max_sequences};
        // At least what one context takes; a window of 70 takes more with a larger chunk.
        options.kv_bytes = (pages + std::min(chunk, 300u) / 64) * kPagePositions * sizeof(TokenId);
        Make(Mix, options);
        std::vector<RequestId> ids;
        for (const size_t prompt : prompts) ids.push_back(engine_->Submit(Greedy(prompt, 90)));
        RunToEnd();
        for (size_t i = 0; i < ids.size(); ++i) {
          EXPECT_EQ(answers_[ids[i]].tokens, expected[i]) << chunk << " " << max_sequences << " " << pages;
          EXPECT_EQ(answers_[ids[i]].progress.back(), prompts[i]);
          EXPECT_TRUE(std::is_sorted(answers_[ids[i]].progress.begin(), answers_[ids[i]].progress.end()));
        }
        EXPECT_EQ(engine_->kv_bytes_used(), 0u);
        const uint32_t most = *std::max_element(runner_->steps.begin(), runner_->steps.end());
        EXPECT_LE(most, chunk + max_sequences);
      }
    }
  }
}

TEST_F(EngineTest, SampledAnswerDependsOnSeedAndChoiceAlone) {
  const auto draw = [&](uint64_t seed, uint32_t choice, uint32_t chunk) {
    Make(Mix, {.chunk = chunk});
    Request request = Greedy(100, 40);
    request.sampling.temperature = 10;
    request.sampling.top_p = 1;
    request.seed = seed;
    request.choice = choice;
    engine_->Submit(Greedy(20, 10));
    return Ask(request).tokens;
  };
  const auto tokens = draw(1, 0, 512);
  EXPECT_EQ(tokens, draw(1, 0, 7));
  EXPECT_NE(tokens, draw(2, 0, 512));
  EXPECT_NE(tokens, draw(1, 1, 512));
}

TEST_F(EngineTest, CancelEndsARequestAndLeavesTheOthers) {
  Make(Mix);
  const RequestId first = engine_->Submit(Greedy(10, 50));
  const RequestId second = engine_->Submit(Greedy(20, 50));
  Take(engine_->Step());
  engine_->Cancel(first);
  engine_->Cancel(first);
  engine_->Cancel(777);
  RunToEnd();
  EXPECT_EQ(answers_[first].reason, FinishReason::kCancelled);
  EXPECT_EQ(answers_[first].tokens.size(), 1u);
  EXPECT_EQ(answers_[second].tokens, Direct(Mix, Greedy(20, 1).prompt, 50));
  EXPECT_EQ(engine_->kv_bytes_used(), 0u);
}

TEST_F(EngineTest, CancelOfAWaitingRequestIsReported) {
  Make(Mix, {.max_sequences = 1});
  engine_->Submit(Greedy(10, 5));
  const RequestId waiting = engine_->Submit(Greedy(10, 5));
  engine_->Cancel(waiting);
  RunToEnd();
  EXPECT_EQ(answers_[waiting].reason, FinishReason::kCancelled);
  EXPECT_EQ(answers_[waiting].usage.prompt_tokens, 10u);
}

// Opens a thought, then thinks for ever; after the mark it answers for ever.
TokenId Thinker(const std::vector<TokenId>& tokens) {
  if (tokens.size() == 10) return kOpen;
  return std::count(tokens.begin(), tokens.end(), kClose) > 0 ? 5 : 6;
}

Request Thinking(Request request, std::optional<uint32_t> budget) {
  request.thinking.format = MarkFormat{{kOpen}, {kClose}};
  request.thinking.budget = budget;
  request.thinking.forced_close = {30, kClose, 31};
  return request;
}

TEST_F(EngineTest, AConversationThatGoesOnIsNotReadAgain) {
  for (const std::vector<uint32_t>& windows : {std::vector<uint32_t>{0}, std::vector<uint32_t>{0, 100}}) {
    Make(Mix, {.context = 1000, .remember_prefixes = true}, windows);
    Request request = Greedy(300, 20);
    const Answer first = Ask(request);
    EXPECT_EQ(first.usage.cached_tokens, 0u);
    EXPECT_GT(engine_->kv_bytes_used(), 0u);
    request.prompt.insert(request.prompt.end(), first.tokens.begin(), first.tokens.end());
    request.prompt.insert(request.prompt.end(), {5, 6, 7});
    // 319 tokens were computed, four whole blocks of 64.
    Answer next = Ask(request);
    EXPECT_EQ(next.usage.cached_tokens, 256u);
    EXPECT_EQ(next.tokens, Direct(Mix, request.prompt, 20));
    EXPECT_THAT(next.progress, ElementsAre(323));
    EXPECT_FALSE(next.usage.divergence);
    next = Ask(request);
    EXPECT_EQ(next.usage.cached_tokens, 320u);
    EXPECT_EQ(next.tokens, Direct(Mix, request.prompt, 20));
    // One that leaves the way early, where a window has long passed.
    const TokenId was = request.prompt[130];
    request.prompt.resize(130);
    request.prompt.insert(request.prompt.end(), 40, TokenId{9});
    next = Ask(request);
    EXPECT_EQ(next.usage.cached_tokens, 128u);
    ASSERT_TRUE(next.usage.divergence);
    EXPECT_EQ(next.usage.divergence->position, 130u);
    EXPECT_EQ(next.usage.divergence->remembered, was);
    EXPECT_EQ(next.usage.divergence->given, 9);
    EXPECT_EQ(next.tokens, Direct(Mix, request.prompt, 20));
    // One that has nothing in common.
    request.prompt[0] = 33;
    next = Ask(request);
    EXPECT_EQ(next.usage.cached_tokens, 0u);
    EXPECT_FALSE(next.usage.divergence);
    EXPECT_EQ(next.tokens, Direct(Mix, request.prompt, 20));
  }
}

TEST_F(EngineTest, WhatAUserHasAskedIsRememberedForThatUserAlone) {
  Make(Mix, {.context = 1000, .kv_bytes = 1 << 20, .remember_prefixes = true}, {0});
  Request request = Greedy(300, 5);
  request.user = "one";
  Ask(request);
  EXPECT_EQ(Ask(request).usage.cached_tokens, 256u);
  request.user = "two";
  const Answer other = Ask(request);
  EXPECT_EQ(other.usage.cached_tokens, 0u);
  EXPECT_FALSE(other.usage.divergence);
}

TEST_F(EngineTest, RequestsThatComeTogetherAndBeginAlikeComputeThatOnce) {
  Make(Mix, {.context = 1000, .kv_bytes = 1 << 20, .remember_prefixes = true}, {0, 100});
  std::vector<RequestId> ids;
  std::vector<Request> requests;
  for (TokenId last = 0; last < 5; ++last) {
    requests.push_back(Greedy(600, 10));
    requests.back().prompt.back() = last;
    ids.push_back(engine_->Submit(requests.back()));
  }
  RunToEnd();
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(answers_[ids[i]].usage.cached_tokens, i == 0 ? 0u : 576u);
    EXPECT_EQ(answers_[ids[i]].tokens, Direct(Mix, requests[i].prompt, 10));
  }
  EXPECT_EQ(engine_->counters().prompt_tokens, 600u + 4 * 24);
  EXPECT_EQ(engine_->counters().cached_tokens, 4 * 576u);
}

TEST_F(EngineTest, AThoughtIsClosedOnRequestAndTheAnswerGoesOn) {
  Make(Thinker);
  const RequestId id = engine_->Submit(Thinking(Greedy(10, 40), std::nullopt));
  for (int step = 0; step < 6; ++step) Take(engine_->Step());
  EXPECT_TRUE(engine_->CloseThought(id));
  EXPECT_TRUE(engine_->CloseThought(id));  // once more changes nothing
  RunToEnd();
  std::vector<TokenId> expected = {kOpen, 6, 6, 6, 6, 6, 30, kClose, 31};
  expected.resize(40, 5);
  EXPECT_EQ(answers_[id].tokens, expected);
  EXPECT_EQ(answers_[id].usage.forced_tokens, 3u);
  EXPECT_FALSE(engine_->CloseThought(id));
}

TEST_F(EngineTest, AThoughtThatHasNotBegunIsClosedAsSoonAsItDoes) {
  Make(Thinker);
  const RequestId id = engine_->Submit(Thinking(Greedy(10, 40), std::nullopt));
  EXPECT_TRUE(engine_->CloseThought(id));
  RunToEnd();
  std::vector<TokenId> expected = {kOpen, 30, kClose, 31};
  expected.resize(40, 5);
  EXPECT_EQ(answers_[id].tokens, expected);
}

TEST_F(EngineTest, AThoughtThatThePromptHasOpenedIsClosedBeforeItsFirstToken) {
  Make([](const std::vector<TokenId>& tokens) { return std::ranges::count(tokens, kClose) > 0 ? 5 : 6; });
  Request request = Thinking(Greedy(10, 20), std::nullopt);
  request.thinking.begun = {kOpen};
  const RequestId id = engine_->Submit(request);
  EXPECT_TRUE(engine_->CloseThought(id));
  RunToEnd();
  std::vector<TokenId> expected = {30, kClose, 31};
  expected.resize(20, 5);
  EXPECT_EQ(answers_[id].tokens, expected);
}

TEST_F(EngineTest, WithoutAnythingThatClosesItAThoughtGoesOn) {
  Make(Thinker);
  Request request = Thinking(Greedy(10, 20), std::nullopt);
  request.thinking.forced_close.clear();
  EXPECT_FALSE(engine_->CloseThought(engine_->Submit(request)));
}

TEST_F(EngineTest, WhatIsRememberedStandsInNobodysWay) {
  Make(Mix, {.context = 640, .chunk = 64, .remember_prefixes = true}, {0});
  Ask(Greedy(500, 20));
  Request other = Greedy(600, 20);
  other.prompt[0] = 33;
  EXPECT_EQ(Ask(other).tokens, Direct(Mix, other.prompt, 20));
  // Cancelled while its prompt is read: what was computed of it stays.
  const RequestId cancelled = engine_->Submit(Greedy(600, 20));
  Take(engine_->Step());
  engine_->Cancel(cancelled);
  RunToEnd();
  EXPECT_EQ(answers_[cancelled].reason, FinishReason::kCancelled);
  const Answer again = Ask(Greedy(600, 20));
  EXPECT_EQ(again.usage.cached_tokens, 64u);
  EXPECT_EQ(again.tokens, Direct(Mix, Greedy(600, 1).prompt, 20));
}

TEST_F(EngineTest, BudgetOfReasoningIsExactAndItsCloseIsForced) {
  for (const uint32_t budget : {0u, 1u, 10u}) {
    Make(Thinker);
    const Answer answer = Ask(Thinking(Greedy(10, 40), budget));
    std::vector<TokenId> expected = {kOpen};
    expected.insert(expected.end(), budget, 6);
    expected.insert(expected.end(), {30, kClose, 31});
    expected.resize(40, 5);
    EXPECT_EQ(answer.tokens, expected) << budget;
    const auto sampled_reasoning = [&] {
      size_t count = 0;
      for (const TokenOutput& output : answer.outputs) count += output.role == TokenRole::kReasoning && !output.forced;
      return count;
    };
    EXPECT_EQ(sampled_reasoning(), budget);
    EXPECT_EQ(answer.usage.forced_tokens, 3u);
    EXPECT_EQ(answer.usage.reasoning_tokens, budget + 1);  // the forced words before the mark are reasoning too
    EXPECT_EQ(answer.usage.answer_tokens, 40 - budget - 4 + 1);
    for (size_t i = 0; i < 40; ++i) EXPECT_EQ(answer.forced[i], i > budget && i <= budget + 3);
  }
}

TEST_F(EngineTest, AThoughtThatIsResumedHasWhatIsLeftOfItsBudget) {
  Make(Thinker);
  const Answer whole = Ask(Thinking(Greedy(10, 40), 10));
  for (size_t said = 1; said < 40; ++said) {
    Request request = Thinking(Greedy(10, 40), 10);
    request.resumed.assign(whole.tokens.begin(), whole.tokens.begin() + static_cast<ptrdiff_t>(said));
    const Answer answer = Ask(request);
    EXPECT_EQ(answer.tokens, whole.tokens) << said;
    EXPECT_EQ(answer.usage.reasoning_tokens, whole.usage.reasoning_tokens) << said;
  }
}

TEST_F(EngineTest, WithoutBudgetThoughtsGoOn) {
  Make(Thinker);
  const Answer answer = Ask(Thinking(Greedy(10, 40), std::nullopt));
  EXPECT_EQ(answer.usage.reasoning_tokens, 39u);
  EXPECT_EQ(answer.usage.forced_tokens, 0u);
}

TEST_F(EngineTest, AnEndTokenInsideAThoughtEndsTheThoughtWhenAsked) {
  for (const bool end_closes : {false, true}) {
    // Ends after two tokens of thought, and after two of answer.
    Make([](const std::vector<TokenId>& tokens) {
      if (tokens.size() == 10) return kOpen;
      return tokens.size() % 6 == 1 ? TokenId{7} : TokenId{6};
    });
    Request request = Thinking(Greedy(10, 40), std::nullopt);
    request.end_tokens = {7};
    request.thinking.end_closes = end_closes;
    const Answer answer = Ask(request);
    if (end_closes) {
      EXPECT_THAT(answer.tokens, ElementsAre(kOpen, 6, 6, 30, kClose, 31, 6, 6, 6, 7));
      EXPECT_THAT(answer.forced, ElementsAre(false, false, false, true, true, true, false, false, false, false));
    } else {
      EXPECT_THAT(answer.tokens, ElementsAre(kOpen, 6, 6, 7));
    }
    EXPECT_EQ(answer.reason, FinishReason::kEndToken);
  }
}

TEST_F(EngineTest, BudgetOfZeroClosesAThoughtOpenedByThePromptBeforeAnythingIsSampled) {
  Make([](const std::vector<TokenId>& tokens) { return tokens.back() == 31 ? 8 : 9; });
  Request request = Thinking(Greedy(10, 5), 0);
  request.thinking.begun = {kOpen};
  const Answer answer = Ask(request);
  EXPECT_THAT(answer.tokens, ElementsAre(30, kClose, 31, 8, 9));
  EXPECT_THAT(answer.forced, ElementsAre(true, true, true, false, false));
  EXPECT_EQ(runner_->steps, (std::vector<uint32_t>{13, 1}));
}

TEST_F(EngineTest, ForcedPrefixBeginsTheAnswerAndCountsAsTokens) {
  Make(Mix);
  Request request = Thinking(Greedy(10, 6), std::nullopt);
  request.forced_prefix = {kOpen, 12};
  const Answer answer = Ask(request);
  std::vector<TokenId> prompt = request.prompt;
  prompt.insert(prompt.end(), {kOpen, 12});
  std::vector<TokenId> expected = {kOpen, 12};
  for (const TokenId token : Direct(Mix, prompt, 4)) expected.push_back(token);
  EXPECT_EQ(answer.tokens, expected);
  EXPECT_THAT(answer.forced, ElementsAre(true, true, false, false, false, false));
  EXPECT_EQ(answer.roles[0], TokenRole::kMark);
  EXPECT_EQ(answer.roles[1], TokenRole::kReasoning);
  EXPECT_EQ(answer.usage.reasoning_tokens, 5u);
  EXPECT_THAT(answer.progress, ElementsAre(10));
}

TEST_F(EngineTest, ForcedTokensStopAtTheLimit) {
  Make(Thinker);
  const Answer answer = Ask(Thinking(Greedy(10, 4), 2));
  EXPECT_THAT(answer.tokens, ElementsAre(kOpen, 6, 6, 30));
  EXPECT_EQ(answer.reason, FinishReason::kMaxTokens);
  Request all_forced = Greedy(10, 2);
  all_forced.forced_prefix = {1, 2, 3};
  EXPECT_THAT(Ask(all_forced).tokens, ElementsAre(1, 2));
}

TEST_F(EngineTest, LogprobsComeWithSampledTokensWhenAsked) {
  Make(Mix);
  Request request = Greedy(10, 2);
  EXPECT_FALSE(Ask(request).outputs[0].logprob);
  request.logprobs = 3;
  request.forced_prefix = {1};
  const Answer answer = Ask(request);
  EXPECT_FALSE(answer.outputs[0].logprob);
  // One logit of 5 among 50, the others 0.
  const double expected = 5 - std::log(std::exp(5.0) + 49);
  ASSERT_TRUE(answer.outputs[1].logprob);
  EXPECT_NEAR(*answer.outputs[1].logprob, expected, 1e-12);
  ASSERT_EQ(answer.outputs[1].top.size(), 3u);
  EXPECT_EQ(answer.outputs[1].top[0].token, answer.tokens[1]);
  EXPECT_NEAR(answer.outputs[1].top[1].logprob, expected - 5, 1e-12);
}

// A runner whose numbers break down: a logit of whoever has 12 tokens, and the keys of whoever is 200 tokens along.
class BrokenRunner : public FakeRunner {
 public:
  using FakeRunner::FakeRunner;
  StepResult Run(std::span<const ScheduledRows> rows) override {
    const StepResult whole = FakeRunner::Run(rows);
    logits_.assign(whole.logits.begin(), whole.logits.end());
    broken_.clear();
    size_t row = 0;
    for (const ScheduledRows& scheduled : rows) {
      const size_t end = scheduled.first + scheduled.count;
      broken_.push_back(end >= 200);
      if (end < scheduled.sequence->tokens.size()) continue;
      if (end == 12) logits_[row * kVocabulary + 33] = std::numeric_limits<float>::quiet_NaN();
      ++row;
    }
    return {logits_, &broken_};
  }

 private:
  std::vector<float> logits_;
  std::vector<bool> broken_;
};

TEST_F(EngineTest, WhatIsNotFiniteEndsThatRequestOnly) {
  engine_ = std::make_unique<Engine>(std::make_unique<BrokenRunner>(kVocabulary, 1000, std::vector<uint32_t>{0}, Mix),
                                     tokenizer_, *AvailableKernels()[0], EngineOptions{.chunk = 128});
  const RequestId logit = engine_->Submit(Greedy(10, 20));
  const RequestId key = engine_->Submit(Greedy(197, 20));
  const RequestId key_of_prompt = engine_->Submit(Greedy(600, 20));  // while there is no logit yet
  const RequestId whole = engine_->Submit(Greedy(30, 20));
  RunToEnd();
  EXPECT_THAT(answers_[logit].error, HasSubstr("a logit is not finite at token 3"));
  EXPECT_EQ(answers_[logit].tokens.size(), 2u);
  EXPECT_FALSE(answers_[logit].reason);
  EXPECT_THAT(answers_[key].error, HasSubstr("a key or value is not finite at token 4"));
  EXPECT_EQ(answers_[key].tokens.size(), 3u);
  EXPECT_THAT(answers_[key_of_prompt].error, HasSubstr("a key or value is not finite at token 1"));
  EXPECT_TRUE(answers_[key_of_prompt].tokens.empty());
  EXPECT_EQ(answers_[whole].tokens, Direct(Mix, Greedy(30, 1).prompt, 20));
  EXPECT_EQ(engine_->kv_bytes_used(), 0u);
}

TEST_F(EngineTest, RefusesRequestsThatCannotBeAnswered) {
  Make(Mix, {.context = 100});
  const auto refuses = [&](const Request& request, const char* message) {
    EXPECT_THAT([&] { engine_->Submit(request); }, ThrowsMessage<Error>(HasSubstr(message)));
  };
  Request request = Greedy(10, 5);
  request.prompt.clear();
  refuses(request, "prompt");
  request = Greedy(10, 5);
  request.prompt[3] = kVocabulary;
  refuses(request, "prompt: token 50 is outside 0 to 49");
  request = Greedy(10, 5);
  request.end_tokens = {-1};
  refuses(request, "end_tokens");
  refuses(Greedy(10, 0), "max_tokens");
  request = Greedy(10, 5);
  request.sampling.top_p = 2;
  refuses(request, "top_p: 2 is outside 0 to 1");
  request = Greedy(10, 5);
  request.logprobs = 21;
  refuses(request, "logprobs: 21 is outside 0 to 20");
  refuses(Greedy(100, 5), "prompt: 100 tokens leave no room for an answer in a context of 100");
  EXPECT_TRUE(engine_->idle());
  EXPECT_EQ(Ask(Greedy(99, 5)).reason, FinishReason::kContextFull);
}

TEST_F(EngineTest, RefusesOptionsOutsideTheirRange) {
  const auto refuses = [&](const EngineOptions& options, const char* message) {
    EXPECT_THAT([&] { Make(Mix, options); }, ThrowsMessage<UsageError>(HasSubstr(message)));
  };
  refuses({.context = 1001}, "context: 1001 is outside 2 to 1000");
  refuses({.chunk = 0}, "chunk: 0 is outside 1 to 65536");
  refuses({.max_sequences = 0}, "max_sequences");
  refuses({.context = 640, .kv_bytes = 100}, "kv_bytes: 100 is less than one context of 640 tokens");
  Make(Mix);
  EXPECT_EQ(engine_->options().context, 1000u);
}

TEST_F(EngineTest, TokensThatTheTokenizerDoesNotKnowAreNeverPicked) {
  // A model with more rows than tokens: its logits beyond the vocabulary are ignored.
  engine_ = std::make_unique<Engine>(
      std::make_unique<FakeRunner>(kVocabulary + 14, 1000, std::vector<uint32_t>{0},
                                   [](const std::vector<TokenId>&) { return TokenId{kVocabulary + 3}; }),
      tokenizer_, *AvailableKernels()[0], EngineOptions{});
  EXPECT_THAT(Ask(Greedy(10, 2)).tokens, ElementsAre(0, 0));
}

}  // namespace
}  // namespace candor
