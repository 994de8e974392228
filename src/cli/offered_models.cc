#include "cli/offered_models.h"

#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <utility>

#include "base/error.h"
#include "cli/model_argument.h"
#include "cli/store_folder.h"
#include "store/known_models.h"
#include "store/model_store.h"

namespace candor {
namespace {

int64_t ModifiedAt(const std::filesystem::path& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec : 0;
}

OfferedModel Offer(const ModelArgument& argument) {
  const FoundModel found = FindModel(argument);
  std::string name = found.stored ? found.stored->name : found.path.stem().string();
  if (found.is_folder) name = std::filesystem::canonical(found.path).filename().string();
  if (const size_t part = name.find("-00001-of-"); part != std::string::npos) name.resize(part);
  return {ClientName(name), ModifiedAt(found.path), [argument] {
            ModelFiles files = OpenModel(argument);
            std::vector<std::string> sha256;
            if (files.stored && !files.stored->record_problem.empty()) throw FormatError(files.stored->record_problem);
            if (files.stored && files.stored->record) {
              for (const auto& file : files.stored->record->files) sha256.push_back(file.sha256);
            }
            return ModelSource{std::move(files), std::move(sha256)};
          }};
}

}  // namespace

std::string ClientName(const std::string& name) {
  std::string safe = name;
  for (char& c : safe) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (!plain) c = '-';
  }
  return safe;
}

std::vector<OfferedModel> OfferedModels(const std::vector<std::string>& typed, const std::string& store) {
  std::vector<std::string> models = typed;
  if (models.empty()) {
    const ModelStore all(StoreFolder(store));
    models = all.Names();
    if (models.empty()) {
      throw UsageError("no model to serve: " + all.folder().string() + " holds none. Fetch one with: candor pull " +
                       KnownModels().front().name + ", or name a file");
    }
  }
  std::vector<OfferedModel> offered;
  std::set<std::string> names;
  for (const std::string& model : models) {
    offered.push_back(Offer({.model = model, .store = store}));
    if (!names.insert(offered.back().name).second) {
      throw UsageError(model + ": another model is called " + offered.back().name + " already");
    }
  }
  return offered;
}

}  // namespace candor
