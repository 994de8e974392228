// HTTP requests for downloads, by libcurl.
#ifndef CANDOR_STORE_HTTP_CLIENT_H_
#define CANDOR_STORE_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "store/http_fields.h"
#include "store/http_url.h"

namespace candor {

constexpr int kMaxRedirects = 5;

// The connection or the server failed in a way that may pass: broken off, timed out, status 408, 429 or 5xx.
class TransientError : public IoError {
 public:
  using IoError::IoError;
};

struct DownloadRequest {
  HttpUrl url;
  bool head = false;
  // Ask for the bytes from here on; with `if_range` (a strong entity tag) the whole file when it has changed.
  uint64_t begin = 0;
  std::string if_range;
  // Sent as "Authorization: Bearer" to the origin of `url` alone, and only over https or to this machine.
  std::string bearer_token;
  bool allow_http = false;  // to hosts other than this machine, also in redirects
  // Return a redirect to another origin instead of following it.
  bool stay_at_origin = false;
};

struct DownloadResponse {
  long status = 0;
  HttpUrl url;                     // the last one asked, after redirects
  std::optional<uint64_t> length;  // of the body
  std::optional<ContentRange> range;
  std::string etag;
  std::string linked_etag;  // X-Linked-Etag of the first response that had one, from the first origin only
  std::string location;     // of a redirect, absolute
};

// What to do with the answer. Both may throw, which ends the transfer.
struct HttpBody {
  std::function<void(const DownloadResponse&)> begin;     // once, before the first byte of a 2xx answer
  std::function<void(std::span<const std::byte>)> bytes;  // of a 2xx answer
};

// When a connection or an answer is given up.
struct DownloadLimits {
  long connect_seconds = 30;
  // A connection slower than this for so long is as good as broken.
  long slow_bytes_per_second = 100;
  long slow_seconds = 60;
  size_t header_bytes = 64 << 10;  // of one answer
};

// One connection at a time, kept open between requests. One thread.
class HttpClient {
 public:
  explicit HttpClient(const DownloadLimits& limits = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Follows up to kMaxRedirects redirects (never from https to http, each one checked as ParseHttpUrl does) and returns
  // the final answer, whatever its status. `go_on` is asked at least once a second; nullopt when it returned false.
  // Throws TransientError for what may pass, IoError for what will not (no such host, certificate, redirects, a header
  // that is too long).
  std::optional<DownloadResponse> Fetch(const DownloadRequest& request, const HttpBody& body,
                                        const std::function<bool()>& go_on);

 private:
  struct Transfer;
  struct State;
  void Configure(const DownloadRequest& request, Transfer& transfer);
  std::optional<DownloadResponse> FetchOnce(const DownloadRequest& request, const HttpBody& body,
                                            const std::function<bool()>& go_on);
  DownloadLimits limits_;
  std::unique_ptr<State> state_;
};

}  // namespace candor

#endif  // CANDOR_STORE_HTTP_CLIENT_H_
