#include "server/header_check.h"

#include <algorithm>
#include <array>

#include "server/http_characters.h"
#include "server/http_refusal.h"
#include "server/request_target.h"

namespace candor {
namespace {

constexpr size_t kMaxMethodBytes = 32;
constexpr size_t kMaxLengthDigits = 18;  // fits 64 bits

// Fields that mean nothing, or something dangerous, when they come twice.
constexpr std::array<std::string_view, 10> kSingleFields = {"host",         "content-length",   "transfer-encoding",
                                                            "content-type", "content-encoding", "authorization",
                                                            "x-api-key",    "origin",           "expect",
                                                            "cookie"};

// The line at the front of `block`, which loses it and its line end.
std::string_view TakeLine(std::string_view& block) {
  const size_t end = block.find("\r\n");
  if (end == std::string_view::npos) throw HttpRefusal(400, "the header block has no end");
  const std::string_view line = block.substr(0, end);
  block.remove_prefix(end + 2);
  return line;
}

// "HTTP/1.1": the minor version.
int ParseVersion(std::string_view text) {
  constexpr std::string_view kName = "HTTP/";
  const bool wellformed =
      text.size() == 8 && text.starts_with(kName) && IsHttpDigit(text[5]) && text[6] == '.' && IsHttpDigit(text[7]);
  if (!wellformed) throw HttpRefusal(400, "the request line does not end in an HTTP version");
  if (text != "HTTP/1.1" && text != "HTTP/1.0") throw HttpRefusal(505, "this server speaks HTTP/1.1");
  return text[7] - '0';
}

// Returns the host of an absolute target.
std::optional<HostPort> ReadRequestLine(std::string_view line, RequestHead& head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    throw HttpRefusal(400, "the request line is not \"METHOD TARGET HTTP/1.1\"");
  }
  const std::string_view method = line.substr(0, first);
  if (!IsToken(method)) throw HttpRefusal(400, "the method is no token");
  head.minor_version = ParseVersion(line.substr(last + 1));
  if (method.size() > kMaxMethodBytes) throw HttpRefusal(501, "this server knows no such method");
  head.method = method;
  RequestTarget target = ParseRequestTarget(method, line.substr(first + 1, last - first - 1));
  head.path = std::move(target.path);
  head.query = std::move(target.query);
  return target.authority;
}

void ReadField(std::string_view line, RequestHead& head) {
  if (line[0] == ' ' || line[0] == '\t') throw HttpRefusal(400, "a header line is folded");
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) throw HttpRefusal(400, "a header line has no colon");
  const std::string_view name = line.substr(0, colon);
  if (!IsToken(name)) throw HttpRefusal(400, "the name of a header field is no token");
  const std::string_view value = TrimOws(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), IsFieldValueCharacter)) {
    throw HttpRefusal(400, "the value of a header field has a control character");
  }
  head.fields.emplace_back(name, value);
}

// The value of a field that may come once; null when it does not come.
const std::string* SingleField(const HttpFields& fields, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : fields) {
    if (!EqualWithoutCase(key, name)) continue;
    if (found != nullptr) throw HttpRefusal(400, "the field " + std::string(name) + " comes twice");
    found = &value;
  }
  return found;
}

uint64_t ParseContentLength(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsHttpDigit)) {
    throw HttpRefusal(400, "the content length is no number");
  }
  if (text.size() > kMaxLengthDigits) throw HttpRefusal(400, "the content length is beyond all limits");
  uint64_t length = 0;
  for (const char c : text) length = length * 10 + static_cast<uint64_t>(c - '0');
  return length;
}

void ReadFraming(RequestHead& head, const HttpLimits& limits) {
  const std::string* length = SingleField(head.fields, "content-length");
  const std::string* coding = SingleField(head.fields, "transfer-encoding");
  if (length != nullptr && coding != nullptr) {
    throw HttpRefusal(400, "the request has both a content length and a transfer coding");
  }
  if (length != nullptr) {
    head.content_length = ParseContentLength(*length);
    if (head.content_length > limits.body_bytes) {
      throw HttpRefusal(413, "the body is larger than " + std::to_string(limits.body_bytes) + " bytes");
    }
  }
  if (coding != nullptr) {
    if (!EqualWithoutCase(*coding, "chunked")) throw HttpRefusal(400, "the only transfer coding here is \"chunked\"");
    if (head.minor_version == 0) throw HttpRefusal(400, "HTTP/1.0 has no transfer codings");
    head.chunked = true;
  }
}

void ReadHost(std::optional<HostPort> authority, RequestHead& head) {
  const std::string* field = SingleField(head.fields, "host");
  if (field == nullptr) {
    if (head.minor_version > 0) throw HttpRefusal(400, "the field Host is missing");
    head.host = std::move(authority);
    return;
  }
  head.host = ParseHostPort(*field);
  if (!head.host) throw HttpRefusal(400, "the field Host is not well-formed");
  // RFC 9112, 3.2.2 has the target win. Whoever sends two hosts means harm or is broken.
  if (authority && authority != head.host) throw HttpRefusal(400, "the target and the field Host name different hosts");
}

void ReadConnection(RequestHead& head) {
  head.keep_alive = head.minor_version > 0;
  bool close = false;
  for (const auto& [name, value] : head.fields) {
    if (!EqualWithoutCase(name, "connection")) continue;
    ForEachListMember(value, [&](std::string_view option) {
      if (EqualWithoutCase(option, "close")) close = true;
      if (EqualWithoutCase(option, "keep-alive")) head.keep_alive = true;
    });
  }
  if (close) head.keep_alive = false;
}

void ReadExpectation(RequestHead& head) {
  const std::string* expect = FindField(head.fields, "expect");
  if (expect == nullptr) return;
  if (!EqualWithoutCase(*expect, "100-continue")) throw HttpRefusal(417, "the only expectation here is 100-continue");
  head.expects_continue = head.minor_version > 0;
}

void CheckContentCoding(const RequestHead& head) {
  const std::string* coding = FindField(head.fields, "content-encoding");
  if (coding != nullptr && !EqualWithoutCase(*coding, "identity")) {
    throw HttpRefusal(415, "the body may not be compressed");
  }
}

}  // namespace

void HeadScanner::CountByte() {
  ++line_bytes_;
  if (in_request_line_) {
    if (line_bytes_ > limits_->request_line_bytes) throw HttpRefusal(414, "the request line is too long");
  } else if (++field_bytes_ > limits_->field_bytes) {
    throw HttpRefusal(431, "the header fields are too long");
  }
}

void HeadScanner::EndLine() {
  if (in_request_line_) {
    if (line_bytes_ == 0) {
      if (skipped_line_) throw HttpRefusal(400, "the request begins with empty lines");
      skipped_line_ = true;
      return;
    }
    in_request_line_ = false;
  } else if (line_bytes_ == 0) {
    done_ = true;
  } else if (++fields_ > limits_->fields) {
    throw HttpRefusal(431, "there are too many header fields");
  }
  line_bytes_ = 0;
}

size_t HeadScanner::Scan(std::string_view bytes) {
  size_t i = 0;
  for (; i < bytes.size() && !done_; ++i) {
    const char c = bytes[i];
    if (after_cr_) {
      if (c != '\n') throw HttpRefusal(400, "the header block has a CR without LF");
      after_cr_ = false;
      EndLine();
    } else if (c == '\r') {
      after_cr_ = true;
    } else if (c == '\n') {
      throw HttpRefusal(400, "the header block has an LF without CR");
    } else if (!IsFieldValueCharacter(c)) {
      throw HttpRefusal(400, "the header block has a control character");
    } else {
      CountByte();
    }
  }
  return i;
}

RequestHead CheckRequestHead(std::string_view block, const HttpLimits& limits) {
  RequestHead head;
  std::string_view line = TakeLine(block);
  if (line.empty()) line = TakeLine(block);
  const std::optional<HostPort> authority = ReadRequestLine(line, head);
  for (line = TakeLine(block); !line.empty(); line = TakeLine(block)) {
    if (head.fields.size() == limits.fields) throw HttpRefusal(431, "there are too many header fields");
    ReadField(line, head);
  }
  if (!block.empty()) throw HttpRefusal(400, "there are bytes behind the header block");
  for (const std::string_view name : kSingleFields) SingleField(head.fields, name);
  ReadFraming(head, limits);
  ReadHost(authority, head);
  ReadConnection(head);
  ReadExpectation(head);
  CheckContentCoding(head);
  return head;
}

}  // namespace candor
