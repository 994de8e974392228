// What a parser of a file's first bytes answers when they do not hold the whole header.
#ifndef CANDOR_FORMAT_NEED_MORE_BYTES_H_
#define CANDOR_FORMAT_NEED_MORE_BYTES_H_

#include <cstdint>

namespace candor {

// The header goes on beyond the bytes that were given.
struct NeedMoreBytes {
  uint64_t at_least;  // no shorter prefix can do; more than was given, never more than the file's size
};

}  // namespace candor

#endif  // CANDOR_FORMAT_NEED_MORE_BYTES_H_
