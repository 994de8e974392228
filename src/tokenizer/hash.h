// Hashing for the tables of a vocabulary. Not for security: a table that meets too long a run of occupied slots changes
// its seed, and gives up with an error, so that a crafted vocabulary cannot make it slow.
#ifndef CANDOR_TOKENIZER_HASH_H_
#define CANDOR_TOKENIZER_HASH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace candor {

// The longest run of occupied slots that an insertion may pass, and the number of seeds that are tried.
inline constexpr uint32_t kMaxProbes = 256;
inline constexpr uint64_t kHashSeeds = 8;

// Both halves of the 128-bit product, folded.
inline uint64_t MixHash(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashNumber(uint64_t value, uint64_t seed) {
  return MixHash(value ^ 0x9E3779B97F4A7C15u, seed * 2 + 0xD6E8FEB86659FD93u);
}

inline uint64_t HashBytes(std::string_view bytes, uint64_t seed) {
  uint64_t hash = HashNumber(bytes.size(), seed);
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    hash = MixHash(hash ^ word, 0xA0761D6478BD642Fu);
  }
  uint64_t tail = 0;
  if (left > 0) std::memcpy(&tail, at, left);
  return MixHash(hash ^ tail, 0xE7037ED1A0B428DBu);
}

// Maps a hash onto [0, slots), slots below 2^32.
inline size_t SlotOf(uint64_t hash, size_t slots) { return static_cast<size_t>(((hash >> 32) * slots) >> 32); }

}  // namespace candor

#endif  // CANDOR_TOKENIZER_HASH_H_
