// Bytes to and from a client over an open socket that never waits: plain here, encrypted in tls.h.
#ifndef CANDOR_SERVER_TRANSPORT_H_
#define CANDOR_SERVER_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace candor {

class Transport {
 public:
  enum class Status {
    kDone,
    kWantRead,   // again when the socket can be read
    kWantWrite,  // again when it can be written
    kEnd,        // the client will send no more
    kFailed,     // the connection is gone
  };
  struct Result {
    Status status;
    size_t bytes = 0;  // with kDone: 1 or more, but for Handshake()
  };

  virtual ~Transport() = default;

  virtual Result Handshake() = 0;
  virtual Result Read(std::span<char> into) = 0;
  // `bytes` is not empty. After kWantRead or kWantWrite the next call begins with the same bytes.
  virtual Result Write(std::string_view bytes) = 0;
  // Tells the client that nothing more will come.
  virtual void FinishWriting() = 0;
};

// The socket stays the caller's.
std::unique_ptr<Transport> MakePlainTransport(int socket);

}  // namespace candor

#endif  // CANDOR_SERVER_TRANSPORT_H_
