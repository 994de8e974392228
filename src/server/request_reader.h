// One request from the bytes of a connection, as they come: header block, then body.
#ifndef CANDOR_SERVER_REQUEST_READER_H_
#define CANDOR_SERVER_REQUEST_READER_H_

#include <optional>
#include <string>
#include <string_view>

#include "server/chunk_reader.h"
#include "server/header_check.h"

namespace candor {

class RequestReader {
 public:
  enum class State { kHead, kBody, kDone };

  // `limits` must outlive it.
  explicit RequestReader(const HttpLimits& limits) : limits_(&limits), scanner_(limits) {}

  // Takes bytes that follow those of the last call, up to the next end (of the block, or of the body), and returns how
  // many it took. At the end of a block with a body to come the state is kBody. Throws HttpRefusal; it is not to be
  // used after that.
  size_t Read(std::string_view bytes);

  State state() const { return state_; }
  bool started() const { return !block_.empty() || state_ != State::kHead; }
  // Bytes that it holds in memory.
  size_t held_bytes() const { return block_.size() + body_.size(); }

  // From kBody on.
  RequestHead& head() { return head_; }
  // In kDone.
  std::string& body() { return body_; }

 private:
  size_t ReadHead(std::string_view bytes);
  size_t ReadBody(std::string_view bytes);

  const HttpLimits* limits_;
  State state_ = State::kHead;
  HeadScanner scanner_;
  std::string block_;
  RequestHead head_;
  std::optional<ChunkReader> chunks_;
  std::string body_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_REQUEST_READER_H_
