// One client, from accept to close: requests in, responses out, one after the other.
//
// A coroutine for each connection reads as the protocol does: handshake, request, response, again. It waits in one
// place only, for "something has happened" (readable, writable, a deadline, the handler's response), and then looks at
// what it can do. Bytes arrive in a buffer that all connections share, so that an idle one holds none.
#ifndef CANDOR_SERVER_CONNECTION_H_
#define CANDOR_SERVER_CONNECTION_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/connection_table.h"
#include "server/request_reader.h"
#include "server/response_writer.h"
#include "server/server_state.h"
#include "server/transport.h"

namespace candor {

class ConnectionExchange;

class Connection : public TimedConnection, public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(std::shared_ptr<ServerState> state, Client client);
  ~Connection() override;

  // Takes a place in the table and begins; false when there is none.
  bool Start();

  void OnDeadline() override;
  void Evict() override { Close(); }

  // For ConnectionExchange, while it is the current one.
  void SetUser(const std::string& user) { record_->user = user; }
  void Respond(HttpResponse response);
  void Begin(const HttpResponse& head);
  void Send(std::string_view bytes);
  void End();
  size_t unsent_bytes() const { return out_.size() - out_begin_; }
  // The handler has let go of the exchange.
  void Forget();

 private:
  enum class Outcome {
    kMore,      // bytes are missing
    kRequest,   // `request_` is whole
    kAnswered,  // the response is in `out_`, no handler has to see the request
    kClosed,
  };

  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<void> Serve();
  boost::asio::awaitable<bool> Handshake();
  boost::asio::awaitable<Outcome> ReadRequest();
  // Until the response is whole and sent; false when the connection was closed before.
  boost::asio::awaitable<bool> FinishResponse();
  boost::asio::awaitable<void> Linger();
  // Until something happens. What is wanted of the socket is said before, by Want().
  boost::asio::awaitable<void> Wait();
  // Lets others have their turn.
  boost::asio::awaitable<void> Yield();

  void Want(Transport::Status status);
  void Wake() { wake_.cancel(); }
  bool closed() const { return !socket_.is_open(); }

  // Gives bytes to the reader, up to the end of the request; the rest goes to `pending_`.
  Outcome Consume(std::string_view bytes);
  Outcome AfterHead();
  Outcome AfterDeadline();
  Outcome AnswerWith(const HttpResponse& response);
  Outcome Refuse(int status, std::string_view why);
  void BeginRequest(const RequestHead& head);
  void EndRequest(bool left);
  void CallHandler();
  // The request under way holds so many bytes now. Throws HttpRefusal when all connections hold too many.
  void HoldRequest(uint64_t bytes);
  // Brings this connection's share of ServerState::held_bytes up to date.
  void CountHeldBytes();
  void SetReadDeadline();
  Transport::Status Flush();
  Transport::Status WriteUnsent();
  // Takes what has come behind the request, and notices a client that leaves.
  void Watch();
  void Move(ConnectionTable::Stage stage, Clock::time_point deadline);
  void Close();

  std::shared_ptr<ServerState> state_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer wake_;  // never expires: cancelled when something has happened
  std::unique_ptr<Transport> transport_;
  std::string peer_;
  ConnectionTable::Network network_;
  std::optional<ConnectionTable::Handle> place_;

  bool reading_ = false;  // a wait for the socket is under way
  bool writing_ = false;
  bool timed_out_ = false;
  bool client_ended_ = false;

  std::optional<RequestReader> reader_;
  std::string pending_;  // bytes behind the request that is being answered
  // Of the request under way:
  std::optional<ResponseWriter> writer_;
  std::unique_ptr<HttpRequest> request_;
  ConnectionExchange* exchange_ = nullptr;  // null when the handler has let go of it
  uint64_t request_bytes_ = 0;              // that it holds
  std::unique_ptr<RequestRecord> record_;
  Clock::time_point begun_;

  std::string out_;  // from out_begin_ on still to be sent
  size_t out_begin_ = 0;
  uint64_t sent_bytes_ = 0;
  uint64_t held_bytes_ = 0;  // the share of ServerState::held_bytes: of the request and what is still to be sent
};

}  // namespace candor

#endif  // CANDOR_SERVER_CONNECTION_H_
