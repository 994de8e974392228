// What stands between method and version in a request line (RFC 9112, section 3.2).
#ifndef CANDOR_SERVER_REQUEST_TARGET_H_
#define CANDOR_SERVER_REQUEST_TARGET_H_

#include <optional>
#include <string>
#include <string_view>

#include "server/host_port.h"

namespace candor {

struct RequestTarget {
  std::string path;                   // percent-decoded, from "/"; "*" for the target that is one
  std::string query;                  // as it came
  std::optional<HostPort> authority;  // of an absolute target
};

// Stricter than the grammar where a later reader could be fooled: a path that decodes to control characters, to
// something that is not UTF-8, or has a segment "." or ".." is refused. The query may have the characters that browsers
// leave as they are. Throws HttpRefusal 400, and 501 for CONNECT.
RequestTarget ParseRequestTarget(std::string_view method, std::string_view target);

}  // namespace candor

#endif  // CANDOR_SERVER_REQUEST_TARGET_H_
