#include "engine/logit_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace candor {

LogitScan ScanLogits(std::span<const float> logits) {
  constexpr size_t kLanes = 16;
  constexpr uint32_t kInfinity = 0x7f800000;
  std::array<float, kLanes> largest;
  largest.fill(-std::numeric_limits<float>::infinity());
  std::array<uint32_t, kLanes> bad{};
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float value = logits[i + lane];
      bad[lane] |= (std::bit_cast<uint32_t>(value) & kInfinity) == kInfinity;
      largest[lane] = value > largest[lane] ? value : largest[lane];
    }
  }
  for (; i < logits.size(); ++i) {
    bad[0] |= (std::bit_cast<uint32_t>(logits[i]) & kInfinity) == kInfinity;
    largest[0] = logits[i] > largest[0] ? logits[i] : largest[0];
  }
  LogitScan scan{largest[0], bad[0] == 0};
  for (size_t lane = 1; lane < kLanes; ++lane) {
    scan.largest = std::max(scan.largest, largest[lane]);
    scan.finite &= bad[lane] == 0;
  }
  return scan;
}

}  // namespace candor
