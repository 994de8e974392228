#include "server/routes.h"

namespace candor {
namespace {

struct Entry {
  Route route;
  const char* method;
  const char* pattern;  // with at most one {id}, which is one or more characters
  bool is_open = false;
};

constexpr Entry kRoutes[] = {
    {Route::kCloseThought, "POST", "/v1/chat/completions/{id}/answer"},
    {Route::kChatCompletions, "POST", "/v1/chat/completions"},
    {Route::kCompletions, "POST", "/v1/completions"},
    {Route::kEmbeddings, "POST", "/v1/embeddings"},
    {Route::kModels, "GET", "/v1/models"},
    {Route::kModel, "GET", "/v1/models/{id}"},
    {Route::kTokenize, "POST", "/v1/tokenize"},
    {Route::kDetokenize, "POST", "/v1/detokenize"},
    {Route::kRender, "POST", "/v1/render"},
    {Route::kHealth, "GET", "/health", true},
    {Route::kReady, "GET", "/ready", true},
    {Route::kMetrics, "GET", "/metrics"},
    {Route::kOpenApi, "GET", "/openapi.json"},
};

const Entry& EntryOf(Route route) {
  const Entry* found = kRoutes;
  while (found->route != route) ++found;
  return *found;
}

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

const char* RoutePattern(Route route) { return EntryOf(route).pattern; }

std::vector<std::string> RoutePatterns() {
  std::vector<std::string> patterns;
  for (const Entry& entry : kRoutes) patterns.emplace_back(entry.pattern);
  return patterns;
}

bool IsOpen(Route route) { return EntryOf(route).is_open; }

RouteMatch FindRoute(std::string_view method, std::string_view path) {
  for (const Entry& entry : kRoutes) {
    std::optional<std::string> id = Match(entry.pattern, path);
    if (!id) continue;
    const std::string_view takes = entry.method;
    const bool fits = method == takes || (takes == "GET" && method == "HEAD");
    return {entry.route, std::move(*id), fits, entry.method};
  }
  return {};
}

}  // namespace candor
