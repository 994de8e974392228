// Sockets that wait for clients. After these are made, a server makes no socket ever: it only accepts.
#ifndef CANDOR_SERVER_LISTEN_SOCKET_H_
#define CANDOR_SERVER_LISTEN_SOCKET_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "server/host_port.h"

namespace candor {

struct ListenSocket {
  Descriptor descriptor;
  HostPort bound;  // address and port
};

// Listens on each address that `host` (a name or an address) has, all on one port; 0 picks a free one. Throws
// IoError naming host and port.
std::vector<ListenSocket> Listen(const std::string& host, uint16_t port);

// An accepted client.
struct Client {
  Descriptor descriptor;  // does not wait
  std::string address;    // "127.0.0.1"
  // Who counts as one: an IPv4 address, or the 64 bits of an IPv6 network.
  std::array<unsigned char, 8> network = {};
};

// The next client in the queue of `listener`. Without a descriptor when there is none, or none can be taken; then
// `error` is the errno, EAGAIN when there is none.
Client Accept(int listener, int& error);

}  // namespace candor

#endif  // CANDOR_SERVER_LISTEN_SOCKET_H_
