#include "server/response_head.h"

#include <algorithm>
#include <array>

#include "server/http_characters.h"

namespace candor {
namespace {

struct StatusName {
  int status;
  std::string_view reason;
  std::string_view code;  // of a refusal
};

constexpr std::array<StatusName, 31> kStatusNames = {{
    {100, "Continue", ""},
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {301, "Moved Permanently", ""},
    {302, "Found", ""},
    {304, "Not Modified", ""},
    {307, "Temporary Redirect", ""},
    {308, "Permanent Redirect", ""},
    {400, "Bad Request", "bad_request"},
    {401, "Unauthorized", "invalid_api_key"},
    {403, "Forbidden", "forbidden"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "method_not_allowed"},
    {406, "Not Acceptable", "not_acceptable"},
    {408, "Request Timeout", "request_timeout"},
    {409, "Conflict", "conflict"},
    {411, "Length Required", "length_required"},
    {413, "Content Too Large", "content_too_large"},
    {414, "URI Too Long", "uri_too_long"},
    {415, "Unsupported Media Type", "unsupported_media_type"},
    {417, "Expectation Failed", "expectation_failed"},
    {422, "Unprocessable Content", "unprocessable_content"},
    {429, "Too Many Requests", "too_many_requests"},
    {431, "Request Header Fields Too Large", "header_fields_too_large"},
    {500, "Internal Server Error", "internal_error"},
    {501, "Not Implemented", "not_implemented"},
    {503, "Service Unavailable", "service_unavailable"},
    {504, "Gateway Timeout", "timeout"},
    {505, "HTTP Version Not Supported", "http_version_not_supported"},
}};

const StatusName* FindStatus(int status) {
  const auto found = std::find_if(kStatusNames.begin(), kStatusNames.end(),
                                  [&](const StatusName& name) { return name.status == status; });
  return found == kStatusNames.end() ? nullptr : &*found;
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  for (const char c : name) out += IsTokenCharacter(c) ? c : '?';
  out += ": ";
  for (const char c : value) out += IsFieldValueCharacter(c) ? c : '?';
  out += "\r\n";
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  const StatusName* name = FindStatus(status);
  return name == nullptr ? "Unknown" : name->reason;
}

std::string HttpDate(std::time_t time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  const auto digits = [](int value, size_t width) {
    std::string text = std::to_string(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
  };
  return std::string(kDays[static_cast<size_t>(utc.tm_wday)]) + ", " + digits(utc.tm_mday, 2) + " " +
         kMonths[static_cast<size_t>(utc.tm_mon)] + " " + digits(utc.tm_year + 1900, 4) + " " + digits(utc.tm_hour, 2) +
         ":" + digits(utc.tm_min, 2) + ":" + digits(utc.tm_sec, 2) + " GMT";
}

std::string WriteResponseHead(const HttpResponse& response, const ResponseFraming& framing, std::string_view date,
                              std::string_view request_id, const HttpFields& more_fields) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += ReasonPhrase(response.status);
  out += "\r\n";
  AppendField(out, "date", date);
  if (!request_id.empty()) AppendField(out, "x-request-id", request_id);
  AppendField(out, "x-content-type-options", "nosniff");
  if (framing.kind != ResponseFraming::Kind::kNone && !response.content_type.empty()) {
    AppendField(out, "content-type", response.content_type);
  }
  if (framing.kind == ResponseFraming::Kind::kLength) {
    AppendField(out, "content-length", std::to_string(framing.length));
  } else if (framing.kind == ResponseFraming::Kind::kChunked) {
    AppendField(out, "transfer-encoding", "chunked");
  }
  // Said in either case: HTTP/1.0 clients wait for it.
  AppendField(out, "connection", framing.keep_alive ? "keep-alive" : "close");
  for (const HttpFields* fields : {&response.fields, &more_fields}) {
    for (const auto& [name, value] : *fields) AppendField(out, name, value);
  }
  return out + "\r\n";
}

HttpResponse ErrorResponse(const ApiError& error) {
  return {.status = error.status, .fields = ErrorFields(error), .body = ErrorJson(error) + "\n"};
}

HttpResponse RefusalResponse(int status, std::string_view why) {
  const StatusName* name = FindStatus(status);
  ApiError error{.status = status, .message = std::string(why), .code = name ? std::string(name->code) : "refused"};
  if (status >= 500) error.type = "server_error";
  if (status == 503) error.retry_after_seconds = 1;
  return ErrorResponse(error);
}

}  // namespace candor
