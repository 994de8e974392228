// The header block of a request by RFC 9112, without its leniences: nothing that two readers could understand in two
// ways gets through.
//
// Written out here and not left to a parser of Boost.Beast, which forgives folded lines, repeated lengths and odd
// codings: once the block is checked by the grammar, nothing is left for a second parser to do but to disagree.
#ifndef CANDOR_SERVER_HEADER_CHECK_H_
#define CANDOR_SERVER_HEADER_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/exchange.h"
#include "server/host_port.h"

namespace candor {

struct HttpLimits {
  size_t request_line_bytes = 8 << 10;  // without its line end
  size_t field_bytes = 32 << 10;        // of all field lines, without line ends
  size_t fields = 100;
  uint64_t body_bytes = 16 << 20;
};

// Finds the end of a header block whose bytes come in pieces. Refuses at the first byte that no block can have there,
// so that a client which never ends its block wrongly begun hears of it at once. Its verdict does not depend on how the
// bytes are cut.
class HeadScanner {
 public:
  // `limits` must outlive it.
  explicit HeadScanner(const HttpLimits& limits) : limits_(&limits) {}

  // Looks at the bytes that follow those of the last call, and returns how many of them belong to the block: all of
  // them unless the block ends before. Throws HttpRefusal: 400, 414 or 431.
  size_t Scan(std::string_view bytes);
  bool done() const { return done_; }

 private:
  void EndLine();
  void CountByte();

  const HttpLimits* limits_;
  size_t line_bytes_ = 0;
  size_t field_bytes_ = 0;
  size_t fields_ = 0;
  bool in_request_line_ = true;
  bool skipped_line_ = false;
  bool after_cr_ = false;
  bool done_ = false;
};

// What a block says. Facts that matter are members; `fields` has all of the fields.
struct RequestHead {
  std::string method;
  std::string path;  // as RequestTarget
  std::string query;
  int minor_version = 1;         // HTTP/1.0 or HTTP/1.1
  std::optional<HostPort> host;  // always there in HTTP/1.1
  HttpFields fields;
  uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

// `block` ends with the empty line; one empty line before the request line is skipped (RFC 9112, 2.2). Throws
// HttpRefusal: 400 for what is malformed or ambiguous; 413, 414, 415, 417, 431, 501 and 505 where they say more.
RequestHead CheckRequestHead(std::string_view block, const HttpLimits& limits);

}  // namespace candor

#endif  // CANDOR_SERVER_HEADER_CHECK_H_
