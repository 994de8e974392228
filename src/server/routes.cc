#include "server/routes.h"

#include <algorithm>
#include <utility>

namespace candor {
namespace {

const Endpoint& EndpointOf(Route route) { return *std::ranges::find(Endpoints(), route, &Endpoint::route); }

// What stands for {id}; empty without one. nullopt when `path` does not match.
std::optional<std::string> Match(std::string_view pattern, std::string_view path) {
  const size_t id = pattern.find("{id}");
  if (id == std::string_view::npos) return path == pattern ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, id), behind = pattern.substr(id + 4);
  if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind)) {
    return std::nullopt;
  }
  return std::string(path.substr(before.size(), path.size() - before.size() - behind.size()));
}

}  // namespace

const char* RoutePattern(Route route) { return EndpointOf(route).path; }

std::vector<std::string> RoutePatterns() {
  std::vector<std::string> patterns;
  for (const Endpoint& endpoint : Endpoints()) patterns.emplace_back(endpoint.path);
  return patterns;
}

bool IsOpen(Route route) { return !EndpointOf(route).needs_key; }

RouteMatch FindRoute(std::string_view method, std::string_view path) {
  for (const Endpoint& endpoint : Endpoints()) {
    std::optional<std::string> id = Match(endpoint.path, path);
    if (!id) continue;
    const std::string_view takes = endpoint.method;
    const bool fits = method == takes || (takes == "GET" && method == "HEAD");
    return {endpoint.route, std::move(*id), fits, endpoint.method};
  }
  return {};
}

}  // namespace candor
