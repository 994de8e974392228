// SHA-256 (FIPS 180-4), by OpenSSL.
#ifndef CANDOR_BASE_SHA256_H_
#define CANDOR_BASE_SHA256_H_

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "base/hex.h"

namespace candor {

using Sha256Digest = std::array<std::byte, 32>;  // as text: ToHex()

// A running hash. Not thread-safe; Finish() may be called once.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Update(std::span<const std::byte> bytes);
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace candor

#endif  // CANDOR_BASE_SHA256_H_
