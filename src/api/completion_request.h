// POST /v1/completions: bytes to a typed request.
#ifndef CANDOR_API_COMPLETION_REQUEST_H_
#define CANDOR_API_COMPLETION_REQUEST_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/field_reader.h"
#include "ipc/messages.h"

namespace candor {

inline constexpr uint32_t kDefaultCompletionTokens = 16;  // OpenAI's
inline constexpr size_t kMaxCompletionChoices = 128;      // of all prompts together

struct CompletionRequest {
  std::string model;
  // At least one. Each is a job of its own: `job` with it as its input. Choice k of prompt i has the index
  // i * job.choices + k in the response.
  std::vector<std::variant<RawText, RawTokens>> prompts;
  GenerateMessage job;  // as ChatRequest::job, without input
  bool seed_given = false;
  bool echo = false;  // then all prompts are texts
  ResponseOptions options;
  std::vector<std::string> ignored;
};

// As ParseChatRequest().
CompletionRequest ParseCompletionRequest(std::string_view body);

}  // namespace candor

#endif  // CANDOR_API_COMPLETION_REQUEST_H_
