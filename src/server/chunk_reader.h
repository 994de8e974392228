// The chunked transfer coding of a request's body (RFC 9112, section 7.1), without what nobody needs: chunk extensions
// and trailer fields are refused, as they carry bytes past whoever checks the header block.
#ifndef CANDOR_SERVER_CHUNK_READER_H_
#define CANDOR_SERVER_CHUNK_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace candor {

class ChunkReader {
 public:
  explicit ChunkReader(uint64_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  // Decodes the bytes that follow those of the last call onto the end of `body`, and returns how many of them belong
  // to the coding: all of them unless it ends before. `body` grows by what has come, never by what was announced.
  // Throws HttpRefusal: 400, or 413 when a chunk is announced that leads beyond the limit.
  size_t Read(std::string_view bytes, std::string& body);
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kSize, kSizeLf, kData, kDataCr, kDataLf, kEndCr, kEndLf, kDone };

  void ReadSizeByte(char c);
  void Expect(char expected, char found, State next);

  uint64_t max_body_bytes_;
  State state_ = State::kSize;
  uint64_t body_bytes_ = 0;  // of all chunks announced
  uint64_t size_ = 0;        // of this chunk; in kData, what is still to come
  int digits_ = 0;
};

}  // namespace candor

#endif  // CANDOR_SERVER_CHUNK_READER_H_
