// The head of a response as bytes, and the responses that the server gives by itself.
#ifndef CANDOR_SERVER_RESPONSE_HEAD_H_
#define CANDOR_SERVER_RESPONSE_HEAD_H_

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "api/errors.h"
#include "server/exchange.h"

namespace candor {

// "Not Found"; "Unknown" for a status without a name here.
std::string_view ReasonPhrase(int status);

// "Sun, 22 Nov 2026 09:30:00 GMT" (RFC 9110, 5.6.7).
std::string HttpDate(std::time_t time);

struct ResponseFraming {
  enum class Kind {
    kLength,      // content-length
    kChunked,     // transfer-encoding: chunked
    kUntilClose,  // HTTP/1.0 and a length that nobody knows
    kNone         // a status that has no body
  };

  Kind kind = Kind::kLength;
  uint64_t length = 0;
  bool keep_alive = true;
};

// Status line, fields and the empty line. What would end a field's line early is replaced by '?', so that a name that
// came from outside cannot add fields.
std::string WriteResponseHead(const HttpResponse& response, const ResponseFraming& framing, std::string_view date,
                              std::string_view request_id, const HttpFields& more_fields);

HttpResponse ErrorResponse(const ApiError& error);
// The error of a request that no handler has seen, with the type and code that go with `status`.
HttpResponse RefusalResponse(int status, std::string_view why);

}  // namespace candor

#endif  // CANDOR_SERVER_RESPONSE_HEAD_H_
