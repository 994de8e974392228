// Where the API keys are, for every command that deals with them.
#ifndef CANDOR_CLI_KEY_FILE_OPTION_H_
#define CANDOR_CLI_KEY_FILE_OPTION_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace candor {

// Adds --keys FILE to a command; `file` must live as long as `app`.
void AddKeyFileOption(CLI::App& app, std::string& file);

// `flag` unless it is empty; else $XDG_CONFIG_HOME/candor/keys.json or ~/.config/candor/keys.json. UsageError when none
// of them is known.
std::filesystem::path KeyFilePath(const std::string& flag);

}  // namespace candor

#endif  // CANDOR_CLI_KEY_FILE_OPTION_H_
