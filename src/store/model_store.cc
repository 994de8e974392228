#include "store/model_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "format/gguf.h"
#include "store/disk.h"
#include "store/model_name.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKeyDigits = 16;
constexpr std::string_view kPartSuffix = ".part";
constexpr std::string_view kPackagesSuffix = ".packages";

std::string FileName(const std::string& name, size_t index, size_t count) {
  if (count == 1) return name + ".gguf";
  return FormatGgufPartName({name, index + 1, count});
}

fs::path RecordPath(const fs::path& folder, const std::string& name) { return folder / (name + ".json"); }

std::string Now() {
  const time_t now = ::time(nullptr);
  tm utc;
  ::gmtime_r(&now, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

// The name of the model whose only or first file is called `file`; empty when it is no such file.
std::string NameOfFirstFile(const std::string& file, uint64_t& parts) {
  std::string name;
  parts = 1;
  if (const auto part = ParseGgufPartName(file)) {
    if (part->number == 1 && part->count >= 1 && part->count <= kGgufMaxParts) name = part->stem;
    parts = part->count;
  } else if (file.ends_with(".gguf")) {
    name = file.substr(0, file.size() - 5);
  }
  return IsModelName(name) ? name : "";
}

// The name that an entry of .partial/ belongs to; empty when it is none of ours.
std::string NameOfPartial(std::string entry) {
  for (const std::string_view suffix : {kPartSuffix, kPackagesSuffix}) {
    if (entry.ends_with(suffix)) {
      entry.resize(entry.size() - suffix.size());
      if (entry.size() < kKeyDigits + 2 || entry[entry.size() - kKeyDigits - 1] != '-') return "";
      entry.resize(entry.size() - kKeyDigits - 1);
      return IsModelName(entry) ? entry : "";
    }
  }
  return "";
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  if (!fs::exists(folder, error) && !error) return entries;
  if (!error) {
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      entries.push_back(it->path());
    }
  }
  if (error) disk::Fail(folder, "cannot list this folder", error.value());
  std::sort(entries.begin(), entries.end());
  return entries;
}

// Throws FormatError when the record at `path` is not about the files that are there.
void CheckRecord(const ModelRecord& record, const StoredModel& model, const fs::path& path) {
  if (record.files.size() != model.files.size()) {
    throw FormatError(path.string() + ": \"files\": " + std::to_string(record.files.size()) + " files; there are " +
                      std::to_string(model.files.size()));
  }
  for (size_t i = 0; i < model.files.size(); ++i) {
    const std::string name = model.files[i].filename();
    const ModelRecord::FileRecord& file = record.files[i];
    if (file.name != name) throw FormatError(path.string() + ": \"name\": \"" + file.name + "\", expected " + name);
    std::error_code error;
    const uint64_t bytes = fs::file_size(model.files[i], error);
    if (error) throw IoError(model.files[i].string() + ": " + error.message());
    if (file.bytes != bytes) {
      throw FormatError(path.string() + ": " + name + " had " + std::to_string(file.bytes) +
                        " bytes when it was pulled, now it has " + std::to_string(bytes));
    }
  }
}

// What is there to tell whether the model's files are those that were pulled.
void ReadRecord(const fs::path& folder, StoredModel& model) {
  const fs::path path = RecordPath(folder, model.name);
  std::error_code error;
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return;
  try {
    ModelRecord record = ParseModelRecord(ReadWholeFile(path, kMaxModelRecordBytes), path.string());
    CheckRecord(record, model, path);
    model.record = std::move(record);
  } catch (const Error& problem) {
    model.record_problem = problem.what();
  }
}

std::optional<StoredModel> ReadModel(const fs::path& folder, const std::string& name, uint64_t parts) {
  StoredModel model;
  model.name = name;
  for (uint64_t i = 0; i < parts; ++i) {
    const fs::path path = folder / FileName(name, i, parts);
    std::error_code error;
    const uint64_t bytes = fs::file_size(path, error);
    if (error && i == 0) return std::nullopt;
    if (!error) model.bytes += bytes;
    model.files.push_back(path);
  }
  ReadRecord(folder, model);
  return model;
}

void WriteRecordOf(const fs::path& folder, const std::string& name, const std::vector<fs::path>& files,
                   const std::vector<Sha256Digest>& digests, ModelRecord record) {
  CHECK(files.size() == digests.size());
  record.installed = Now();
  record.files.clear();
  for (size_t i = 0; i < files.size(); ++i) {
    record.files.push_back({files[i].filename(), fs::file_size(files[i]), ToHex(digests[i])});
  }
  disk::ReplaceFile(RecordPath(folder, name), WriteModelRecord(record));
}

// Held while names are given or taken, so that no process sees another's half-done work. Where the file system cannot
// lock folders, renames that refuse to replace are what is left.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace

std::vector<StoredModel> ModelStore::List() const {
  std::vector<StoredModel> models;
  for (const fs::path& entry : Entries(folder_)) {
    uint64_t parts = 0;
    const std::string name = NameOfFirstFile(entry.filename(), parts);
    if (name.empty()) continue;
    // A whole file and a split model of one name: the whole one is meant, as in Find.
    if (parts > 1 && ReadModel(folder_, name, 1)) continue;
    if (auto model = ReadModel(folder_, name, parts)) models.push_back(std::move(*model));
  }
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return models;
}

std::vector<std::string> ModelStore::Names() const {
  std::vector<std::string> names;
  for (const StoredModel& model : List()) names.push_back(model.name);
  return names;
}

std::optional<StoredModel> ModelStore::Find(const std::string& name) const {
  if (!IsModelName(name)) return std::nullopt;
  if (auto model = ReadModel(folder_, name, 1)) return model;
  for (const fs::path& entry : Entries(folder_)) {
    uint64_t parts = 0;
    if (NameOfFirstFile(entry.filename(), parts) == name && parts > 1) return ReadModel(folder_, name, parts);
  }
  return std::nullopt;
}

std::vector<PartialModel> ModelStore::Partials() const {
  std::map<std::string, uint64_t> bytes;
  for (const fs::path& entry : Entries(partial_folder())) {
    const std::string name = NameOfPartial(entry.filename());
    if (name.empty()) continue;
    std::error_code error;
    const uint64_t size = fs::is_regular_file(entry, error) ? fs::file_size(entry, error) : 0;
    bytes[name] += error ? 0 : size;
  }
  std::vector<PartialModel> partials;
  for (const auto& [name, size] : bytes) partials.push_back({name, size});
  return partials;
}

fs::path ModelStore::PartialPath(const std::string& name, std::string_view source, std::string_view sha256) const {
  RequireModelName(name);
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(source)));
  hash.Update(std::as_bytes(std::span("\n", 1)));
  hash.Update(std::as_bytes(std::span(sha256)));
  const std::string key = ToHex(hash.Finish()).substr(0, kKeyDigits);
  return partial_folder() / (name + "-" + key + std::string(kPartSuffix));
}

bool ModelStore::Install(const std::string& name, std::vector<PartialFile> files,
                         const std::vector<Sha256Digest>& digests, ModelRecord record) {
  RequireModelName(name);
  CHECK(!files.empty() && files.size() == digests.size());
  {
    const FolderLock lock(folder_);
    if (Find(name)) return false;
    std::vector<fs::path> targets;
    for (size_t i = 0; i < files.size(); ++i) targets.push_back(folder_ / FileName(name, i, files.size()));
    // Later parts without a first one are what a process left that died between two renames; a record without a model
    // is of one that was deleted by hand, and would speak of this one.
    for (const fs::path& target : targets) ::unlink(target.c_str());
    ::unlink(RecordPath(folder_, name).c_str());
    for (size_t i = files.size(); i-- > 0;) {
      if (!files[i].MoveTo(targets[i])) return false;
    }
    disk::SyncFolder(folder_);
    WriteRecordOf(folder_, name, targets, digests, std::move(record));
  }
  files.clear();
  ClearPartials(name);
  return true;
}

void ModelStore::WriteRecord(const StoredModel& model, const std::vector<Sha256Digest>& digests, ModelRecord record) {
  const FolderLock lock(folder_);
  WriteRecordOf(folder_, model.name, model.files, digests, std::move(record));
}

bool ModelStore::Remove(const std::string& name) {
  RequireModelName(name);
  const FolderLock lock(folder_);
  // The record first: without its model it would speak of the next one of that name. Then the files in order, the
  // first part first: from there on it is no model.
  const fs::path record = RecordPath(folder_, name);
  std::vector<fs::path> doomed = {record, record.string() + ".new", folder_ / FileName(name, 0, 1)};
  for (const fs::path& entry : Entries(folder_)) {
    const auto part = ParseGgufPartName(entry.filename());
    if (part && part->stem == name) doomed.push_back(entry);
  }
  bool found = false;
  for (const fs::path& path : doomed) {
    if (::unlink(path.c_str()) == 0) {
      found = true;
    } else if (errno != ENOENT) {
      disk::Fail(path, "cannot delete", errno);
    }
  }
  if (found) disk::SyncFolder(folder_);
  return ClearPartials(name) || found;
}

bool ModelStore::ClearPartials(const std::string& name) {
  bool found = false;
  for (const fs::path& entry : Entries(partial_folder())) {
    if (NameOfPartial(entry.filename()) != name) continue;
    // The lock of the .part file stands for its folder of packages too.
    const fs::path part = fs::path(entry).replace_extension(kPartSuffix);
    const int descriptor = ::open(part.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      std::error_code ignored;
      fs::remove_all(fs::path(part).replace_extension(kPackagesSuffix), ignored);
      found = ::unlink(part.c_str()) == 0 || found;
    } else if (descriptor < 0 && errno == ENOENT) {
      std::error_code ignored;
      found = fs::remove_all(entry, ignored) > 0 || found;
    }
    if (descriptor >= 0) ::close(descriptor);
  }
  ::rmdir(partial_folder().c_str());  // fails when others are in it
  return found;
}

}  // namespace candor
