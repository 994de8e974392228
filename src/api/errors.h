// What a client is told when there is no answer: a status, fields, and `{"error": {message, type, param, code}}`.
//
// `type` and `code` are OpenAI's words where it has them. The official clients repeat requests with status 408, 409,
// 429 and 5xx unless `x-should-retry: false` says that it cannot help: on a machine that computes slowly each
// repetition is a load of its own, and the same request gives the same error here.
#ifndef CANDOR_API_ERRORS_H_
#define CANDOR_API_ERRORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ipc/messages.h"

namespace candor {

struct ApiError {
  int status = 400;
  std::string type = "invalid_request_error";
  std::string message = {};
  std::optional<std::string> param = {};  // the field, as "messages[1].content"
  std::string code = {};
  // Empty: repeating it cannot help. Otherwise it may, after so many seconds.
  std::optional<uint32_t> retry_after_seconds = {};
};

// Thrown for a request that cannot be answered.
class RequestError : public Error {
 public:
  explicit RequestError(ApiError error) : Error(error.message), error_(std::move(error)) {}
  const ApiError& error() const { return error_; }

 private:
  ApiError error_;
};

// `{"error":{...}}`: a body, or the payload of an event when the answer has begun.
std::string ErrorJson(const ApiError& error);
// The response fields that go with it: `x-should-retry`, `retry-after`, `www-authenticate`.
std::vector<std::pair<std::string, std::string>> ErrorFields(const ApiError& error);

// ---- a field of the request: status 400
ApiError InvalidField(std::string param, std::string code, const std::string& message);
// Fields that contradict each other.
ApiError Contradiction(const std::string& first, const std::string& second, const std::string& why);

// ---- what the worker says of a job, a query or a load
// `input`: the field of the request that has the prompt.
ApiError ErrorOf(Refusal why, const std::string& message, std::optional<std::string> input = std::nullopt);

// ---- what the front says by itself
ApiError ModelNotFound(const std::string& model);                                   // 404
ApiError ModelNotAllowed(const std::string& model);                                 // 403: not in the key's scope
ApiError CannotChat(const std::string& model);                                      // 400: no chat template
ApiError MissingKey();                                                              // 401
ApiError WrongKey();                                                                // 401
ApiError RouteNotFound(const std::string& method, const std::string& path);         // 404
ApiError MethodNotAllowed(const std::string& method, const std::string& path);      // 405; Allow is the caller's
ApiError CompletionNotFound(const std::string& id);                                 // 404: none under way of that id
ApiError TooManyRequests(uint32_t waiting, uint32_t most, uint32_t retry_seconds);  // 429
ApiError NotEnoughMemory(const std::string& message, uint32_t retry_seconds);       // 503, passes
ApiError WorkerDied();                                                              // 503: the worker ended under it
ApiError ShuttingDown();                                                            // 503

}  // namespace candor

#endif  // CANDOR_API_ERRORS_H_
