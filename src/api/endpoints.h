// What is served where: the table behind /openapi.json, docs/api.md and the router.
#ifndef CANDOR_API_ENDPOINTS_H_
#define CANDOR_API_ENDPOINTS_H_

#include <cstdint>
#include <span>

#include "api/fields.h"

namespace candor {

enum class Route : uint8_t {
  kChatCompletions,
  kCloseThought,
  kCompletions,
  kEmbeddings,
  kModels,
  kModel,
  kTokenize,
  kDetokenize,
  kRender,
  kHealth,
  kReady,
  kMetrics,
  kOpenApi,
};

struct Endpoint {
  Route route;
  const char* method;
  const char* path;  // with at most one "{id}", which is one or more characters
  const char* id;    // of the operation
  const char* summary;
  const Shape* request = nullptr;   // null: no body
  const Shape* response = nullptr;  // of status 200; null: see `media_type`
  const Shape* event = nullptr;     // of a stream's payloads, where there can be one
  const char* media_type = "application/json";
  bool needs_key = true;       // where keys are in use
  bool body_optional = false;  // the request may be empty
  bool state_on_503 = false;   // status 503 has `response`, not an error
};

std::span<const Endpoint> Endpoints();

// What an error's `code` may be.
struct ErrorCode {
  const char* code;
  int status;
  const char* sentence;
};
std::span<const ErrorCode> ErrorCodes();

}  // namespace candor

#endif  // CANDOR_API_ENDPOINTS_H_
