// The MODEL of a command line: a name in the store, a path to a .gguf file, or a folder with config.json.
#ifndef CANDOR_CLI_MODEL_ARGUMENT_H_
#define CANDOR_CLI_MODEL_ARGUMENT_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "format/checkpoint.h"
#include "store/model_store.h"

namespace candor {

// What the user typed, before anything is opened.
struct ModelArgument {
  std::string model;
  std::string store;  // --store; empty for the default
};

// Adds MODEL (required) and --store to a command; `argument` must live as long as `app`. `takes_folders`: whether the
// command reads folders with safetensors too, for its help.
void AddModelArgument(CLI::App& app, ModelArgument& argument, bool takes_folders = false);

// A model's open files, of which nothing has been read.
struct ModelFiles {
  enum class Format { kGguf, kSafetensors };
  Format format = Format::kGguf;
  std::string name;  // for messages and --json: the name in the store, else the file's or folder's without extension
  // kGguf: the file, or all parts in order. kSafetensors: config.json, then what else of the usual files is there,
  // by name (tokenizer.json, chat_template.jinja, *.safetensors, ...).
  std::vector<File> files;
  std::vector<std::string> file_names;  // of `files`, without folder
  // What the store knows of the model; absent for a path outside the store.
  std::optional<StoredModel> stored;

  // By name within the folder; nullptr when it is not there.
  const File* Find(std::string_view file_name) const;
};

// A word without '/' that does not end in .gguf is a name in the store, or else a folder or file of the current
// directory; anything else is a path. Throws IoError when there is no such model (with the nearest name in the
// store, or the `candor pull` that would fetch it).
ModelFiles OpenModel(const ModelArgument& argument);

// OpenGguf() with better messages: FormatError for a file that is something else than GGUF, naming what it is. Reads
// the files' headers, so the process should be sealed.
Checkpoint OpenCheckpoint(std::vector<File> files);

}  // namespace candor

#endif  // CANDOR_CLI_MODEL_ARGUMENT_H_
