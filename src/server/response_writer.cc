#include "server/response_writer.h"

#include <array>
#include <charconv>
#include <utility>

#include "server/response_head.h"

namespace candor {
namespace {

bool HasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

ResponseWriter::ResponseWriter(const RequestHead& head, std::string request_id, HttpFields more_fields)
    : is_head_(head.method == "HEAD"),
      minor_version_(head.minor_version),
      keep_alive_(head.keep_alive),
      request_id_(std::move(request_id)),
      more_fields_(std::move(more_fields)) {}

void ResponseWriter::Whole(const HttpResponse& response, std::string_view date, std::string& out) {
  status_ = response.status;
  ResponseFraming framing{ResponseFraming::Kind::kLength, response.body.size(), keep_alive_};
  if (HasNoBody(status_)) framing.kind = ResponseFraming::Kind::kNone;
  out += WriteResponseHead(response, framing, date, request_id_, more_fields_);
  if (!is_head_ && !HasNoBody(status_)) out += response.body;
  done_ = true;
}

void ResponseWriter::Begin(const HttpResponse& head, std::string_view date, std::string& out) {
  status_ = head.status;
  without_body_ = is_head_ || HasNoBody(status_);
  ResponseFraming framing;
  if (HasNoBody(status_)) {
    framing.kind = ResponseFraming::Kind::kNone;
  } else if (minor_version_ > 0) {
    framing.kind = ResponseFraming::Kind::kChunked;
    chunked_ = true;
  } else {
    framing.kind = ResponseFraming::Kind::kUntilClose;
    if (!is_head_) keep_alive_ = false;
  }
  framing.keep_alive = keep_alive_;
  out += WriteResponseHead(head, framing, date, request_id_, more_fields_);
}

void ResponseWriter::Send(std::string_view bytes, std::string& out) {
  // A chunk without bytes would be the last one.
  if (without_body_ || bytes.empty()) return;
  if (!chunked_) {
    out += bytes;
    return;
  }
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  out.append(size.data(), end);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

void ResponseWriter::End(std::string& out) {
  if (chunked_ && !without_body_) out += "0\r\n\r\n";
  done_ = true;
}

}  // namespace candor
