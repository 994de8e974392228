#include "format/model_folder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "format/safetensors.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

// Both canonical.
bool IsInside(const fs::path& target, const fs::path& folder) {
  const auto [in_folder, in_target] = std::mismatch(folder.begin(), folder.end(), target.begin(), target.end());
  return in_folder == folder.end() && in_target != target.end();
}

bool IsBlobOfSnapshot(const fs::path& target, const fs::path& folder) {
  const fs::path snapshots = folder.parent_path();
  const fs::path model = snapshots.parent_path();
  return snapshots.filename() == "snapshots" && model.filename().string().starts_with("models--") &&
         target.parent_path() == model / "blobs";
}

// The names of the .safetensors files.
std::vector<std::string> WeightsOf(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> weights;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename();
    if (name.ends_with(".safetensors")) weights.push_back(std::move(name));
  }
  if (error) throw IoError(folder.string() + ": cannot list this folder: " + error.message());
  return weights;
}

}  // namespace

FolderFiles OpenModelFolder(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> weights = WeightsOf(folder);
  if (weights.size() > kSafetensorsMaxShards) {
    throw LimitError(folder.string() + ": " + std::to_string(weights.size()) + " .safetensors files, at most " +
                     std::to_string(kSafetensorsMaxShards) + " are opened");
  }
  std::sort(weights.begin(), weights.end());

  FolderFiles open;
  for (const SafetensorsDocument& document : SafetensorsDocuments()) {
    // A link that leads nowhere is there: leaving it out without a word would make another model of the folder.
    const fs::file_status status = fs::symlink_status(folder / document.name, error);
    if (status.type() != fs::file_type::not_found) open.names.emplace_back(document.name);
  }
  if (open.names.empty() || open.names[0] != kConfigFile) {
    throw FormatError(folder.string() + ": no model: a folder needs a config.json and safetensors");
  }
  if (weights.empty()) throw FormatError(folder.string() + ": there is a config.json but no .safetensors file");
  open.names.insert(open.names.end(), weights.begin(), weights.end());
  for (const std::string& name : open.names) {
    RequireInsideFolder(folder, name);
    open.files.push_back(File::Open(folder / name));
  }
  return open;
}

std::optional<File> OpenConfigAlone(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kConfigFile, error) || !WeightsOf(folder).empty()) return std::nullopt;
  RequireInsideFolder(folder, std::string(kConfigFile));
  return File::Open(folder / kConfigFile);
}

std::string FolderName(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

void RequireInsideFolder(const fs::path& folder, const std::string& name) {
  std::error_code error;
  const fs::path inside = fs::canonical(folder, error);
  if (error) throw IoError(folder.string() + ": " + error.message());
  const std::string path = Printable((folder / name).string(), 4096);
  const fs::path target = fs::canonical(folder / name, error);
  if (error) throw IoError(path + ": " + error.message());
  if (IsInside(target, inside) || IsBlobOfSnapshot(target, inside)) return;
  throw FormatError(path + ": leads to " + Printable(target.string(), 4096) +
                    ", outside of the model's folder, and is not opened; put the file itself into the folder");
}

}  // namespace candor
