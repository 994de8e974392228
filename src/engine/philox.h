// Philox4x32-10, a counter-based random number generator: a pure function of key and counter.
//
// Source: Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef CANDOR_ENGINE_PHILOX_H_
#define CANDOR_ENGINE_PHILOX_H_

#include <array>
#include <cstdint>

namespace candor {

// Four random words for `counter` under `key`.
constexpr std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// The random number in [0, 1), a multiple of 2^-53, for token `index` of answer `choice`: key = the seed's low and high
// word, counter = index low, index high, choice, 0; the number is the top 53 bits of output words 1 (high) and 0.
constexpr double UniformForToken(uint64_t seed, uint32_t choice, uint64_t index) {
  const std::array<uint32_t, 4> words =
      Philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), choice, 0},
                 {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const uint64_t bits = (uint64_t{words[1]} << 32 | words[0]) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace candor

#endif  // CANDOR_ENGINE_PHILOX_H_
