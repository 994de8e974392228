// Which request goes where. Pure.
#ifndef CANDOR_SERVER_ROUTES_H_
#define CANDOR_SERVER_ROUTES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoints.h"

namespace candor {

// One of a fixed set, for logs and metrics: "/v1/models/{id}".
const char* RoutePattern(Route route);
std::vector<std::string> RoutePatterns();
// What may be asked without a key.
bool IsOpen(Route route);

struct RouteMatch {
  std::optional<Route> route;  // nullopt: no such path
  std::string id;              // of kModel and kCloseThought: what stands in the path
  bool method_fits = true;
  const char* method = "";  // that the route takes
};
// `path` is decoded. HEAD fits where GET does.
RouteMatch FindRoute(std::string_view method, std::string_view path);

}  // namespace candor

#endif  // CANDOR_SERVER_ROUTES_H_
