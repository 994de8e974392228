#include "cli/folder_file.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"

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

}  // namespace

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
