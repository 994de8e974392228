// Numbers and strings as bytes, little-endian, and back.
//
// Nothing is aligned or padded. A string or list is its length as 32 bits and what is in it. Doubles and floats are
// their bits.
#ifndef CANDOR_IPC_WIRE_H_
#define CANDOR_IPC_WIRE_H_

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace candor {

template <class T>
concept WireNumber = std::integral<T> || std::same_as<T, float> || std::same_as<T, double>;

// The unsigned integer with the bits of T.
template <WireNumber T>
using WireBits = std::conditional_t<
    sizeof(T) == 1, uint8_t,
    std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

class WireWriter {
 public:
  template <WireNumber T>
  void Number(T value) {
    const auto bits = std::bit_cast<WireBits<T>>(value);
    for (size_t i = 0; i < sizeof bits; ++i) bytes_.push_back(static_cast<std::byte>(uint64_t{bits} >> (8 * i)));
  }
  // CHECKs that it fits 32 bits.
  void Count(size_t count);
  void String(std::string_view text);

  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Reads from bytes that somebody else owns. Every function throws FormatError, saying what was expected and what is
// there, rather than read past their end.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t remaining() const { return bytes_.size(); }

  template <WireNumber T>
  T Number() {
    WireBits<T> bits = 0;
    const std::span<const std::byte> from = Next(sizeof bits);
    for (size_t i = 0; i < sizeof bits; ++i) {
      bits = static_cast<WireBits<T>>(bits |
                                      static_cast<WireBits<T>>(uint64_t{std::to_integer<uint8_t>(from[i])} << (8 * i)));
    }
    return std::bit_cast<T>(bits);
  }
  // A byte that is 0 or 1.
  bool Bool();
  // The number of elements that follow, of which each takes at least `element_bytes` (1 or more): a count that the
  // rest cannot hold is refused here, before anything is allocated for it.
  size_t Count(size_t element_bytes);
  std::string String();
  // Throws unless everything has been read.
  void Finish() const;

 private:
  std::span<const std::byte> Next(size_t count);

  std::span<const std::byte> bytes_;
};

}  // namespace candor

#endif  // CANDOR_IPC_WIRE_H_
