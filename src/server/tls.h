// TLS 1.2 and 1.3 by OpenSSL, straight over a socket that never waits.
//
// Rejected: asio::ssl::stream, which keeps two buffers of 17 KiB for every connection, idle ones too.
#ifndef CANDOR_SERVER_TLS_H_
#define CANDOR_SERVER_TLS_H_

#include <memory>
#include <string>

#include "server/transport.h"

namespace candor {

class TlsContext {
 public:
  // `certificates`: PEM, the server's own first, then those that vouch for it. `private_key`: PEM, not encrypted.
  // Throws UsageError naming what is wrong with which, or that they do not belong together.
  TlsContext(const std::string& certificates, const std::string& private_key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The socket stays the caller's; the context must outlive the transport.
  std::unique_ptr<Transport> MakeTransport(int socket) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_TLS_H_
