// Responses of the small endpoints.
#ifndef CANDOR_API_SMALL_RESPONSES_H_
#define CANDOR_API_SMALL_RESPONSES_H_

#include <string>

#include "ipc/messages.h"

namespace candor {

// POST /v1/tokenize, /v1/detokenize, /v1/render. `model` is the real one's id.
std::string TokensJson(const std::string& model, const TokensDone& done);
std::string TextJson(const std::string& model, const TextDone& done);
std::string PromptJson(const std::string& model, const PromptDone& done);
// POST /v1/chat/completions/{id}/answer.
std::string ClosedThoughtJson(const std::string& completion_id);
// GET /health and /ready: `status` is a word such as "ok" or "loading".
std::string ServerStateJson(const std::string& status);

}  // namespace candor

#endif  // CANDOR_API_SMALL_RESPONSES_H_
