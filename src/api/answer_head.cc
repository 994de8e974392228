#include "api/answer_head.h"

#include "base/sha256.h"

namespace candor {

std::string SystemFingerprint(const ModelFacts& facts, const std::string& kv_type, bool exact) {
  std::string text = kv_type + (exact ? "\nexact\n" : "\n");
  for (const std::string& digest : facts.file_sha256) text += digest + "\n";
  // A file that is quantised while it is loaded gives other weights.
  text += facts.weight_format;
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return "candor-numerics-1-" + ToHex(hash.Finish()).substr(0, 16);
}

std::string ProgressText(const JobProgress& progress) {
  if (progress.queue_position > 0) return "position " + std::to_string(progress.queue_position) + " in the queue";
  return "prompt " + std::to_string(progress.done) + " of " + std::to_string(progress.total);
}

}  // namespace candor
