#include "cli/key_file_option.h"

#include "base/error.h"
#include "cli/config_file.h"

namespace candor {

void AddKeyFileOption(CLI::App& app, std::string& file) {
  app.add_option("--keys", file,
                 "File of the keys; default: $XDG_CONFIG_HOME/candor/keys.json or ~/.config/candor/keys.json")
      ->type_name("FILE");
}

std::filesystem::path KeyFilePath(const std::string& flag) {
  if (!flag.empty()) return flag;
  const std::filesystem::path config = DefaultConfigFile();
  if (config.empty()) throw UsageError("no file for keys: neither --keys, XDG_CONFIG_HOME nor HOME is set");
  return config.parent_path() / "keys.json";
}

}  // namespace candor
