#include "store/pull.h"

#include "base/error.h"
#include "base/file.h"
#include "store/disk.h"
#include "store/known_models.h"

namespace candor {
namespace {

[[noreturn]] void ThrowOtherContents(const StoredModel& model, size_t i, const std::string& found,
                                     const std::string& expected) {
  if (model.record && model.record->files[i].sha256 == expected) {
    throw FormatError(model.files[i].string() + ": SHA-256 " + found + ", but " + expected +
                      " when it was pulled: the file has changed since. First: " + HowToReplace(model));
  }
  throw FormatError(model.name + " is in the store already, with other contents (SHA-256 " + found + ", wanted " +
                    expected + "): choose another --name, or first: candor remove " + model.name);
}

// Hashes the file at `path`; nullopt when stopped.
std::optional<Sha256Digest> HashFile(const std::filesystem::path& path, const PullProgress& progress) {
  const File file = File::Open(path);
  Sha256 hash;
  const auto report = [&](uint64_t done, uint64_t total) {
    return progress({PullStatus::Phase::kChecking, done, total, ""});
  };
  if (!disk::Hash(file.descriptor(), file.size(), path, hash, report)) return std::nullopt;
  return hash.Finish();
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
  std::vector<Sha256Digest> digests;
  bool all_known = true;
  bool recorded = model->record.has_value();
  for (size_t i = 0; i < sha256.size(); ++i) {
    const auto digest = HashFile(model->files[i], progress);
    if (!digest) return PullResult::kStopped;
    digests.push_back(*digest);
    const std::string found = ToHex(*digest);
    const std::string known = model->record ? model->record->files[i].sha256 : "";
    const std::string& expected = sha256[i].empty() ? known : sha256[i];
    if (!expected.empty() && found != expected) ThrowOtherContents(*model, i, found, expected);
    all_known = all_known && !sha256[i].empty();
    recorded = recorded && found == known;
  }
  if (recorded && (model->record->verified || !all_known)) return PullResult::kAlreadyThere;
  store.WriteRecord(*model, digests, {.source = source, .installed = "", .files = {}, .verified = all_known});
  return PullResult::kAlreadyThere;
}

std::string HowToReplace(const StoredModel& model) {
  std::string how = "candor remove " + model.name;
  if (!model.record) return how;
  if (FindKnownModel(model.name) != nullptr && model.record->source.starts_with("packages ")) {
    return how + ", then: candor pull " + model.name;
  }
  return how + ", then pull it again from " + model.record->source;
}

PullResult AfterInstallFailed(const ModelStore& store, const std::string& name,
                              const std::optional<PullResult>& installed) {
  if (installed) return *installed;
  throw IoError((store.folder() / (name + ".gguf")).string() + ": something that is no file has the model's name");
}

}  // namespace candor
