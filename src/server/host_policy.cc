#include "server/host_policy.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "server/http_characters.h"
#include "server/http_refusal.h"

namespace candor {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;
constexpr size_t kMaxOriginBytes = 512;

// What pages may call, and the fields they may set: those of the known clients. The SDKs of OpenAI and Anthropic add
// about ten that begin with x-stainless-.
constexpr std::array<std::string_view, 4> kMethods = {"GET", "HEAD", "POST", "DELETE"};
constexpr std::array<std::string_view, 12> kRequestFields = {"authorization",
                                                             "content-type",
                                                             "accept",
                                                             "x-api-key",
                                                             "x-request-id",
                                                             "openai-organization",
                                                             "openai-project",
                                                             "openai-beta",
                                                             "anthropic-version",
                                                             "anthropic-beta",
                                                             "anthropic-dangerous-direct-browser-access",
                                                             "idempotency-key"};
constexpr std::string_view kRequestFieldPrefix = "x-stainless-";
constexpr std::string_view kExposedFields = "x-request-id, retry-after, retry-after-ms, x-should-retry";

template <size_t n>
bool IsOneOf(const std::array<std::string_view, n>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

struct Origin {
  std::string scheme;
  HostPort host;  // without the scheme's own port
};

// "http://host:port" or "https://host:port"; nullopt for anything else.
std::optional<Origin> ParseWebOrigin(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Origin origin{ToLowerAscii(text.substr(0, colon)), {}};
  if (origin.scheme != "http" && origin.scheme != "https") return std::nullopt;
  const std::optional<HostPort> host = ParseHostPort(text.substr(colon + 3));
  if (!host) return std::nullopt;
  origin.host = *host;
  if (origin.host.port == (origin.scheme == "http" ? kHttpPort : kHttpsPort)) origin.host.port.reset();
  return origin;
}

// One spelling for each origin. Those of other schemes (browser extensions) are compared as they are written.
std::string NormalOrigin(std::string_view text) {
  const std::optional<Origin> origin = ParseWebOrigin(text);
  return origin ? origin->scheme + "://" + ToString(origin->host) : ToLowerAscii(text);
}

// The field names of a preflight that a page may set, as a list.
std::string AllowedFields(const std::string& requested) {
  std::string allowed;
  ForEachListMember(requested, [&](std::string_view member) {
    const std::string name = ToLowerAscii(member);
    if (!IsToken(name)) return;
    if (!IsOneOf(kRequestFields, name) && !name.starts_with(kRequestFieldPrefix)) return;
    allowed += (allowed.empty() ? "" : ", ") + name;
  });
  return allowed;
}

std::string MethodList() {
  std::string list;
  for (const std::string_view method : kMethods) list += (list.empty() ? "" : ", ") + std::string(method);
  return list;
}

bool IsJson(const std::string* content_type) {
  if (content_type == nullptr) return false;
  const size_t end = std::min(content_type->find(';'), content_type->size());
  return EqualWithoutCase(TrimOws(std::string_view(*content_type).substr(0, end)), "application/json");
}

void CheckContentType(const RequestHead& head) {
  const std::string& method = head.method;
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return;
  // Browsers ask before they send DELETE.
  if (method == "DELETE" && !head.chunked && head.content_length == 0) return;
  if (!IsJson(FindField(head.fields, "content-type"))) {
    throw HttpRefusal(415, "a " + Printable(method) + " request needs the header Content-Type: application/json");
  }
}

}  // namespace

HostPolicy::HostPolicy(const HostPolicyOptions& options)
    : bound_(options.bound), default_port_(options.tls ? kHttpsPort : kHttpPort) {
  for (const std::string& text : options.allowed_hosts) {
    std::optional<HostPort> host = ParseHostPort(text);
    if (!host) host = ParseHost(text);
    if (!host) throw UsageError("--allowed-host: " + Quoted(text) + " is not of the form NAME or NAME:PORT");
    allowed_hosts_.push_back(*host);
  }
  for (const std::string& text : options.allowed_origins) {
    if (text == "*") {
      any_origin_ = true;
      continue;
    }
    const size_t scheme = text.find("://");
    const bool wellformed = scheme != std::string::npos && scheme > 0 && text.size() <= kMaxOriginBytes &&
                            text.find('/', scheme + 3) == std::string::npos && scheme + 3 < text.size() &&
                            text.find_first_of(", \t") == std::string::npos;
    if (!wellformed) {
      throw UsageError("--allowed-origin: " + Quoted(text) + " is not of the form https://NAME or https://NAME:PORT");
    }
    allowed_origins_.push_back(NormalOrigin(text));
  }
}

bool HostPolicy::IsBound(const HostPort& host) const {
  const uint16_t port = host.port.value_or(default_port_);
  return std::any_of(bound_.begin(), bound_.end(), [&](const HostPort& bound) {
    if (bound.port != port) return false;
    if (bound.kind == host.kind && bound.host == host.host) return true;
    if (IsLoopback(host)) return true;
    return host.kind != HostPort::Kind::kName && (bound.host == "0.0.0.0" || bound.host == "::");
  });
}

void HostPolicy::CheckHost(const RequestHead& head) const {
  if (!head.host || IsBound(*head.host)) return;
  const bool allowed = std::any_of(allowed_hosts_.begin(), allowed_hosts_.end(), [&](const HostPort& allowed) {
    return allowed.host == head.host->host &&
           (!allowed.port || *allowed.port == head.host->port.value_or(default_port_));
  });
  if (allowed) return;
  const std::string name = ToString(*head.host);
  throw HttpRefusal(403, "this server does not answer to the host " + name + "; start it with --allowed-host " + name +
                             " if it should");
}

bool HostPolicy::OriginIsAllowed(const std::string& origin, const RequestHead& head) const {
  if (origin.size() > kMaxOriginBytes || origin == "null") return false;
  if (const std::optional<Origin> web = ParseWebOrigin(origin); web && head.host) {
    HostPort host = *head.host;
    if (host.port == (web->scheme == "http" ? kHttpPort : kHttpsPort)) host.port.reset();
    if (host == web->host) return true;
  }
  const std::string normal = NormalOrigin(origin);
  return any_origin_ || std::find(allowed_origins_.begin(), allowed_origins_.end(), normal) != allowed_origins_.end();
}

HostPolicy::Verdict HostPolicy::CheckOrigin(const RequestHead& head) const {
  Verdict verdict;
  // Caches must not give one page the answer that was meant for another.
  if (!allowed_origins_.empty()) verdict.fields.emplace_back("vary", "origin");
  const std::string* origin = FindField(head.fields, "origin");
  if (origin == nullptr) return verdict;
  if (!OriginIsAllowed(*origin, head)) {
    throw HttpRefusal(403, "pages of the origin " + Printable(*origin) +
                               " may not use this server; start it with --allowed-origin ORIGIN if they should");
  }
  verdict.fields.emplace_back("access-control-allow-origin", any_origin_ ? "*" : *origin);
  const std::string* method = FindField(head.fields, "access-control-request-method");
  if (head.method != "OPTIONS" || method == nullptr) {
    verdict.fields.emplace_back("access-control-expose-headers", kExposedFields);
    return verdict;
  }
  if (!IsOneOf(kMethods, *method)) throw HttpRefusal(403, "pages may use GET, HEAD, POST and DELETE alone");
  verdict.preflight = true;
  verdict.fields.emplace_back("access-control-allow-methods", MethodList());
  if (const std::string* requested = FindField(head.fields, "access-control-request-headers")) {
    verdict.fields.emplace_back("access-control-allow-headers", AllowedFields(*requested));
  }
  if (const std::string* local = FindField(head.fields, "access-control-request-private-network");
      local != nullptr && *local == "true") {
    verdict.fields.emplace_back("access-control-allow-private-network", "true");
  }
  verdict.fields.emplace_back("access-control-max-age", "600");
  return verdict;
}

HostPolicy::Verdict HostPolicy::Check(const RequestHead& head) const {
  CheckHost(head);
  Verdict verdict = CheckOrigin(head);
  if (!verdict.preflight) CheckContentType(head);
  return verdict;
}

}  // namespace candor
