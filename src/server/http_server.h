// An HTTP/1.1 server: listens, and calls a handler for each request that is whole and passed the checks.
//
// It accepts and never connects: after Listen() it makes no socket. No thread; everything happens in the event loop's.
#ifndef CANDOR_SERVER_HTTP_SERVER_H_
#define CANDOR_SERVER_HTTP_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/event_loop.h"
#include "server/exchange.h"
#include "server/host_port.h"
#include "server/listen_socket.h"
#include "server/server_options.h"

namespace candor {

struct ServerState;

class HttpServer {
 public:
  // `loop` must outlive it, and every Exchange that a handler keeps. Raises this process's limit of descriptors, then
  // makes the sockets; clients wait in their queues until Start(). Throws IoError naming the address that cannot be
  // listened on, and UsageError for options that cannot be meant (TLS, allowed hosts and origins).
  HttpServer(EventLoop& loop, ServerOptions options, HttpHandler handler);
  // Closes everything at once; handlers are told that their clients have left.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void Start();
  // Accepts no more, closes who has no request under way, lets responses come to their end for `grace`, then calls
  // ServerOptions::on_grace_over, closes what is left half a second later and calls `stopped` from the loop. Called
  // again, the grace is over.
  void Stop(std::chrono::steady_clock::duration grace, std::function<void()> stopped);

  // Addresses and ports.
  const std::vector<HostPort>& bound() const { return bound_; }
  // Where a client on this machine finds it: "http://127.0.0.1:8080".
  std::vector<std::string> urls() const;

  struct Counts {
    size_t idle = 0;   // now: between two requests
    size_t heads = 0;  // now: connected, or inside a header block
    size_t busy = 0;   // now: reading a body, or being answered
    uint64_t accepted = 0;
    uint64_t refused = 0;  // for want of a place
    uint64_t evicted = 0;  // to make room
  };
  Counts counts() const;

 private:
  void AcceptFrom(int listener);
  void Pause();
  void Sweep();
  void EndStop();

  EventLoop& loop_;
  std::vector<ListenSocket> sockets_;
  std::vector<HostPort> bound_;
  std::shared_ptr<ServerState> state_;
  std::vector<EventLoop::Subscriptions> listening_;
  EventLoop::Subscriptions sweep_;
  EventLoop::Subscriptions pause_;
  uint64_t accepted_ = 0;
  uint64_t refused_ = 0;
  std::chrono::steady_clock::time_point stop_by_;
  bool grace_over_ = false;
  std::function<void()> stopped_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_HTTP_SERVER_H_
