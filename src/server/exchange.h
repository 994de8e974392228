// One HTTP request and its response, as handlers see them: no sockets, no Asio.
#ifndef CANDOR_SERVER_EXCHANGE_H_
#define CANDOR_SERVER_EXCHANGE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor {

using HttpFields = std::vector<std::pair<std::string, std::string>>;  // names as they came; compare without case

// What arrived whole and passed the checks of the header block, the Host and Origin policy and the limits. The facts
// that the server adds are members and never among `fields`, where a client could have put them.
struct HttpRequest {
  std::string method;  // "GET", "POST"...
  std::string path;    // decoded, from "/", without query
  std::string query;   // after "?", as it came
  HttpFields fields;
  std::string body;
  std::string peer;  // address of the client
  std::string id;    // of this request: goes back as x-request-id

  // The value of the first field of that name (lower case); null when there is none.
  const std::string* Find(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpFields fields = {};  // besides content-type, length, date, x-request-id and those of the Origin policy
  std::string content_type = "application/json";
  std::string body = {};
};

// Made by the server for each request and given to the handler, which keeps it until it has responded. All calls come
// from the event loop's thread. When the client has left, calls change nothing.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const HttpRequest& request() const = 0;

  // Who has asked, for RequestRecord::user.
  virtual void SetUser(const std::string& user) = 0;

  // Either the whole response...
  virtual void Respond(HttpResponse response) = 0;
  // ... or its head (body empty) and then pieces of it, in chunked coding, until End().
  virtual void Begin(HttpResponse head) = 0;
  virtual void Send(std::string_view bytes) = 0;
  virtual void End() = 0;

  // Bytes given to Send() that the client has not taken yet. A client that takes none for the time that
  // ServerOptions names is left; a handler that would rather wait looks here.
  virtual size_t unsent_bytes() const = 0;
  // Called once, when the client leaves before the response is whole. At once when it has already left.
  virtual void OnLeft(std::function<void()> what) = 0;
};

// Answers every request. The exchange outlives the call when the handler keeps it; one that is dropped without a
// response is answered with status 500.
using HttpHandler = std::function<void(std::shared_ptr<Exchange>)>;

}  // namespace candor

#endif  // CANDOR_SERVER_EXCHANGE_H_
