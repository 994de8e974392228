// Which web pages and which names may reach the server: what keeps a page on a foreign site from using it through the
// user's own browser (DNS rebinding, cross-site requests). Pure.
#ifndef CANDOR_SERVER_HOST_POLICY_H_
#define CANDOR_SERVER_HOST_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/exchange.h"
#include "server/header_check.h"
#include "server/host_port.h"

namespace candor {

struct HostPolicyOptions {
  std::vector<HostPort> bound = {};  // where the server listens, with ports
  bool tls = false;
  std::vector<std::string> allowed_hosts = {};    // "chat.example" (any port) or "chat.example:8443"
  std::vector<std::string> allowed_origins = {};  // "https://chat.example"; "*" = every page there is
};

class HostPolicy {
 public:
  // Throws UsageError naming --allowed-host or --allowed-origin for a text that cannot be one.
  explicit HostPolicy(const HostPolicyOptions& options);

  struct Verdict {
    HttpFields fields;       // for the response, whatever it will be
    bool preflight = false;  // answered with these fields and 204, without a handler
  };

  // Throws HttpRefusal: 403 for a host or an origin that is not allowed, 415 for a call that may change something and
  // is not JSON, which a page could send without asking.
  //
  // Host: where the server listens; loopback names and addresses with its port; any address when it listens on all (an
  // attacker's page has a name); what is allowed besides. A request of HTTP/1.0 without Host is no browser's.
  // Origin: absent, that of the host itself, or allowed. Never "null". Credentials are never allowed to "*", nor needed
  // by anyone: keys travel in fields that the page sets.
  Verdict Check(const RequestHead& head) const;

 private:
  void CheckHost(const RequestHead& head) const;
  Verdict CheckOrigin(const RequestHead& head) const;
  bool OriginIsAllowed(const std::string& origin, const RequestHead& head) const;
  bool IsBound(const HostPort& host) const;

  std::vector<HostPort> bound_;
  uint16_t default_port_;
  std::vector<HostPort> allowed_hosts_;
  std::vector<std::string> allowed_origins_;
  bool any_origin_ = false;
};

}  // namespace candor

#endif  // CANDOR_SERVER_HOST_POLICY_H_
