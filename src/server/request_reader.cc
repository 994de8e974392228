#include "server/request_reader.h"

#include <algorithm>

namespace candor {

size_t RequestReader::Read(std::string_view bytes) {
  switch (state_) {
    case State::kHead:
      return ReadHead(bytes);
    case State::kBody:
      return ReadBody(bytes);
    case State::kDone:
      break;
  }
  return 0;
}

size_t RequestReader::ReadHead(std::string_view bytes) {
  const size_t taken = scanner_.Scan(bytes);
  block_.append(bytes, 0, taken);
  if (!scanner_.done()) return taken;
  head_ = CheckRequestHead(block_, *limits_);
  std::string().swap(block_);
  if (head_.chunked) chunks_.emplace(limits_->body_bytes);
  state_ = head_.chunked || head_.content_length > 0 ? State::kBody : State::kDone;
  return taken;
}

size_t RequestReader::ReadBody(std::string_view bytes) {
  if (chunks_) {
    const size_t taken = chunks_->Read(bytes, body_);
    if (chunks_->done()) state_ = State::kDone;
    return taken;
  }
  const size_t taken = static_cast<size_t>(std::min<uint64_t>(head_.content_length - body_.size(), bytes.size()));
  body_.append(bytes, 0, taken);
  if (body_.size() == head_.content_length) state_ = State::kDone;
  return taken;
}

}  // namespace candor
