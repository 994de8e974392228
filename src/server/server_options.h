// How a server listens, what it takes, and for how long it waits.
#ifndef CANDOR_SERVER_SERVER_OPTIONS_H_
#define CANDOR_SERVER_SERVER_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/exchange.h"
#include "server/header_check.h"

namespace candor {

struct ServerDeadlines {
  using Duration = std::chrono::steady_clock::duration;

  Duration head = std::chrono::seconds(10);         // from connecting, or from the first byte of a later request
  Duration body = std::chrono::seconds(10);         // that a body may take besides its time at the least rate
  uint64_t body_bytes_per_second = 1024;            // the least rate
  Duration idle = std::chrono::seconds(60);         // between two requests
  Duration slow_reader = std::chrono::seconds(30);  // in which a client takes no byte of what is there for it
  Duration linger = std::chrono::seconds(2);        // for a client to close after the last response
};

// What has become of a request: for logs and counters.
struct RequestRecord {
  std::string id;
  std::string peer;
  std::string method;  // empty when the header block was refused
  std::string path;
  std::string user;   // see Exchange::SetUser(); empty when nobody knows
  int status = 0;     // 0: the client left before the response began
  bool left = false;  // before the response was whole
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  std::chrono::steady_clock::duration duration{};  // from the end of the header block to the last byte of the response
};

struct ServerOptions {
  std::vector<std::string> hosts = {"127.0.0.1"};
  uint16_t port = 8080;  // 0: any that is free

  std::vector<std::string> allowed_hosts;    // HostPolicyOptions
  std::vector<std::string> allowed_origins;  // HostPolicyOptions

  // PEM texts; both or none.
  std::string tls_certificates;
  std::string tls_private_key;

  HttpLimits limits;
  ServerDeadlines deadlines;
  size_t max_connections = 0;  // 0: as many as there are descriptors, but for a reserve
  size_t max_connections_per_network = 4096;
  // Of all requests and of what clients have not taken yet of responses; requests beyond it are answered with 503.
  uint64_t max_held_bytes = 256 << 20;

  // Called when the header block is there and passed the checks, before the body is read (`body` is empty). A response
  // ends the request there, and the connection with it where a body was to come. May be null.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> before_body;
  // May be null.
  std::function<void(const RequestRecord&)> on_request_end;
  // Called when HttpServer::Stop() waits no longer for responses: handlers can still end them with an error. May be
  // null.
  std::function<void()> on_grace_over;
};

}  // namespace candor

#endif  // CANDOR_SERVER_SERVER_OPTIONS_H_
