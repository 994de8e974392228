#include "server/connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/hex.h"
#include "base/random_bytes.h"
#include "server/event_loop_impl.h"
#include "server/http_refusal.h"

namespace candor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Stage = ConnectionTable::Stage;
using Status = Transport::Status;

// Bytes behind a request that are taken while it is answered: they show whether the client is still there.
constexpr size_t kMaxPendingBytes = 64 << 10;
// A buffer that has grown beyond this is given back when it is empty.
constexpr size_t kKeptBufferBytes = 4 << 10;
// Reads without a pause, so that one fast client does not keep the others waiting.
constexpr int kReadsInARow = 16;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string NewRequestId() { return "req_" + ToHex(RandomNumber<std::array<std::byte, 12>>()); }

}  // namespace

// Holds the connection until the response is whole or the client has left; nothing that is called afterwards matters.
class ConnectionExchange : public Exchange {
 public:
  ConnectionExchange(std::shared_ptr<Connection> connection, HttpRequest request)
      : connection_(std::move(connection)), request_(std::move(request)) {}
  ~ConnectionExchange() override {
    if (const auto connection = std::move(connection_)) connection->Forget();
  }

  const HttpRequest& request() const override { return request_; }
  void Respond(HttpResponse response) override {
    if (connection_) connection_->Respond(std::move(response));
  }
  void SetUser(const std::string& user) override {
    if (connection_) connection_->SetUser(user);
  }
  void Begin(HttpResponse head) override {
    if (connection_) connection_->Begin(head);
  }
  void Send(std::string_view bytes) override {
    if (connection_) connection_->Send(bytes);
  }
  void End() override {
    if (connection_) connection_->End();
  }
  size_t unsent_bytes() const override { return connection_ ? connection_->unsent_bytes() : 0; }
  void OnLeft(std::function<void()> what) override {
    if (left_) {
      what();
    } else if (connection_) {
      on_left_ = std::move(what);
    }
  }

  // The connection has no more to do with this. `what` may be the end of this object.
  void Leave(bool before_whole) {
    left_ = before_whole;
    connection_.reset();
    const std::function<void()> what = std::exchange(on_left_, nullptr);
    if (left_ && what) what();
  }

 private:
  std::shared_ptr<Connection> connection_;
  HttpRequest request_;
  std::function<void()> on_left_;
  bool left_ = false;
};

bool StartConnection(const std::shared_ptr<ServerState>& state, Client client) {
  return std::make_shared<Connection>(state, std::move(client))->Start();
}

Connection::Connection(std::shared_ptr<ServerState> state, Client client)
    : state_(std::move(state)),
      socket_(state_->loop.impl().io),
      wake_(state_->loop.impl().io, Clock::time_point::max()),
      peer_(std::move(client.address)),
      network_(client.network) {
  const int socket = client.descriptor.number();
  socket_.assign(socket);
  client.descriptor.Release();
  transport_ = state_->tls ? state_->tls->MakeTransport(socket) : MakePlainTransport(socket);
}

Connection::~Connection() = default;

bool Connection::Start() {
  place_ = state_->table.Add(this, network_, Clock::now() + state_->options.deadlines.head);
  if (!place_) return false;
  const auto run = [self = shared_from_this()] { return self->Run(); };
  asio::co_spawn(state_->loop.impl().io, run, asio::detached);
  return true;
}

asio::awaitable<void> Connection::Run() {
  try {
    co_await Serve();
  } catch (const std::exception&) {
    // No memory, or no more timers: this client's loss alone.
  }
  Close();
}

asio::awaitable<void> Connection::Serve() {
  if (!co_await Handshake()) co_return;
  for (;;) {
    const Outcome outcome = co_await ReadRequest();
    if (outcome == Outcome::kClosed) co_return;
    if (outcome == Outcome::kRequest) CallHandler();
    const bool finished = co_await FinishResponse();
    if (!finished) co_return;
    const bool keep = writer_->keep_alive() && !state_->stopping;
    EndRequest(false);
    if (!keep) break;
    if (!pending_.empty()) co_await Yield();
    if (closed()) co_return;
  }
  co_await Linger();
}

asio::awaitable<bool> Connection::Handshake() {
  for (;;) {
    const Status status = transport_->Handshake().status;
    if (status == Status::kDone) co_return true;
    if (status == Status::kEnd || status == Status::kFailed) co_return false;
    Want(status);
    co_await Wait();
    if (closed() || timed_out_) co_return false;
  }
}

asio::awaitable<Connection::Outcome> Connection::ReadRequest() {
  reader_.emplace(state_->options.limits);
  if (record_ == nullptr && pending_.empty() && sent_bytes_ > 0) {
    Move(Stage::kIdle, Clock::now() + state_->options.deadlines.idle);
  }
  for (int reads = 1;; ++reads) {
    Outcome outcome = Outcome::kMore;
    if (!pending_.empty()) {
      const std::string bytes = std::exchange(pending_, {});
      outcome = Consume(bytes);
    } else if (client_ended_) {
      co_return Outcome::kClosed;
    } else {
      const Transport::Result result = transport_->Read(state_->scratch);
      if (result.status == Status::kDone) {
        outcome = Consume({state_->scratch.data(), result.bytes});
      } else if (result.status == Status::kEnd || result.status == Status::kFailed) {
        co_return Outcome::kClosed;
      } else {
        Want(result.status);
        co_await Wait();
        reads = 0;
        if (!closed() && timed_out_) outcome = AfterDeadline();
      }
    }
    if (outcome != Outcome::kMore) co_return outcome;
    if (!closed() && unsent_bytes() > 0) Want(Flush());  // 100 Continue
    if (reads >= kReadsInARow) {
      co_await Yield();
      reads = 0;
    }
    if (closed()) co_return Outcome::kClosed;
  }
}

asio::awaitable<bool> Connection::FinishResponse() {
  constexpr auto kNever = Clock::time_point::max();
  if (!closed()) Move(Stage::kBusy, kNever);
  for (;;) {
    if (closed()) co_return false;
    const size_t before = unsent_bytes();
    const Status status = Flush();
    if (status == Status::kFailed) co_return false;
    if (writer_->done() && unsent_bytes() == 0) co_return true;
    if (client_ended_ && !writer_->done()) co_return false;
    if (timed_out_ && unsent_bytes() == before) co_return false;
    if (unsent_bytes() == 0) {
      Move(Stage::kBusy, kNever);
    } else if (unsent_bytes() != before || (*place_)->deadline == kNever) {
      Move(Stage::kBusy, Clock::now() + state_->options.deadlines.slow_reader);
    }
    if (status != Status::kDone) Want(status);
    if (!client_ended_ && pending_.size() < kMaxPendingBytes) Want(Status::kWantRead);
    co_await Wait();
    if (!closed()) Watch();
  }
}

asio::awaitable<void> Connection::Linger() {
  // Closing over bytes that were not read would make the kernel take back a response that is still on its way.
  transport_->FinishWriting();
  Move(Stage::kBusy, Clock::now() + state_->options.deadlines.linger);
  for (int reads = 1; !closed() && !timed_out_ && !client_ended_; ++reads) {
    const Status status = transport_->Read(state_->scratch).status;
    if (status == Status::kEnd || status == Status::kFailed) co_return;
    if (status == Status::kDone) {
      if (reads % kReadsInARow == 0) co_await Yield();
      continue;
    }
    Want(status);
    co_await Wait();
  }
}

asio::awaitable<void> Connection::Wait() { co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable)); }

asio::awaitable<void> Connection::Yield() { co_await asio::post(state_->loop.impl().io, asio::use_awaitable); }

void Connection::Want(Status status) {
  if (status != Status::kWantRead && status != Status::kWantWrite) return;
  const bool read = status == Status::kWantRead;
  bool Connection::*const under_way = read ? &Connection::reading_ : &Connection::writing_;
  if (this->*under_way) return;
  this->*under_way = true;
  socket_.async_wait(read ? socket_.wait_read : socket_.wait_write, [self = shared_from_this(), under_way](error_code) {
    (*self).*under_way = false;
    self->Wake();
  });
}

Connection::Outcome Connection::Consume(std::string_view bytes) {
  try {
    while (!bytes.empty() && reader_->state() != RequestReader::State::kDone) {
      const bool in_head = reader_->state() == RequestReader::State::kHead;
      bytes.remove_prefix(reader_->Read(bytes));
      HoldRequest(reader_->held_bytes());
      if (!in_head || reader_->state() == RequestReader::State::kHead) continue;
      if (const Outcome outcome = AfterHead(); outcome != Outcome::kMore) {
        pending_ = bytes;
        return outcome;
      }
    }
  } catch (const HttpRefusal& refusal) {
    return Refuse(refusal.status(), refusal.what());
  }
  if (reader_->state() != RequestReader::State::kDone) {
    SetReadDeadline();
    return Outcome::kMore;
  }
  pending_ = bytes;
  request_->body = std::move(reader_->body());
  record_->received_bytes = request_->body.size();
  reader_.reset();
  return Outcome::kRequest;
}

Connection::Outcome Connection::AfterHead() {
  RequestHead& head = reader_->head();
  BeginRequest(head);
  HostPolicy::Verdict verdict = state_->policy.Check(head);
  writer_.emplace(head, request_->id, std::move(verdict.fields));
  request_->fields = std::move(head.fields);
  const bool body_to_come = reader_->state() == RequestReader::State::kBody;
  std::optional<HttpResponse> response;
  if (verdict.preflight) {
    response = HttpResponse{.status = 204};
  } else if (state_->options.before_body) {
    response = state_->options.before_body(*request_);
  }
  if (response) {
    if (body_to_come) writer_->CloseAfterwards();
    return AnswerWith(*response);
  }
  if (body_to_come && head.expects_continue) out_ += kContinue;
  return Outcome::kMore;
}

Connection::Outcome Connection::AfterDeadline() {
  if (!reader_->started()) return Outcome::kClosed;
  return Refuse(408, "the request did not arrive in time");
}

Connection::Outcome Connection::AnswerWith(const HttpResponse& response) {
  Respond(response);
  reader_.reset();
  return Outcome::kAnswered;
}

Connection::Outcome Connection::Refuse(int status, std::string_view why) {
  if (!writer_) BeginRequest(RequestHead{});
  writer_->CloseAfterwards();
  return AnswerWith(RefusalResponse(status, why));
}

void Connection::BeginRequest(const RequestHead& head) {
  begun_ = Clock::now();
  sent_bytes_ = 0;
  request_ = std::make_unique<HttpRequest>();
  request_->method = head.method;
  request_->path = head.path;
  request_->query = head.query;
  request_->peer = peer_;
  request_->id = NewRequestId();
  record_ = std::make_unique<RequestRecord>();
  record_->id = request_->id;
  record_->peer = peer_;
  record_->method = head.method;
  record_->path = head.path;
  writer_.emplace(head, request_->id, HttpFields{});
}

void Connection::EndRequest(bool left) {
  if (record_ == nullptr) return;
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->Leave(left);
  HoldRequest(0);
  record_->status = writer_->status();
  record_->left = left;
  record_->sent_bytes = sent_bytes_;
  record_->duration = Clock::now() - begun_;
  const std::unique_ptr<RequestRecord> record = std::move(record_);
  writer_.reset();
  request_.reset();
  if (state_->options.on_request_end) state_->options.on_request_end(*record);
}

void Connection::CallHandler() {
  auto exchange = std::make_shared<ConnectionExchange>(shared_from_this(), std::move(*request_));
  request_.reset();
  exchange_ = exchange.get();
  try {
    state_->handler(std::move(exchange));
  } catch (const std::exception&) {
    // Without an exchange there is a response already: Forget() has seen to it.
  }
}

void Connection::Respond(HttpResponse response) {
  CHECK(!writer_->begun());
  if (state_->stopping) writer_->CloseAfterwards();
  writer_->Whole(response, state_->Date(), out_);
  CountHeldBytes();
  Wake();
}

void Connection::Begin(const HttpResponse& head) {
  CHECK(!writer_->begun());
  if (state_->stopping) writer_->CloseAfterwards();
  writer_->Begin(head, state_->Date(), out_);
  CountHeldBytes();
  Wake();
}

void Connection::Send(std::string_view bytes) {
  CHECK(writer_->begun() && !writer_->done());
  writer_->Send(bytes, out_);
  CountHeldBytes();
  Wake();
}

void Connection::End() {
  CHECK(writer_->begun() && !writer_->done());
  writer_->End(out_);
  CountHeldBytes();
  Wake();
}

void Connection::Forget() {
  exchange_ = nullptr;
  if (closed() || writer_->done()) return;
  if (writer_->begun()) {
    Flush();
    Close();  // without the last chunk: the client can tell that something is missing
  } else {
    Respond(RefusalResponse(500, "the request ended without an answer"));
  }
}

void Connection::HoldRequest(uint64_t bytes) {
  const bool more = bytes > request_bytes_;
  request_bytes_ = bytes;
  CountHeldBytes();
  if (more && state_->held_bytes > state_->options.max_held_bytes) {
    throw HttpRefusal(503, "there are too many bytes of requests and responses in memory");
  }
}

void Connection::CountHeldBytes() {
  const uint64_t now = request_bytes_ + unsent_bytes();
  state_->held_bytes = state_->held_bytes - held_bytes_ + now;
  held_bytes_ = now;
}

void Connection::SetReadDeadline() {
  const ServerDeadlines& deadlines = state_->options.deadlines;
  if (reader_->state() == RequestReader::State::kHead) {
    if ((*place_)->stage == Stage::kBusy || (*place_)->stage == Stage::kIdle) {
      Move(Stage::kHead, Clock::now() + deadlines.head);
    }
    return;
  }
  const auto earned = std::chrono::milliseconds(reader_->body().size() * 1000 / deadlines.body_bytes_per_second);
  Move(Stage::kBusy, begun_ + deadlines.body + earned);
}

Transport::Status Connection::Flush() {
  const Status status = WriteUnsent();
  CountHeldBytes();
  return status;
}

Transport::Status Connection::WriteUnsent() {
  while (unsent_bytes() > 0) {
    const Transport::Result result = transport_->Write(std::string_view(out_).substr(out_begin_));
    if (result.status == Status::kEnd) return Status::kFailed;
    if (result.status != Status::kDone) {
      // What is sent goes when it is the greater part, so that the copies stay linear in what passes.
      if (out_begin_ > out_.size() / 2) out_.erase(0, std::exchange(out_begin_, 0));
      return result.status;
    }
    out_begin_ += result.bytes;
    sent_bytes_ += result.bytes;
  }
  out_.clear();
  out_begin_ = 0;
  if (out_.capacity() > kKeptBufferBytes) std::string().swap(out_);
  return Status::kDone;
}

void Connection::Watch() {
  if (reading_ || client_ended_ || pending_.size() >= kMaxPendingBytes) return;
  const Transport::Result result = transport_->Read(state_->scratch);
  if (result.status == Status::kDone) {
    pending_.append(state_->scratch.data(), result.bytes);
  } else if (result.status == Status::kEnd) {
    client_ended_ = true;
  } else if (result.status == Status::kFailed) {
    Close();
  }
}

void Connection::Move(Stage stage, Clock::time_point deadline) {
  timed_out_ = false;
  state_->table.Move(*place_, stage, deadline);
}

void Connection::OnDeadline() {
  timed_out_ = true;
  Wake();
}

void Connection::Close() {
  if (closed()) return;
  const auto self = shared_from_this();
  if (place_) state_->table.Remove(*std::exchange(place_, std::nullopt));
  transport_.reset();
  error_code ignored;
  socket_.close(ignored);
  EndRequest(true);
  std::string().swap(out_);
  out_begin_ = 0;
  HoldRequest(0);
  Wake();
}

}  // namespace candor
