#include "server/http_server.h"

#include <errno.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "server/server_state.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;
using Stage = ConnectionTable::Stage;

// Descriptors for everything that is no client: models, logs, keys, the worker.
constexpr size_t kReservedDescriptors = 256;
// Clients accepted before others have their turn.
constexpr int kAcceptsInARow = 64;
constexpr auto kSweepPeriod = std::chrono::milliseconds(250);
constexpr auto kStoppingSweepPeriod = std::chrono::milliseconds(20);
// In which clients can take the ends of responses that are broken off.
constexpr auto kLastWords = std::chrono::milliseconds(500);
// How long none is accepted when the system has nothing left to accept with.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

size_t MaxConnections(const ServerOptions& options) {
  const size_t descriptors = RaiseDescriptorLimit();
  const size_t possible = descriptors > 2 * kReservedDescriptors ? descriptors - kReservedDescriptors : descriptors / 2;
  return options.max_connections == 0 ? possible : std::min(options.max_connections, possible);
}

HostPolicy MakePolicy(const ServerOptions& options, const std::vector<HostPort>& bound) {
  return HostPolicy({.bound = bound,
                     .tls = !options.tls_certificates.empty(),
                     .allowed_hosts = options.allowed_hosts,
                     .allowed_origins = options.allowed_origins});
}

}  // namespace

HttpServer::HttpServer(EventLoop& loop, ServerOptions options, HttpHandler handler) : loop_(loop) {
  if (options.hosts.empty()) throw UsageError("--host: no address to listen on");
  if (options.tls_certificates.empty() != options.tls_private_key.empty()) {
    throw UsageError("TLS needs both a certificate and its private key");
  }
  std::unique_ptr<TlsContext> tls;
  if (!options.tls_certificates.empty()) {
    tls = std::make_unique<TlsContext>(options.tls_certificates, options.tls_private_key);
  }
  const size_t max_connections = MaxConnections(options);
  for (const std::string& host : options.hosts) {
    // With port 0 the first address chooses for all.
    const uint16_t port = options.port == 0 && !bound_.empty() ? *bound_.front().port : options.port;
    for (ListenSocket& socket : Listen(host, port)) {
      bound_.push_back(socket.bound);
      sockets_.push_back(std::move(socket));
    }
  }
  HostPolicy policy = MakePolicy(options, bound_);
  state_ =
      std::make_shared<ServerState>(loop, std::move(options), std::move(handler), max_connections, std::move(policy));
  state_->tls = std::move(tls);
}

HttpServer::~HttpServer() {
  for (const Stage stage : {Stage::kIdle, Stage::kHead, Stage::kBusy}) state_->table.EvictAll(stage);
}

void HttpServer::Start() {
  for (const ListenSocket& socket : sockets_) {
    const int listener = socket.descriptor.number();
    listening_.push_back(loop_.OnReadable(listener, [this, listener] { AcceptFrom(listener); }));
  }
}

void HttpServer::AcceptFrom(int listener) {
  for (int i = 0; i < kAcceptsInARow; ++i) {
    int error = 0;
    Client client = Accept(listener, error);
    if (error == EAGAIN || error == EWOULDBLOCK) return;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) return Pause();
    if (error != 0) continue;  // that client has gone again
    ++(StartConnection(state_, std::move(client)) ? accepted_ : refused_);
    if (sweep_ == nullptr) sweep_ = loop_.After(kSweepPeriod, [this] { Sweep(); });
  }
}

void HttpServer::Pause() {
  // From within the callback of one of these subscriptions, which may be ended there.
  listening_.clear();
  pause_ = loop_.After(kAcceptPause, [this] {
    if (!state_->stopping) Start();
  });
}

void HttpServer::Sweep() {
  sweep_.reset();
  state_->table.Sweep(Clock::now());
  if (state_->stopping && state_->table.size() > 0 && Clock::now() >= stop_by_ && !grace_over_) {
    grace_over_ = true;
    stop_by_ = Clock::now() + kLastWords;
    if (state_->options.on_grace_over) state_->options.on_grace_over();
  }
  if (state_->stopping && (state_->table.size() == 0 || Clock::now() >= stop_by_)) return EndStop();
  if (state_->table.size() == 0) return;
  sweep_ = loop_.After(state_->stopping ? kStoppingSweepPeriod : kSweepPeriod, [this] { Sweep(); });
}

void HttpServer::Stop(Clock::duration grace, std::function<void()> stopped) {
  stopped_ = std::move(stopped);
  stop_by_ = state_->stopping ? Clock::now() : Clock::now() + grace;
  state_->stopping = true;
  listening_.clear();
  pause_.reset();
  sockets_.clear();
  state_->table.EvictAll(Stage::kIdle);
  state_->table.EvictAll(Stage::kHead);
  sweep_ = loop_.After(Clock::duration::zero(), [this] { Sweep(); });
}

void HttpServer::EndStop() {
  state_->table.EvictAll(Stage::kBusy);
  if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

std::vector<std::string> HttpServer::urls() const {
  std::vector<std::string> urls;
  for (HostPort host : bound_) {
    if (host.host == "0.0.0.0") host.host = "127.0.0.1";
    if (host.host == "::") host.host = "::1";
    urls.push_back((state_->tls ? "https://" : "http://") + ToString(host));
  }
  return urls;
}

HttpServer::Counts HttpServer::counts() const {
  const ConnectionTable& table = state_->table;
  return {table.size(Stage::kIdle), table.size(Stage::kHead), table.size(Stage::kBusy), accepted_, refused_,
          table.evicted()};
}

}  // namespace candor
