// Random bytes of the system.
#ifndef CANDOR_BASE_RANDOM_BYTES_H_
#define CANDOR_BASE_RANDOM_BYTES_H_

#include <cstddef>
#include <span>

namespace candor {

// Fills `bytes`, at most 256. Throws IoError when the system has none.
void FillRandom(std::span<std::byte> bytes);

template <typename T>
T RandomNumber() {
  T number;
  FillRandom(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

}  // namespace candor

#endif  // CANDOR_BASE_RANDOM_BYTES_H_
