// What a caller asks of the engine and what it hears back: plain values without pointers or callbacks, so that both
// can cross a process.
#ifndef CANDOR_ENGINE_REQUEST_H_
#define CANDOR_ENGINE_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chat/answer_splitter.h"
#include "chat/thinking_control.h"
#include "engine/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace candor {

using RequestId = uint64_t;

struct Request {
  // Whose it is: users share the machine evenly, and remembered prefixes are a user's own.
  std::string user;
  std::vector<TokenId> prompt;  // 1 to context - 1 tokens
  // Wanted is the prompt's embedding instead of an answer: the mean over all positions of the last layer's normalised
  // hidden states. The fields below have no meaning then.
  bool embed = false;
  SamplingParams sampling;
  // The answer is a function of the model, the prompt, the parameters, the seed and the choice; `choice` numbers the
  // answers to one prompt.
  uint64_t seed = 0;
  uint32_t choice = 0;
  // Tokens that the answer may have, forced ones included; empty = until the context is full.
  std::optional<uint32_t> max_tokens;
  // A sampled token of these ends the answer; it is reported as a mark. Usually LanguageModel::end_tokens().
  std::vector<TokenId> end_tokens;
  // The answer begins with these tokens, not sampled: a thought that is opened for the model. Then, as if they had been
  // sampled, with those of an answer that goes on: the rest is what it would have been without a pause.
  std::vector<TokenId> forced_prefix;
  std::vector<TokenId> resumed;
  ThinkingControl thinking;
  // When set, every sampled token carries its log-probability and the n most likely ones (0 to 20).
  std::optional<uint32_t> logprobs;
};

struct TokenLogprob {
  TokenId token = 0;
  double logprob = 0;  // natural logarithm of the softmax of the model's own logits, before any sampler
};

// Tokens [0, done) of `total` prompt tokens are in the cache.
struct PrefillProgress {
  uint32_t done = 0;
  uint32_t total = 0;
};

struct TokenOutput {
  TokenId token = 0;
  TokenRole role = TokenRole::kAnswer;
  bool forced = false;            // put there, not sampled
  std::optional<double> logprob;  // of this token, when asked for and not forced
  std::vector<TokenLogprob> top;  // by (logprob descending, id ascending)
};

enum class FinishReason : uint8_t {
  kEndToken,     // the model ended its answer
  kStopString,   // made by Generation only: the engine knows no text
  kMaxTokens,    // Request::max_tokens
  kContextFull,  // prompt and answer fill the context
  kCancelled,
};

// The place where what is remembered of this user's earlier tokens goes on otherwise than the prompt.
struct PrefixDivergence {
  uint32_t position = 0;  // of the first token that differs, from 0
  TokenId remembered = 0;
  TokenId given = 0;
};

// Counts and times of one request. Times are of the wall clock and no part of the answer.
struct Usage {
  uint32_t prompt_tokens = 0;
  uint32_t cached_tokens = 0;  // at the beginning, whose keys and values were remembered
  // Why it was not more, where a longer beginning could have been the same.
  std::optional<PrefixDivergence> divergence = {};
  uint32_t reasoning_tokens = 0;
  uint32_t answer_tokens = 0;      // neither reasoning nor marks: the answer's text and its calls of tools
  uint32_t generated_tokens = 0;   // all of the answer: reasoning, text, calls, marks
  uint32_t forced_tokens = 0;      // those of them that were not sampled
  double first_token_seconds = 0;  // from Submit to the first sampled token
  double prefill_seconds = 0;      // spent in steps that computed prompt tokens
  double decode_seconds = 0;       // from the first sampled token to the last
  // Computed prompt tokens per second of prefill, and tokens per second after the first; 0 when there was nothing to
  // time.
  double prefill_rate() const {
    return prefill_seconds > 0 && prompt_tokens > cached_tokens ? (prompt_tokens - cached_tokens) / prefill_seconds : 0;
  }
  double decode_rate() const {
    return decode_seconds > 0 && generated_tokens > 1 ? (generated_tokens - 1) / decode_seconds : 0;
  }
};

struct Finished {
  FinishReason reason = FinishReason::kEndToken;
  Usage usage;
};

// The whole answer to a request with `embed`.
struct Embedded {
  std::vector<float> values;  // [hidden size]
  Usage usage;
};

// The request has ended without an answer (a logit that is not finite). Other requests go on.
struct Failed {
  std::string message;
  Usage usage;
};

// The last event of every request is Finished, Embedded or Failed, and there is exactly one.
struct Event {
  RequestId request = 0;
  std::variant<PrefillProgress, TokenOutput, Finished, Embedded, Failed> what;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_REQUEST_H_
