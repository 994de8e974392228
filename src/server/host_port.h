// "host:port" as it stands in the field Host, in an absolute target and in an origin.
#ifndef CANDOR_SERVER_HOST_PORT_H_
#define CANDOR_SERVER_HOST_PORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

struct HostPort {
  enum class Kind { kName, kIpv4, kIpv6 };

  Kind kind = Kind::kName;
  std::string host;              // in lower case; an IPv6 address without brackets, in its shortest spelling
  std::optional<uint16_t> port;  // absent when none is written

  bool operator==(const HostPort&) const = default;
};

// Names are letters, digits, '.', '-' and '_': what DNS and hosts files hold. nullopt for anything else.
std::optional<HostPort> ParseHostPort(std::string_view text);

// The same without a port and with brackets left out or not: what a user writes after --host.
std::optional<HostPort> ParseHost(std::string_view text);

// "localhost", a name below it, 127.0.0.0/8 or ::1.
bool IsLoopback(const HostPort& host);

// The text for a URL: with brackets where they belong; the port where there is one.
std::string ToString(const HostPort& host);

}  // namespace candor

#endif  // CANDOR_SERVER_HOST_PORT_H_
