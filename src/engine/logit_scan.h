// The largest of a row of logits, and whether all are finite.
#ifndef CANDOR_ENGINE_LOGIT_SCAN_H_
#define CANDOR_ENGINE_LOGIT_SCAN_H_

#include <span>

namespace candor {

struct LogitScan {
  float largest;
  bool finite;
};
// `logits` are not empty. Where one is not finite, `largest` means nothing.
LogitScan ScanLogits(std::span<const float> logits);

}  // namespace candor

#endif  // CANDOR_ENGINE_LOGIT_SCAN_H_
