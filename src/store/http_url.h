// Which addresses a download may use. Addresses are taken apart by libcurl, which also connects: two parsers that
// disagree about a host are how such rules are got around.
#ifndef CANDOR_STORE_HTTP_URL_H_
#define CANDOR_STORE_HTTP_URL_H_

#include <string>
#include <string_view>

namespace candor {

struct HttpUrl {
  std::string text;       // whole, as it is requested
  std::string origin;     // "https://host:443": scheme, host in lower case, port
  std::string shown;      // without user, password, query and fragment, for messages and records
  std::string file;       // the last segment of the path, percent-decoded
  bool secure = false;    // https
  bool loopback = false;  // localhost, 127.0.0.0/8 or ::1
};

constexpr size_t kMaxUrlBytes = 8192;

// Throws UsageError when `text` is not an absolute http or https address, has control characters or is too long. Plain
// http is accepted to this machine, and elsewhere when `allow_http`.
HttpUrl ParseHttpUrl(const std::string& text, bool allow_http);

// Where a redirect from `from` leads. Throws IoError, since it is the server's mistake and not the user's, for what
// ParseHttpUrl refuses and for plain http after https, whatever `allow_http` says.
HttpUrl RedirectTarget(const HttpUrl& from, const std::string& location, bool allow_http);

// `segments` joined by '/', each percent-encoded but for '/'.
std::string EncodePath(std::string_view path);

}  // namespace candor

#endif  // CANDOR_STORE_HTTP_URL_H_
