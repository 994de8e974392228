#include "store/url_pull.h"

#include "base/error.h"
#include "store/disk.h"

namespace candor {
namespace {

// Everything that one pull has open. Files are dropped when it goes out of scope, unless they were kept.
class UrlPull {
 public:
  UrlPull(ModelStore& store, const std::string& name, const std::vector<RemoteFile>& files,
          const DownloadOptions& options, const PullProgress& progress)
      : store_(store), name_(name), files_(files), options_(options), progress_(progress) {}

  // False when stopped.
  bool Lock() {
    for (const RemoteFile& file : files_) {
      auto partial = PartialFile::Open(store_.PartialPath(name_, file.url.shown, file.sha256), [&] {
        return progress_({PullStatus::Phase::kWaiting, 0, 0, ""});
      });
      if (!partial) return false;
      partials_.push_back(std::move(*partial));
    }
    return true;
  }

  // False when stopped.
  bool DownloadAll() {
    for (size_t i = 0; i < files_.size(); ++i) {
      PartialFile& partial = partials_[i];
      // Bytes of an earlier run can be trusted to be of the same file only when the digest will tell.
      if (files_[i].sha256.empty()) {
        partial.Restart();
      } else if (!partial.Resume(Reporter(PullStatus::Phase::kChecking))) {
        return false;
      }
      const std::string part = std::to_string(i + 1) + " of " + std::to_string(files_.size());
      const PullProgress progress = [&](PullStatus status) {
        if (status.detail.empty() && files_.size() > 1) status.detail = part;
        return progress_(status);
      };
      if (!Download(client_, files_[i].url, options_, partial, progress)) return false;
      digests_.push_back(partial.Finish());
      const std::string found = ToHex(digests_.back());
      if (!files_[i].sha256.empty() && found != files_[i].sha256) {
        throw FormatError(files_[i].url.shown + ": SHA-256 " + found + ", expected " + files_[i].sha256 +
                          "; nothing was installed");
      }
    }
    return true;
  }

  bool Install(const std::string& source) {
    bool verified = true;
    for (const RemoteFile& file : files_) verified = verified && !file.sha256.empty();
    return store_.Install(name_, std::move(partials_), digests_,
                          {.source = source, .installed = "", .files = {}, .verified = verified});
  }

  // Leaves what came for the next pull; returns how many bytes that is.
  uint64_t Keep() {
    uint64_t kept = 0;
    for (size_t i = 0; i < partials_.size(); ++i) {
      if (files_[i].sha256.empty() || partials_[i].size() == 0) continue;
      partials_[i].Keep();
      kept += partials_[i].size();
    }
    return kept;
  }

 private:
  std::function<bool(uint64_t, uint64_t)> Reporter(PullStatus::Phase phase) const {
    return [this, phase](uint64_t done, uint64_t total) { return progress_({phase, done, total, ""}); };
  }

  ModelStore& store_;
  const std::string& name_;
  const std::vector<RemoteFile>& files_;
  const DownloadOptions& options_;
  const PullProgress& progress_;
  HttpClient client_;
  std::vector<PartialFile> partials_;
  std::vector<Sha256Digest> digests_;
};

}  // namespace

UrlPullResult PullUrls(ModelStore& store, const std::string& name, const std::string& source,
                       const std::vector<RemoteFile>& files, const DownloadOptions& options,
                       const PullProgress& progress) {
  std::vector<std::string> digests;
  for (const RemoteFile& file : files) digests.push_back(file.sha256);
  const auto installed = [&] { return CheckInstalled(store, name, digests, source, progress); };
  if (const auto result = installed()) return {*result};

  UrlPull pull(store, name, files, options, progress);
  try {
    if (!pull.Lock()) return {PullResult::kStopped, pull.Keep()};
    // Another process may have finished while this one waited for the lock.
    if (const auto result = installed()) return {*result};
    if (!pull.DownloadAll()) return {PullResult::kStopped, pull.Keep()};
  } catch (const disk::NoRoomError& error) {
    throw disk::NoRoomError(std::string(error.what()) + " (what had come is removed)");
  } catch (const IoError& error) {
    const uint64_t kept = pull.Keep();
    if (kept == 0) throw;
    throw IoError(std::string(error.what()) + " (" + std::to_string(kept) +
                  " bytes are kept; the same command goes on from there)");
  }
  if (pull.Install(source)) return {PullResult::kInstalled};
  return {AfterInstallFailed(store, name, installed())};
}

}  // namespace candor
