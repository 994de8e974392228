// One answer: a request driven to its end, its text shown as it comes.
#ifndef CANDOR_CLI_ANSWER_H_
#define CANDOR_CLI_ANSWER_H_

#include <functional>
#include <string>
#include <vector>

#include "cli/answer_output.h"
#include "engine/engine.h"
#include "engine/generation.h"
#include "engine/request.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// What the model said to a tool.
struct AnsweredCall {
  std::string recipient;
  std::string text;
};

struct AnswerResult {
  std::string text;
  std::string reasoning;
  std::vector<AnsweredCall> calls;
  std::vector<TokenId> tokens;  // all that were generated: reasoning, answer and marks
  FinishReason reason = FinishReason::kEndToken;
  Usage usage;
};

// Submits `request` to an idle engine and steps it until it has ended; `output` may be null. `interrupted` is asked
// between steps; once it says yes the request is cancelled. A long prompt is shown as a progress line on standard
// error. Throws Error when the request fails, and what Engine::Submit throws.
AnswerResult Answer(Engine& engine, const Tokenizer& tokenizer, const Request& request,
                    const GenerationOptions& options, AnswerOutput* output, const std::function<bool()>& interrupted);

// SHA-256, in hexadecimal, of the tokens' ids as 32-bit little-endian integers: equal answers have equal digests.
std::string DigestOf(const std::vector<TokenId>& tokens);

}  // namespace candor

#endif  // CANDOR_CLI_ANSWER_H_
