// What every way of getting a model into the store has in common.
#ifndef CANDOR_STORE_PULL_H_
#define CANDOR_STORE_PULL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/model_store.h"

namespace candor {

struct PullStatus {
  enum class Phase {
    kWaiting,   // another process pulls the same model
    kChecking,  // hashing bytes that are there already
    kDownloading,
    kRetrying,  // the connection broke
  };
  Phase phase = Phase::kDownloading;
  uint64_t done = 0;   // bytes
  uint64_t total = 0;  // 0: not known
  std::string detail;  // kRetrying: what broke; kDownloading: "2 of 3" while a split model's second part comes
};

// Called several times a second while a pull goes on; returns false to stop it.
using PullProgress = std::function<bool(const PullStatus&)>;

enum class PullResult { kInstalled, kAlreadyThere, kStopped };

// Whether `name` is in the store already: kAlreadyThere with the contents of these digests (one a file, lower-case
// hexadecimal; where one is empty, what the record says will do, or anything without a record), nullopt when it is not
// there. The files are read whole and hashed: what a record says about them was true when it was written. A model
// without a record, or with one that says less than is known now, gets a new one. Throws FormatError when the name has
// other contents.
std::optional<PullResult> CheckInstalled(ModelStore& store, const std::string& name,
                                         const std::vector<std::string>& sha256, const std::string& source,
                                         const PullProgress& progress);

// What to return when ModelStore::Install found the name taken: what CheckInstalled says about the model there, or an
// IoError when it is none.
PullResult AfterInstallFailed(const ModelStore& store, const std::string& name,
                              const std::optional<PullResult>& installed);

// How to get a model of the store afresh whose files are no longer what was pulled: "candor remove m, then: ...".
std::string HowToReplace(const StoredModel& model);

}  // namespace candor

#endif  // CANDOR_STORE_PULL_H_
