// The MODEL of a command line: a name in the store, a path to a .gguf file, or a folder with config.json.
#ifndef CANDOR_CLI_MODEL_ARGUMENT_H_
#define CANDOR_CLI_MODEL_ARGUMENT_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "format/checkpoint_files.h"
#include "store/model_store.h"

namespace candor {

// What the user typed, before anything is opened.
struct ModelArgument {
  std::string model;
  std::string store;  // --store; empty for the default
};

// Adds MODEL (required) and --store to a command; `argument` must live as long as `app`.
void AddModelArgument(CLI::App& app, ModelArgument& argument);

// Which file or folder a MODEL is. Nothing has been opened.
struct FoundModel {
  std::filesystem::path path;
  bool is_folder = false;
  // What the store knows of the model; absent for a path outside the store.
  std::optional<StoredModel> stored;
};

// A word without '/' that does not end in .gguf is a name in the store, or else a folder or file of the current
// directory; anything else is a path. Throws IoError when there is no such model (with the nearest name in the
// store, or the `candor pull` that would fetch it).
FoundModel FindModel(const ModelArgument& argument);

struct ModelFiles : CheckpointFiles {
  std::string name;  // for messages and --json: the name in the store, else the file's or folder's without extension
  std::optional<StoredModel> stored;  // as in FoundModel
};

// Opens what FindModel() finds, with the errors of OpenModelFolder().
ModelFiles OpenModel(FoundModel found);
ModelFiles OpenModel(const ModelArgument& argument);

}  // namespace candor

#endif  // CANDOR_CLI_MODEL_ARGUMENT_H_
