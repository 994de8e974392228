#include "server/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr int kBacklog = 4096;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::string AddressText(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text;
  const void* bytes = address.ss_family == AF_INET6
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
                          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  const char* out = ::inet_ntop(address.ss_family, bytes, text.data(), text.size());
  return out == nullptr ? "" : out;
}

uint16_t PortOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

class ListenError : public IoError {
 public:
  ListenError(const std::string& name, const char* what, int error)
      : IoError(name + ": cannot " + what + ": " + std::strerror(error)), error_(error) {}
  // This machine has no such address, or no such protocol.
  bool no_address() const { return error_ == EADDRNOTAVAIL || error_ == EAFNOSUPPORT; }

 private:
  int error_;
};

ListenSocket ListenOn(const addrinfo& address, const std::string& name) {
  const auto fail = [&](const char* what) { throw ListenError(name, what, errno); };
  ListenSocket made{Descriptor(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), {}};
  const int socket = made.descriptor.number();
  if (socket < 0) fail("make a socket");
  const auto set = [&](int level, int option) {
    const int on = 1;
    if (::setsockopt(socket, level, option, &on, sizeof on) != 0) fail("set up a socket");
  };
  // Clients' sockets have these from the one that accepts them.
  set(IPPROTO_TCP, TCP_NODELAY);
  set(SOL_SOCKET, SO_KEEPALIVE);
  set(SOL_SOCKET, SO_REUSEADDR);
  if (address.ai_family == AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(socket, address.ai_addr, address.ai_addrlen) != 0) fail("listen");
  if (::listen(socket, kBacklog) != 0) fail("listen");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) fail("listen");
  made.bound.kind = bound.ss_family == AF_INET6 ? HostPort::Kind::kIpv6 : HostPort::Kind::kIpv4;
  made.bound.host = AddressText(bound);
  made.bound.port = PortOf(bound);
  return made;
}

}  // namespace

std::vector<ListenSocket> Listen(const std::string& host, uint16_t port) {
  const std::string name = Printable(host) + " port " + std::to_string(port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const std::string bare = host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(bare.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
    throw IoError(name + ": no such address: " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  std::vector<ListenSocket> sockets;
  for (addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (!sockets.empty() && port == 0) {
      // The same free port on each address of a name.
      const uint16_t chosen = htons(*sockets.front().bound.port);
      if (address->ai_family == AF_INET6) {
        reinterpret_cast<sockaddr_in6*>(address->ai_addr)->sin6_port = chosen;
      } else {
        reinterpret_cast<sockaddr_in*>(address->ai_addr)->sin_port = chosen;
      }
    }
    try {
      sockets.push_back(ListenOn(*address, name));
    } catch (const ListenError& error) {
      // "localhost" has ::1 in many a hosts file, on machines without IPv6 too.
      if (!error.no_address() || (sockets.empty() && address->ai_next == nullptr)) throw;
    }
  }
  return sockets;
}

Client Accept(int listener, int& error) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Client client;
  client.descriptor =
      Descriptor(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  error = client.descriptor.number() < 0 ? errno : 0;
  if (error != 0) return client;
  client.address = AddressText(address);
  if (address.ss_family == AF_INET6) {
    std::memcpy(client.network.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 8);
  } else {
    // No IPv6 network that anybody can have begins with 32 zero bits and goes on.
    std::memcpy(client.network.data() + 4, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  }
  return client;
}

}  // namespace candor
