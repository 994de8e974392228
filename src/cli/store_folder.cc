#include "cli/store_folder.h"

#include <cstdlib>

#include "base/error.h"

namespace candor {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

void AddStoreOption(CLI::App& app, std::string& folder) {
  app.add_option("--store", folder,
                 "Folder of the models; default: $CANDOR_MODELS, $XDG_DATA_HOME/candor/models, or "
                 "~/.local/share/candor/models")
      ->type_name("DIR");
}

std::filesystem::path StoreFolder(const std::string& flag) {
  if (!flag.empty()) return flag;
  if (const std::string models = Environment("CANDOR_MODELS"); !models.empty()) return models;
  const std::filesystem::path below = std::filesystem::path("candor") / "models";
  // The XDG specification wants relative paths ignored.
  if (const std::filesystem::path data = Environment("XDG_DATA_HOME"); data.is_absolute()) return data / below;
  if (const std::filesystem::path home = Environment("HOME"); home.is_absolute()) {
    return home / ".local" / "share" / below;
  }
  throw UsageError("no folder for models: neither --store, CANDOR_MODELS, XDG_DATA_HOME nor HOME is set");
}

}  // namespace candor
