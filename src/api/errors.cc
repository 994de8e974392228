#include "api/errors.h"

#include "api/json_writer.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr const char* kServerError = "server_error";

ApiError NotFound(std::string code, const std::string& message) {
  return {.status = 404, .message = message, .code = std::move(code)};
}

}  // namespace

std::string ErrorJson(const ApiError& error) {
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Member("message", error.message).Member("type", error.type).Member("param", error.param);
  json.Member("code", error.code).EndObject().EndObject();
  return json.Take();
}

std::vector<std::pair<std::string, std::string>> ErrorFields(const ApiError& error) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.emplace_back("x-should-retry", error.retry_after_seconds ? "true" : "false");
  if (error.retry_after_seconds) fields.emplace_back("retry-after", std::to_string(*error.retry_after_seconds));
  if (error.status == 401) fields.emplace_back("www-authenticate", "Bearer");
  return fields;
}

ApiError InvalidField(std::string param, std::string code, const std::string& message) {
  const std::string text = param + ": " + message;
  return {.message = text, .param = std::move(param), .code = std::move(code)};
}

ApiError Contradiction(const std::string& first, const std::string& second, const std::string& why) {
  return {.message = first + " and " + second + ": " + why, .param = second, .code = "contradicting_parameters"};
}

ApiError ErrorOf(Refusal why, const std::string& message, std::optional<std::string> input) {
  switch (why) {
    case Refusal::kInvalid:
      return {.message = message, .code = "invalid_value"};
    case Refusal::kTooLong:
      // Clients that do not read codes know it by OpenAI's words (litellm does).
      return {.message = "this model's maximum context length is exceeded: " + message,
              .param = std::move(input),
              .code = "context_length_exceeded"};
    case Refusal::kTemplate:
      return {.message = message, .param = "messages", .code = "chat_template_error"};
    case Refusal::kUnsupported:
      return {.message = message, .code = "unsupported_value"};
    case Refusal::kFile:
      return {.status = 500, .type = kServerError, .message = message, .code = "model_file_error"};
    case Refusal::kMemory:
      return {.status = 503, .type = kServerError, .message = message, .code = "insufficient_memory"};
    case Refusal::kWorkerDied:
      return WorkerDied();
    case Refusal::kInternal:
      break;
  }
  return {.status = 500, .type = kServerError, .message = message, .code = "internal_error"};
}

ApiError ModelNotFound(const std::string& model) {
  ApiError error =
      NotFound("model_not_found", "the model " + Quoted(model) + " is not served here; GET /v1/models lists them");
  error.param = "model";
  return error;
}

ApiError ModelNotAllowed(const std::string& model) {
  return {.status = 403,
          .type = "permission_error",
          .message = "this key may not use the model " + Quoted(model),
          .param = "model",
          .code = "model_not_allowed"};
}

ApiError CannotChat(const std::string& model) {
  return {.message = "the model " + Quoted(model) + " has no chat template: use /v1/completions",
          .param = "model",
          .code = "no_chat_template"};
}

ApiError MissingKey() {
  return {.status = 401,
          .type = "authentication_error",
          .message = "a key is needed: Authorization: Bearer KEY",
          .code = "missing_api_key"};
}

ApiError WrongKey() {
  return {.status = 401,
          .type = "authentication_error",
          .message = "the key is not known or has been revoked",
          .code = "invalid_api_key"};
}

ApiError RouteNotFound(const std::string& method, const std::string& path) {
  return NotFound("unknown_url",
                  Printable(method, 20) + " " + Printable(path) + " is nothing that is served here; see /openapi.json");
}

ApiError MethodNotAllowed(const std::string& method, const std::string& path) {
  return {.status = 405,
          .message = Printable(path) + " does not answer " + Printable(method, 20),
          .code = "method_not_allowed"};
}

ApiError CompletionNotFound(const std::string& id) {
  return NotFound("completion_not_found", "no answer of the id " + Quoted(id) + " is under way");
}

ApiError TooManyRequests(uint32_t waiting, uint32_t most, uint32_t retry_seconds) {
  return {
      .status = 429,
      .type = "rate_limit_error",
      .message = std::to_string(waiting) + " requests are under way or wait, at most " + std::to_string(most) + " may",
      .code = "queue_full",
      .retry_after_seconds = retry_seconds};
}

ApiError NotEnoughMemory(const std::string& message, uint32_t retry_seconds) {
  ApiError error = ErrorOf(Refusal::kMemory, message);
  error.retry_after_seconds = retry_seconds;
  return error;
}

// A request under which the worker ended may be what ended it: nothing should send it again by itself.
ApiError WorkerDied() {
  return {.status = 503,
          .type = kServerError,
          .message = "the process that computes has ended while it answered; it is being started again",
          .code = "worker_died"};
}

ApiError ShuttingDown() {
  return {.status = 503,
          .type = kServerError,
          .message = "the server is stopping",
          .code = "shutting_down",
          .retry_after_seconds = 5};
}

}  // namespace candor
