#include "server/chunk_reader.h"

#include <algorithm>

#include "server/http_characters.h"
#include "server/http_refusal.h"

namespace candor {
namespace {

constexpr int kMaxDigits = 16;  // fits 64 bits

}  // namespace

void ChunkReader::ReadSizeByte(char c) {
  if (const int digit = HexDigitValue(c); digit >= 0) {
    if (++digits_ > kMaxDigits) throw HttpRefusal(400, "the size of a chunk is beyond all limits");
    size_ = size_ * 16 + static_cast<uint64_t>(digit);
    return;
  }
  if (digits_ == 0) throw HttpRefusal(400, "a chunk has no size");
  if (c == ';') throw HttpRefusal(400, "chunk extensions are not taken");
  if (c != '\r') throw HttpRefusal(400, "the size of a chunk is no hexadecimal number");
  if (size_ > max_body_bytes_ - body_bytes_) {
    throw HttpRefusal(413, "the body is larger than " + std::to_string(max_body_bytes_) + " bytes");
  }
  body_bytes_ += size_;
  state_ = State::kSizeLf;
}

void ChunkReader::Expect(char expected, char found, State next) {
  if (found != expected) {
    throw HttpRefusal(400, state_ == State::kEndCr ? "trailer fields are not taken" : "a chunk does not end in CR LF");
  }
  state_ = next;
}

size_t ChunkReader::Read(std::string_view bytes, std::string& body) {
  size_t i = 0;
  while (i < bytes.size() && !done()) {
    switch (state_) {
      case State::kSize:
        ReadSizeByte(bytes[i++]);
        break;
      case State::kSizeLf:
        Expect('\n', bytes[i++], size_ == 0 ? State::kEndCr : State::kData);
        break;
      case State::kData: {
        const size_t taken = static_cast<size_t>(std::min<uint64_t>(size_, bytes.size() - i));
        body.append(bytes, i, taken);
        i += taken;
        size_ -= taken;
        if (size_ == 0) state_ = State::kDataCr;
        break;
      }
      case State::kDataCr:
        Expect('\r', bytes[i++], State::kDataLf);
        break;
      case State::kDataLf:
        Expect('\n', bytes[i++], State::kSize);
        digits_ = 0;
        break;
      case State::kEndCr:
        Expect('\r', bytes[i++], State::kEndLf);
        break;
      case State::kEndLf:
        Expect('\n', bytes[i++], State::kDone);
        break;
      case State::kDone:
        break;
    }
  }
  return i;
}

}  // namespace candor
