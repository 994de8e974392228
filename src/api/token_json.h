// Log-probabilities of tokens as JSON.
#ifndef CANDOR_API_TOKEN_JSON_H_
#define CANDOR_API_TOKEN_JSON_H_

#include <string>

#include "api/json_writer.h"
#include "ipc/messages.h"

namespace candor {

// JSON has no infinity: this stands for a probability of zero, as with OpenAI.
inline constexpr double kLeastLogprob = -9999;
double FiniteLogprob(double logprob);

// An entry of chat's `logprobs.content`: {token, token_id, logprob, bytes, top_logprobs}. `token` has a
// log-probability. `bytes` is null for a token that is no part of a text. Numbers read back as the same bits.
void WriteLogprobEntry(const OutputToken& token, JsonWriter& json);

}  // namespace candor

#endif  // CANDOR_API_TOKEN_JSON_H_
