#include "store/http_client.h"

#include <curl/curl.h>

#include <array>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr long kBufferBytes = 256 << 10;

bool IsRedirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
bool IsSuccess(long status) { return status >= 200 && status < 300; }
bool IsTransient(long status) { return status == 408 || status == 429 || (status >= 500 && status != 501); }

bool MayPass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

void Check(CURLcode code) { CHECK(code == CURLE_OK); }

}  // namespace

struct HttpClient::State {
  CURL* handle = nullptr;
  std::array<char, CURL_ERROR_SIZE> reason{};  // of the last failure; libcurl writes it
};

// One request as libcurl's callbacks see it. An exception cannot pass through libcurl: it is kept and thrown after.
struct HttpClient::Transfer {
  Transfer(CURL* curl, const HttpUrl& url, const HttpBody& what_to_do, const std::function<bool()>& ask,
           size_t header_limit)
      : handle(curl), body(&what_to_do), go_on(&ask), max_header_bytes(header_limit) {
    response.url = url;
  }

  CURL* handle;
  DownloadResponse response;
  const HttpBody* body;
  const std::function<bool()>* go_on;
  size_t header_bytes = 0;
  size_t max_header_bytes;
  bool begun = false;
  bool stopped = false;
  std::exception_ptr error;
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  std::unique_ptr<curl_slist, FreeList> fields;

  static size_t OnHeader(char* data, size_t size, size_t count, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    const std::string_view line(data, size * count);
    self.header_bytes += line.size();
    if (self.header_bytes > self.max_header_bytes) {
      self.error = std::make_exception_ptr(IoError(self.response.url.shown + ": the answer's header is longer than " +
                                                   std::to_string(self.max_header_bytes) + " bytes"));
      return 0;
    }
    if (line.starts_with("HTTP/")) {  // an interim answer (100, a proxy's) may have come before
      HttpUrl url = std::move(self.response.url);
      self.response = DownloadResponse();
      self.response.url = std::move(url);
      return line.size();
    }
    const auto field = ParseHeaderLine(line);
    if (!field) return line.size();
    if (field->name == "content-length") self.response.length = ParseDecimal(field->value);
    if (field->name == "content-range") self.response.range = ParseContentRange(field->value);
    if (field->name == "etag") self.response.etag = field->value;
    if (field->name == "x-linked-etag") self.response.linked_etag = field->value;
    return line.size();
  }

  void Begin() {
    if (begun) return;
    begun = true;
    Check(curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status));
    if (IsSuccess(response.status) && body->begin) body->begin(response);
  }

  static size_t OnBody(char* data, size_t size, size_t count, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    try {
      self.Begin();
      if (IsSuccess(self.response.status) && self.body->bytes) {
        self.body->bytes(std::as_bytes(std::span(data, size * count)));
      }
    } catch (...) {
      self.error = std::current_exception();
      return 0;
    }
    return size * count;
  }

  static int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& self = *static_cast<Transfer*>(user);
    try {
      self.stopped = !(*self.go_on)();
    } catch (...) {
      self.error = std::current_exception();
    }
    return self.stopped || self.error ? 1 : 0;
  }
};

HttpClient::HttpClient(const DownloadLimits& limits) : limits_(limits), state_(std::make_unique<State>()) {
  state_->handle = curl_easy_init();
  if (state_->handle == nullptr) throw IoError("libcurl does not start");
}

HttpClient::~HttpClient() { curl_easy_cleanup(state_->handle); }

void HttpClient::Configure(const DownloadRequest& request, Transfer& transfer) {
  CURL* const handle = state_->handle;
  curl_easy_reset(handle);
  state_->reason[0] = '\0';
  Check(curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, state_->reason.data()));
  Check(curl_easy_setopt(handle, CURLOPT_URL, request.url.text.c_str()));
  Check(curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https"));
  Check(curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L));
  Check(curl_easy_setopt(handle, CURLOPT_NOBODY, request.head ? 1L : 0L));
  Check(curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L));
  Check(curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, limits_.connect_seconds));
  Check(curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, limits_.slow_bytes_per_second));
  Check(curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, limits_.slow_seconds));
  Check(curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBufferBytes));
  Check(curl_easy_setopt(handle, CURLOPT_USERAGENT, "candor"));
  Check(curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader));
  Check(curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer));
  Check(curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::OnBody));
  Check(curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer));
  Check(curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L));
  Check(curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::OnProgress));
  Check(curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer));
  if (request.url.loopback) Check(curl_easy_setopt(handle, CURLOPT_PROXY, ""));
  if (!request.bearer_token.empty() && (request.url.secure || request.url.loopback)) {
    Check(curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER));
    Check(curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, request.bearer_token.c_str()));
  }
  if (request.begin == 0) return;
  Check(curl_easy_setopt(handle, CURLOPT_RANGE, (std::to_string(request.begin) + "-").c_str()));
  if (request.if_range.empty()) return;
  transfer.fields.reset(curl_slist_append(nullptr, ("If-Range: " + request.if_range).c_str()));
  Check(curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer.fields.get()));
}

std::optional<DownloadResponse> HttpClient::FetchOnce(const DownloadRequest& request, const HttpBody& body,
                                                      const std::function<bool()>& go_on) {
  Transfer transfer(state_->handle, request.url, body, go_on, limits_.header_bytes);
  Configure(request, transfer);
  const CURLcode code = curl_easy_perform(state_->handle);
  if (transfer.error) std::rethrow_exception(transfer.error);
  if (transfer.stopped) return std::nullopt;
  if (code != CURLE_OK) {
    const char* reason = state_->reason[0] != '\0' ? state_->reason.data() : curl_easy_strerror(code);
    const std::string message = request.url.shown + ": " + Printable(reason, CURL_ERROR_SIZE);
    if (MayPass(code)) throw TransientError(message);
    throw IoError(message);
  }
  transfer.Begin();
  char* location = nullptr;
  Check(curl_easy_getinfo(state_->handle, CURLINFO_REDIRECT_URL, &location));
  if (location != nullptr) transfer.response.location = location;
  if (IsTransient(transfer.response.status)) {
    throw TransientError(request.url.shown + ": the server answers with status " +
                         std::to_string(transfer.response.status));
  }
  return transfer.response;
}

std::optional<DownloadResponse> HttpClient::Fetch(const DownloadRequest& request, const HttpBody& body,
                                                  const std::function<bool()>& go_on) {
  DownloadRequest next = request;
  std::string linked_etag;
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    std::optional<DownloadResponse> response = FetchOnce(next, body, go_on);
    if (!response) return std::nullopt;
    const bool at_origin = next.url.origin == request.url.origin;
    if (at_origin && linked_etag.empty()) linked_etag = response->linked_etag;
    response->linked_etag = linked_etag;
    if (!IsRedirect(response->status)) return response;
    const HttpUrl target = RedirectTarget(next.url, response->location, request.allow_http);
    if (request.stay_at_origin && target.origin != request.url.origin) return response;
    if (target.origin != request.url.origin) next.bearer_token.clear();
    next.url = target;
  }
  throw IoError(request.url.shown + ": more than " + std::to_string(kMaxRedirects) + " redirects");
}

}  // namespace candor
