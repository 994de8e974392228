// What the connections of a server share. All of it belongs to the event loop's thread.
#ifndef CANDOR_SERVER_SERVER_STATE_H_
#define CANDOR_SERVER_SERVER_STATE_H_

#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

#include "server/connection_table.h"
#include "server/event_loop.h"
#include "server/host_policy.h"
#include "server/listen_socket.h"
#include "server/response_head.h"
#include "server/server_options.h"
#include "server/tls.h"

namespace candor {

struct ServerState {
  ServerState(EventLoop& event_loop, ServerOptions server_options, HttpHandler request_handler, size_t max_connections,
              HostPolicy host_policy)
      : loop(event_loop),
        options(std::move(server_options)),
        handler(std::move(request_handler)),
        policy(std::move(host_policy)),
        table(max_connections, options.max_connections_per_network) {}

  // The field Date, made once a second.
  const std::string& Date() {
    const std::time_t now = std::time(nullptr);
    if (now != date_time) {
      date_time = now;
      date = HttpDate(now);
    }
    return date;
  }

  EventLoop& loop;
  const ServerOptions options;
  const HttpHandler handler;
  const HostPolicy policy;
  std::unique_ptr<TlsContext> tls;  // null: plain
  ConnectionTable table;
  std::array<char, 64 << 10> scratch;  // where bytes arrive; holds nothing from one callback to the next
  uint64_t held_bytes = 0;             // of requests that are being read or answered, and of unsent bytes
  bool stopping = false;               // no response keeps its connection
  std::time_t date_time = -1;
  std::string date;
};

// Serves a client from here on; `client` has a descriptor. Closes it at once when the table has no place for it.
// Returns whether it had.
bool StartConnection(const std::shared_ptr<ServerState>& state, Client client);

}  // namespace candor

#endif  // CANDOR_SERVER_SERVER_STATE_H_
