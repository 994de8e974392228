// Pulls a model from addresses: one file, or all parts of a split model.
#ifndef CANDOR_STORE_URL_PULL_H_
#define CANDOR_STORE_URL_PULL_H_

#include <string>
#include <vector>

#include "store/download.h"
#include "store/model_store.h"
#include "store/pull.h"

namespace candor {

struct RemoteFile {
  HttpUrl url;
  std::string sha256;  // 64 lower-case hexadecimal digits; empty: whatever comes is taken, and recorded as unverified
};

struct UrlPullResult {
  PullResult result;
  uint64_t kept = 0;  // bytes that an interrupted pull left for the next one
};

// Downloads `files` (all parts in order), checks each digest and installs them as `name` with `source` in the record.
// When it is stopped or the network fails, what came stays for the next pull of the same (where the digest is known),
// and the error says so; a full disk, a wrong digest or a file that is no model leaves nothing behind.
UrlPullResult PullUrls(ModelStore& store, const std::string& name, const std::string& source,
                       const std::vector<RemoteFile>& files, const DownloadOptions& options,
                       const PullProgress& progress);

}  // namespace candor

#endif  // CANDOR_STORE_URL_PULL_H_
