#include "server/transport.h"

#include <errno.h>
#include <sys/socket.h>

namespace candor {
namespace {

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  Result Handshake() override { return {Status::kDone}; }

  Result Read(std::span<char> into) override {
    for (;;) {
      const ssize_t got = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
      if (got > 0) return {Status::kDone, static_cast<size_t>(got)};
      if (got == 0) return {Status::kEnd};
      if (errno == EINTR) continue;
      return {errno == EAGAIN || errno == EWOULDBLOCK ? Status::kWantRead : Status::kFailed};
    }
  }

  Result Write(std::string_view bytes) override {
    for (;;) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) return {Status::kDone, static_cast<size_t>(sent)};
      if (errno == EINTR) continue;
      return {errno == EAGAIN || errno == EWOULDBLOCK ? Status::kWantWrite : Status::kFailed};
    }
  }

  void FinishWriting() override { ::shutdown(socket_, SHUT_WR); }

 private:
  int socket_;
};

}  // namespace

std::unique_ptr<Transport> MakePlainTransport(int socket) { return std::make_unique<PlainTransport>(socket); }

}  // namespace candor
