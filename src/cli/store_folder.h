// Where the models are, for every command that takes one.
#ifndef CANDOR_CLI_STORE_FOLDER_H_
#define CANDOR_CLI_STORE_FOLDER_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace candor {

// Adds --store DIR to a command; `folder` must live as long as `app`.
void AddStoreOption(CLI::App& app, std::string& folder);

// `flag` unless it is empty; else $CANDOR_MODELS, $XDG_DATA_HOME/candor/models or ~/.local/share/candor/models.
// UsageError when none of them is known.
std::filesystem::path StoreFolder(const std::string& flag);

}  // namespace candor

#endif  // CANDOR_CLI_STORE_FOLDER_H_
