#include "server/host_port.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "server/http_characters.h"

namespace candor {
namespace {

constexpr size_t kMaxHostBytes = 255;  // a name in DNS

std::optional<uint16_t> ParsePort(std::string_view text) {
  if (text.size() > 5 || !std::all_of(text.begin(), text.end(), IsHttpDigit)) return std::nullopt;
  uint32_t port = 0;
  for (const char c : text) port = port * 10 + static_cast<uint32_t>(c - '0');
  if (port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

// `text` as an address of `family` in its shortest spelling; empty when it is none.
std::string CanonicalAddress(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  std::array<char, INET6_ADDRSTRLEN> out;
  if (::inet_pton(family, std::string(text).c_str(), address.data()) != 1) return "";
  return ::inet_ntop(family, address.data(), out.data(), out.size());
}

bool IsNameCharacter(char c) { return IsHttpDigit(c) || IsHttpLetter(c) || c == '.' || c == '-' || c == '_'; }

std::optional<HostPort> HostFrom(std::string_view text, bool ipv6) {
  HostPort host;
  if (text.empty() || text.size() > kMaxHostBytes) return std::nullopt;
  if (ipv6) {
    host.kind = HostPort::Kind::kIpv6;
    host.host = CanonicalAddress(AF_INET6, text);
    if (host.host.empty()) return std::nullopt;
    return host;
  }
  if (!std::all_of(text.begin(), text.end(), IsNameCharacter)) return std::nullopt;
  host.host = CanonicalAddress(AF_INET, text);
  if (!host.host.empty()) {
    host.kind = HostPort::Kind::kIpv4;
  } else {
    host.host = ToLowerAscii(text);
  }
  return host;
}

}  // namespace

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const bool bracket = text.starts_with('[');
  const size_t end = bracket ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  std::optional<HostPort> host = HostFrom(text.substr(bracket, end - bracket), bracket);
  std::string_view rest = text.substr(end + bracket);
  if (!host || rest.empty()) return host;
  if (rest[0] != ':') return std::nullopt;
  rest.remove_prefix(1);
  if (rest.empty()) return host;  // "host:" (RFC 3986, 3.2.3)
  host->port = ParsePort(rest);
  if (!host->port) return std::nullopt;
  return host;
}

std::optional<HostPort> ParseHost(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return HostFrom(text.substr(1, text.size() - 2), true);
  return HostFrom(text, text.find(':') != std::string_view::npos);
}

bool IsLoopback(const HostPort& host) {
  switch (host.kind) {
    case HostPort::Kind::kIpv4:
      return host.host.starts_with("127.");
    case HostPort::Kind::kIpv6:
      return host.host == "::1";
    case HostPort::Kind::kName:
      return host.host == "localhost" || host.host.ends_with(".localhost");
  }
  return false;
}

std::string ToString(const HostPort& host) {
  const std::string name = host.kind == HostPort::Kind::kIpv6 ? "[" + host.host + "]" : host.host;
  return host.port ? name + ":" + std::to_string(*host.port) : name;
}

}  // namespace candor
