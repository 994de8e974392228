#include "store/http_url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

struct Free {
  void operator()(char* text) const { curl_free(text); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

[[noreturn]] void Refuse(const std::string& text, const std::string& why) {
  // A password must not end up in a log.
  const size_t at = text.rfind('@');
  throw UsageError((at == std::string::npos ? Printable(text) : "..." + Printable(text.substr(at))) + ": " + why);
}

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* value = nullptr;
  if (curl_url_get(url, part, &value, flags) != CURLUE_OK) return "";
  const std::unique_ptr<char, Free> owner(value);
  return value;
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  // libcurl has already rewritten every spelling of an IPv4 address (decimal, octal, short) as four numbers.
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

HttpUrl ParseHttpUrl(const std::string& text, bool allow_http) {
  if (text.size() > kMaxUrlBytes) Refuse(text, "longer than " + std::to_string(kMaxUrlBytes) + " bytes");
  const auto is_forbidden = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_forbidden)) Refuse(text, "a space or control character in an address");
  const std::unique_ptr<CURLU, Free> url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    Refuse(text, "not an address; expected https://HOST/PATH");
  }
  HttpUrl parsed;
  parsed.text = text;
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  std::string host = Part(url.get(), CURLUPART_HOST);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  parsed.secure = scheme == "https";
  parsed.loopback = IsLoopback(host);
  if (!parsed.secure && scheme != "http") Refuse(text, "\"" + scheme + "\" is not a way to download; expected https");
  if (!parsed.secure && !parsed.loopback && !allow_http) {
    Refuse(text, "plain http can be read and changed on the way; use https, or --allow-http if you trust the network");
  }
  parsed.origin = scheme + "://" + host + ":" + Part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const std::string path = Part(url.get(), CURLUPART_PATH, CURLU_URLDECODE);
  parsed.file = path.substr(path.find_last_of('/') + 1);
  for (const CURLUPart part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    curl_url_set(url.get(), part, nullptr, 0);
  }
  parsed.shown = Printable(Part(url.get(), CURLUPART_URL), kMaxUrlBytes);
  return parsed;
}

HttpUrl RedirectTarget(const HttpUrl& from, const std::string& location, bool allow_http) {
  if (location.empty()) throw IoError(from.shown + ": a redirect without an address");
  try {
    HttpUrl target = ParseHttpUrl(location, allow_http);
    if (!from.secure || target.secure) return target;
    throw IoError(from.shown + ": redirects from https to " + target.shown);
  } catch (const UsageError& error) {
    throw IoError(from.shown + " redirects to " + error.what());
  }
}

std::string EncodePath(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~/";
  std::string encoded;
  for (const char c : path) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace candor
