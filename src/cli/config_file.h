// The user's settings: a file that gives flags their values when the command line does not.
//
//   threads = 4               # for every command that has --threads
//   [run]
//   temperature = 0.5         # for `candor run` alone
//   system = "Answer briefly."
//
// [eval] stands for all commands below `candor eval`. A small part of TOML 1.0: comments, [sections] named like
// commands, and key = value with strings, numbers, booleans and arrays of them on one line. Keys are flags without the
// dashes; '_' stands for '-' too.
#ifndef CANDOR_CLI_CONFIG_FILE_H_
#define CANDOR_CLI_CONFIG_FILE_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

inline constexpr size_t kMaxConfigBytes = 1u << 20;

struct ConfigEntry {
  std::string section;  // empty: every command
  std::string key;
  std::vector<std::string> values;  // strings without quotes, numbers and booleans as written
  size_t line = 0;                  // from 1
};

// Throws FormatError naming `source` and the line.
std::vector<ConfigEntry> ParseConfig(std::string_view text, const std::string& source);

// $XDG_CONFIG_HOME/candor/config.toml or ~/.config/candor/config.toml; empty when neither is known.
std::filesystem::path DefaultConfigFile();

// Adds --config FILE to `app`, which has all of its commands; it may stand before or behind their names. When the
// command line has been read, the file's values go to the flags of the command that were not given there. Throws
// UsageError naming file, line and setting for one that no such command has or accepts, with the nearest name. A file
// that is not a regular one is refused unread.
void AddConfigFile(CLI::App& app);

}  // namespace candor

#endif  // CANDOR_CLI_CONFIG_FILE_H_
