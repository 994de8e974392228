// POST /v1/tokenize, /v1/detokenize and /v1/chat/completions/{id}/answer: bytes to typed requests. All throw
// RequestError as ParseChatRequest() does.
#ifndef CANDOR_API_SMALL_REQUESTS_H_
#define CANDOR_API_SMALL_REQUESTS_H_

#include <string>
#include <string_view>

#include "ipc/messages.h"

namespace candor {

struct TokenizeRequest {
  std::string model;
  TokenizeMessage query;  // but for `job` and `model`
};
TokenizeRequest ParseTokenizeRequest(std::string_view body);

struct DetokenizeRequest {
  std::string model;
  DetokenizeMessage query;  // but for `job` and `model`
};
DetokenizeRequest ParseDetokenizeRequest(std::string_view body);

// An empty body, or an empty object.
void ParseCloseThoughtRequest(std::string_view body);

}  // namespace candor

#endif  // CANDOR_API_SMALL_REQUESTS_H_
