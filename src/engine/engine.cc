#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/float_mode.h"
#include "engine/decoder_runner.h"
#include "engine/prefix_tree.h"
#include "engine/runner.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "engine/token_picker.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kMaxLogprobs = 20;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

bool Ends(const Request& request, TokenId token) {
  return std::find(request.end_tokens.begin(), request.end_tokens.end(), token) != request.end_tokens.end();
}

// A request whose numbers have left the finite ones: docs/numerics.md defines nothing for it.
Failed Broken(const Sequence& sequence, const char* what) {
  return {std::string(what) + " is not finite at token " + std::to_string(sequence.generated() + 1) +
              " of the answer: the model's file or this computation is broken",
          sequence.usage};
}

}  // namespace

struct Engine::Impl {
  Impl(std::unique_ptr<Runner> its_runner, const Tokenizer& its_tokenizer, const KernelTable& kernels, ThreadPool* pool,
       const EngineOptions& given)
      : runner(std::move(its_runner)),
        tokenizer(its_tokenizer),
        options(ResolveOptions(given, runner->context_length(), runner->kv_groups())),
        vocabulary(std::min(runner->vocabulary(), tokenizer.vocabulary_size())),
        cache(runner->kv_groups(), options.kv_bytes),
        prefixes(cache, options.remember_prefixes),
        scheduler(cache, prefixes, options.chunk, options.max_sequences),
        picker(kernels, pool) {
    if (vocabulary == 0 || vocabulary > Sampler::kMaxVocabulary) {
      throw UnsupportedError("vocabulary: " + std::to_string(vocabulary) + " tokens, at most " +
                             std::to_string(Sampler::kMaxVocabulary) + " are supported");
    }
  }

  void Validate(const Request& request) const;
  void Start(Sequence& sequence);
  std::vector<LogitsRow> RowsToPick(std::span<const ScheduledRows> rows, const StepResult& result) const;
  void Advance(const ScheduledRows& rows, bool broken, std::span<const float>& hidden, std::span<PickedToken>& picked,
               Clock::time_point began);
  void Embed(const ScheduledRows& rows, bool broken, std::span<const float> hidden);
  void Take(Sequence& sequence, PickedToken picked);
  enum class Origin { kSampled, kForced, kResumed };
  TokenOutput Append(Sequence& sequence, TokenId token, Origin origin);
  std::vector<TokenOutput> AppendForced(Sequence& sequence, const std::vector<TokenId>& tokens);
  void Resume(Sequence& sequence);
  void AppendAll(Sequence& sequence, const std::vector<TokenId>& tokens, Origin origin,
                 std::vector<TokenOutput>& outputs);
  std::optional<FinishReason> FullReason(const Sequence& sequence) const;
  void Report(const Sequence& sequence, decltype(Event::what) what) {
    events.push_back({sequence.id, std::move(what)});
  }
  void End(Sequence& sequence, decltype(Event::what) what);

  std::unique_ptr<Runner> runner;
  const Tokenizer& tokenizer;
  const EngineOptions options;
  const size_t vocabulary;  // tokens that both the model and the tokenizer have
  KvCache cache;
  PrefixTree prefixes;
  Scheduler scheduler;
  TokenPicker picker;
  std::map<RequestId, std::unique_ptr<Sequence>> sequences;
  std::vector<Event> events;  // of the next Step
  RequestId next_id = 1;
  Counters counters;
};

Engine::Engine(const Model& model, const Tokenizer& tokenizer, const KernelTable& kernels, ThreadPool& pool,
               const EngineOptions& options) {
  // Checked before the decoder takes memory for its rows.
  const EngineOptions resolved =
      ResolveOptions(options, model.config.context_length, KvLayout(model.config, options.kv).groups());
  // A step of the scheduler has a chunk of prompts' rows and a row of every request that decodes.
  auto runner = std::make_unique<DecoderRunner>(
      model, kernels, pool, resolved.kv,
      DecoderOptions{.exact = resolved.exact, .max_rows = resolved.chunk + resolved.max_sequences});
  impl_ = std::make_unique<Impl>(std::move(runner), tokenizer, kernels, &pool, resolved);
}

Engine::Engine(std::unique_ptr<Runner> runner, const Tokenizer& tokenizer, const KernelTable& kernels,
               const EngineOptions& options)
    : impl_(std::make_unique<Impl>(std::move(runner), tokenizer, kernels, nullptr, options)) {}

Engine::~Engine() = default;

bool Engine::idle() const { return impl_->sequences.empty() && impl_->events.empty(); }

const EngineOptions& Engine::options() const { return impl_->options; }

uint64_t Engine::kv_bytes_used() const { return impl_->cache.used_bytes(); }

uint64_t Engine::kv_bytes_remembered() const { return impl_->prefixes.idle_bytes(); }

Engine::Counters Engine::counters() const {
  Counters counters = impl_->counters;
  counters.preemptions = impl_->scheduler.preemptions();
  counters.forgotten_tokens = impl_->prefixes.forgotten_tokens();
  return counters;
}

size_t Engine::running() const { return impl_->scheduler.running(); }

std::vector<RequestId> Engine::Waiting() const {
  std::vector<RequestId> ids;
  for (const Sequence* sequence : impl_->scheduler.Waiting()) ids.push_back(sequence->id);
  return ids;
}

void Engine::Impl::Validate(const Request& request) const {
  const auto check_tokens = [&](const char* field, const std::vector<TokenId>& tokens) {
    for (const TokenId token : tokens) {
      if (token >= 0 && static_cast<size_t>(token) < vocabulary) continue;
      throw UsageError(std::string(field) + ": token " + std::to_string(token) + " is outside 0 to " +
                       std::to_string(vocabulary - 1));
    }
  };
  if (request.prompt.empty()) throw UsageError("prompt: must have at least one token");
  check_tokens("prompt", request.prompt);
  check_tokens("forced_prefix", request.forced_prefix);
  check_tokens("resumed", request.resumed);
  check_tokens("end_tokens", request.end_tokens);
  check_tokens("thinking.forced_close", request.thinking.forced_close);
  ValidateSampling(request.sampling, vocabulary);
  ValidateThinking(request.thinking, tokenizer);
  if (request.max_tokens) CheckRange("max_tokens", *request.max_tokens, 1, UINT32_MAX);
  if (request.logprobs) CheckRange("logprobs", *request.logprobs, 0, kMaxLogprobs);
  const size_t known = request.prompt.size() + request.forced_prefix.size() + request.resumed.size();
  if (known >= options.context) {
    throw LimitError("prompt: " + std::to_string(known) + " tokens leave no room for an answer in a context of " +
                     std::to_string(options.context));
  }
}

RequestId Engine::Submit(Request request) {
  impl_->Validate(request);
  const RequestId id = impl_->next_id++;
  auto sequence = std::make_unique<Sequence>(id, std::move(request), impl_->cache);
  impl_->Start(*sequence);
  impl_->scheduler.Add(sequence.get());
  impl_->sequences.emplace(id, std::move(sequence));
  return id;
}

void Engine::Impl::Start(Sequence& sequence) {
  sequence.submitted = Clock::now();
  sequence.usage.prompt_tokens = static_cast<uint32_t>(sequence.request.prompt.size());
  const Request& request = sequence.request;
  AppendAll(sequence, request.forced_prefix, Origin::kForced, sequence.forced_at_start);
  Resume(sequence);
}

// Takes up an answer where it was left, perhaps within the close of a thought that was forced at the end of its budget.
void Engine::Impl::Resume(Sequence& sequence) {
  const std::vector<TokenId>& close = sequence.request.thinking.forced_close;
  std::span<const TokenId> left = sequence.request.resumed;
  while (!FullReason(sequence)) {
    if (sequence.splitter->MustClose()) {
      const auto same = static_cast<size_t>(std::ranges::mismatch(left, close).in1 - left.begin());
      if (same == close.size() || same == left.size()) {
        AppendAll(sequence, close, Origin::kForced, sequence.forced_at_start);
        left = left.subspan(same);
        continue;
      }
      // It was edited there: the close comes behind the edit.
    }
    if (left.empty()) return;
    AppendAll(sequence, {left.front()}, Origin::kResumed, sequence.forced_at_start);
    left = left.subspan(1);
  }
}

void Engine::Cancel(RequestId id) {
  const auto found = impl_->sequences.find(id);
  if (found == impl_->sequences.end()) return;
  impl_->End(*found->second, Finished{FinishReason::kCancelled, found->second->usage});
}

bool Engine::CloseThought(RequestId id) {
  const auto found = impl_->sequences.find(id);
  if (found == impl_->sequences.end() || found->second->request.thinking.forced_close.empty()) return false;
  Sequence& sequence = *found->second;
  sequence.splitter->Close();
  for (TokenOutput& forced : impl_->AppendForced(sequence, {})) {
    if (sequence.answering) {
      impl_->Report(sequence, std::move(forced));
    } else {
      sequence.forced_at_start.push_back(std::move(forced));
    }
  }
  if (!sequence.answering) return true;
  if (const auto reason = impl_->FullReason(sequence)) impl_->End(sequence, Finished{*reason, sequence.usage});
  return true;
}

std::vector<Event> Engine::Step() {
  const FloatMode mode;
  const Clock::time_point began = Clock::now();
  const std::vector<ScheduledRows> rows = impl_->scheduler.Next();
  if (!rows.empty()) {
    const StepResult result = impl_->runner->Run(rows);
    std::span<PickedToken> picked = impl_->picker.Pick(impl_->RowsToPick(rows, result));
    std::span<const float> hidden = result.hidden;
    for (size_t i = 0; i < rows.size(); ++i) impl_->Advance(rows[i], (*result.broken)[i], hidden, picked, began);
    CHECK(picked.empty() && hidden.empty());
  }
  return std::exchange(impl_->events, {});
}

// A row for each entry that ends its sequence's pending tokens: the token that comes next.
std::vector<LogitsRow> Engine::Impl::RowsToPick(std::span<const ScheduledRows> rows, const StepResult& result) const {
  std::vector<LogitsRow> to_pick;
  std::span<const float> logits = result.logits;
  for (const ScheduledRows& entry : rows) {
    const Sequence& sequence = *entry.sequence;
    if (sequence.request.embed || entry.first + entry.count < sequence.tokens.size()) continue;
    to_pick.push_back({logits.first(vocabulary), &sequence.request, sequence.tokens});
    logits = logits.subspan(runner->vocabulary());
  }
  CHECK(logits.empty());
  return to_pick;
}

// Books what the step has computed of one sequence, and takes its rows off `hidden` and its token off `picked` where it
// has any.
void Engine::Impl::Advance(const ScheduledRows& rows, bool broken, std::span<const float>& hidden,
                           std::span<PickedToken>& picked, Clock::time_point began) {
  Sequence& sequence = *rows.sequence;
  const uint32_t prompt = sequence.usage.prompt_tokens;
  sequence.computed += rows.count;
  if (rows.first < prompt) counters.prompt_tokens += std::min(sequence.computed, prompt) - rows.first;
  if (!broken && sequence.computed / kPagePositions > rows.first / kPagePositions) {
    prefixes.Remember(sequence.request.user, std::span(sequence.tokens).first(sequence.computed), sequence.kv);
  }
  if (rows.first < prompt) sequence.usage.prefill_seconds += Seconds(Clock::now() - began);
  // A prompt that is computed again, after it had to give way, is not reported again.
  const uint32_t done = std::min(sequence.computed, prompt);
  if (done > sequence.progress_reported) {
    sequence.progress_reported = done;
    Report(sequence, PrefillProgress{done, prompt});
  }
  if (sequence.request.embed) {
    const std::span<const float> own = hidden.first(rows.count * runner->hidden_size());
    hidden = hidden.subspan(own.size());
    Embed(rows, broken, own);
    return;
  }
  PickedToken* next = nullptr;
  if (sequence.pending() == 0) {
    next = &picked.front();
    picked = picked.subspan(1);
  }
  if (broken) {
    End(sequence, Broken(sequence, "a key or value"));
    return;
  }
  if (next == nullptr) return;

  sequence.answering = true;
  for (TokenOutput& output : std::exchange(sequence.forced_at_start, {})) Report(sequence, std::move(output));
  if (const auto reason = FullReason(sequence)) {
    End(sequence, Finished{*reason, sequence.usage});
    return;
  }
  Take(sequence, std::move(*next));
}

// Adds the rows' hidden states to the sum, in double and in order of position: so it does not depend on how the prompt
// is divided into steps.
void Engine::Impl::Embed(const ScheduledRows& rows, bool broken, std::span<const float> hidden) {
  Sequence& sequence = *rows.sequence;
  const size_t width = runner->hidden_size();
  if (rows.first == 0) sequence.hidden_sum.assign(width, 0);
  for (size_t i = 0; i < hidden.size(); ++i) sequence.hidden_sum[i % width] += static_cast<double>(hidden[i]);
  if (!broken && sequence.pending() > 0) return;
  Embedded embedded{{}, sequence.usage};
  for (const double sum : sequence.hidden_sum) {
    embedded.values.push_back(static_cast<float>(sum / static_cast<double>(sequence.tokens.size())));
    broken = broken || !std::isfinite(embedded.values.back());
  }
  if (broken) {
    End(sequence,
        Failed{"a hidden state is not finite: the model's file or this computation is broken", sequence.usage});
  } else {
    End(sequence, std::move(embedded));
  }
}

// Appends the token that was picked; then whatever that token forces.
void Engine::Impl::Take(Sequence& sequence, PickedToken picked) {
  const Request& request = sequence.request;
  const std::optional<TokenId> token = picked.token;
  if (!token) {
    End(sequence, Broken(sequence, "a logit"));
    return;
  }
  const Clock::time_point now = Clock::now();
  if (sequence.first_token == Clock::time_point{}) {
    sequence.first_token = now;
    sequence.usage.first_token_seconds = Seconds(now - sequence.submitted);
  }
  sequence.usage.decode_seconds = Seconds(now - sequence.first_token);

  if (request.thinking.end_closes && sequence.splitter->inside() && Ends(request, *token)) {
    for (TokenOutput& forced : AppendForced(sequence, request.thinking.forced_close)) {
      Report(sequence, std::move(forced));
    }
    if (const auto reason = FullReason(sequence)) End(sequence, Finished{*reason, sequence.usage});
    return;
  }
  TokenOutput output = Append(sequence, *token, Origin::kSampled);
  if (request.logprobs) {
    output.logprob = picked.logprob;
    output.top = std::move(picked.top);
  }
  Report(sequence, std::move(output));
  if (Ends(request, *token)) {
    End(sequence, Finished{FinishReason::kEndToken, sequence.usage});
    return;
  }
  for (TokenOutput& forced : AppendForced(sequence, {})) Report(sequence, std::move(forced));
  if (const auto reason = FullReason(sequence)) End(sequence, Finished{*reason, sequence.usage});
}

TokenOutput Engine::Impl::Append(Sequence& sequence, TokenId token, Origin origin) {
  const bool forced = origin == Origin::kForced;
  const bool end = origin == Origin::kSampled && Ends(sequence.request, token);
  TokenOutput output;
  output.token = token;
  output.forced = origin != Origin::kSampled;
  output.role = end ? TokenRole::kMark : sequence.splitter->Add(token, SpelledBytes(tokenizer, token), forced);
  sequence.tokens.push_back(token);
  Usage& usage = sequence.usage;
  ++usage.generated_tokens;
  usage.forced_tokens += output.forced;
  usage.reasoning_tokens = sequence.splitter->reasoning_tokens();
  usage.answer_tokens = sequence.splitter->answer_tokens();
  return output;
}

// Appends `tokens` as far as the answer may grow.
void Engine::Impl::AppendAll(Sequence& sequence, const std::vector<TokenId>& tokens, Origin origin,
                             std::vector<TokenOutput>& outputs) {
  for (const TokenId token : tokens) {
    if (FullReason(sequence)) return;
    outputs.push_back(Append(sequence, token, origin));
  }
}

// Appends `tokens`, and the close of a thought that may not go on.
std::vector<TokenOutput> Engine::Impl::AppendForced(Sequence& sequence, const std::vector<TokenId>& tokens) {
  std::vector<TokenOutput> outputs;
  AppendAll(sequence, tokens, Origin::kForced, outputs);
  if (sequence.splitter->MustClose()) {
    AppendAll(sequence, sequence.request.thinking.forced_close, Origin::kForced, outputs);
  }
  return outputs;
}

std::optional<FinishReason> Engine::Impl::FullReason(const Sequence& sequence) const {
  if (sequence.request.max_tokens && sequence.generated() >= *sequence.request.max_tokens) {
    return FinishReason::kMaxTokens;
  }
  if (sequence.tokens.size() >= options.context) return FinishReason::kContextFull;
  return std::nullopt;
}

void Engine::Impl::End(Sequence& sequence, decltype(Event::what) what) {
  // Only now it is certain what the last tokens are.
  sequence.splitter->Finish();
  std::visit(
      [&](auto& end) {
        if constexpr (requires { end.usage; }) {
          end.usage.reasoning_tokens = sequence.splitter->reasoning_tokens();
          end.usage.answer_tokens = sequence.splitter->answer_tokens();
        }
      },
      what);
  Report(sequence, std::move(what));
  scheduler.Remove(&sequence);
  counters.cached_tokens += sequence.usage.cached_tokens;
  counters.generated_tokens += sequence.usage.generated_tokens;
  const RequestId id = sequence.id;
  sequences.erase(id);
}

}  // namespace candor
