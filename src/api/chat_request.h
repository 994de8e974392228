// POST /v1/chat/completions and /v1/render: bytes to a typed request.
#ifndef CANDOR_API_CHAT_REQUEST_H_
#define CANDOR_API_CHAT_REQUEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "api/field_reader.h"
#include "ipc/messages.h"

namespace candor {

struct ChatRequest {
  std::string model;  // as the client calls it
  // All but `job`, `model`, `user`, the conversation's `now` and, without seed_given, `seed`.
  GenerateMessage job;
  bool seed_given = false;
  ResponseOptions options;
  std::vector<std::string> ignored;  // names of hints that have no effect
};

// Throws RequestError for what is no such request. Takes time and memory linear in `body`, at most kMaxJsonBytes.
ChatRequest ParseChatRequest(std::string_view body);

// The same body, asked for its prompt.
struct RenderRequest {
  std::string model;
  Conversation conversation;  // but for `now`
  std::vector<std::string> ignored;
};
RenderRequest ParseRenderRequest(std::string_view body);

}  // namespace candor

#endif  // CANDOR_API_CHAT_REQUEST_H_
