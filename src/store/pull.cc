#include "store/pull.h"

#include "base/error.h"
#include "base/file.h"
#include "store/disk.h"

namespace candor {
namespace {

bool Matches(const std::string& found, const std::string& expected) { return expected.empty() || found == expected; }

[[noreturn]] void ThrowOtherContents(const std::string& name, const std::string& found, const std::string& expected) {
  throw FormatError(name + " is in the store already, with other contents (SHA-256 " + found + ", wanted " + expected +
                    "): choose another --name, or first: candor remove " + name);
}

}  // namespace

std::optional<PullResult> CheckInstalled(ModelStore& store, const std::string& name,
                                         const std::vector<std::string>& sha256, const std::string& source,
                                         const PullProgress& progress) {
  const std::optional<StoredModel> model = store.Find(name);
  if (!model) return std::nullopt;
  if (model->files.size() != sha256.size()) {
    throw FormatError(name + " is in the store already, in " + std::to_string(model->files.size()) +
                      " files: choose another --name, or first: candor remove " + name);
  }
  if (model->record) {
    for (size_t i = 0; i < sha256.size(); ++i) {
      const std::string& found = model->record->files[i].sha256;
      if (!Matches(found, sha256[i])) ThrowOtherContents(name, found, sha256[i]);
    }
    return PullResult::kAlreadyThere;
  }
  std::vector<Sha256Digest> digests;
  bool verified = true;
  for (size_t i = 0; i < sha256.size(); ++i) {
    const File file = File::Open(model->files[i]);
    Sha256 hash;
    const auto report = [&](uint64_t done, uint64_t total) {
      return progress({PullStatus::Phase::kChecking, done, total, ""});
    };
    if (!disk::Hash(file.descriptor(), file.size(), model->files[i], hash, report)) return PullResult::kStopped;
    digests.push_back(hash.Finish());
    const std::string found = ToHex(digests.back());
    if (!Matches(found, sha256[i])) ThrowOtherContents(name, found, sha256[i]);
    verified = verified && !sha256[i].empty();
  }
  store.WriteRecord(*model, digests, {.source = source, .installed = "", .files = {}, .verified = verified});
  return PullResult::kAlreadyThere;
}

PullResult AfterInstallFailed(const ModelStore& store, const std::string& name,
                              const std::optional<PullResult>& installed) {
  if (installed) return *installed;
  throw IoError((store.folder() / (name + ".gguf")).string() + ": something that is no file has the model's name");
}

}  // namespace candor
