#include "cli/model_argument.h"

#include <algorithm>

#include "base/error.h"
#include "cli/store_folder.h"
#include "format/gguf.h"
#include "format/model_folder.h"
#include "store/known_models.h"
#include "store/model_name.h"
#include "store/model_store.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

ModelFiles OpenGgufFiles(const fs::path& path, std::string name, std::optional<StoredModel> stored) {
  ModelFiles model;
  model.name = std::move(name);
  model.stored = std::move(stored);
  for (const fs::path& part : GgufParts(path)) {
    model.files.push_back(File::Open(part));
    model.file_names.push_back(part.filename());
  }
  return model;
}

// The first GGUF file of a folder by name; empty when it has none.
std::string FirstGguf(const fs::path& folder) {
  std::string first;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (name.ends_with(".gguf") && (first.empty() || name < first)) first = name;
  }
  return first;
}

ModelFiles OpenFolder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kConfigFile, error)) {
    const std::string gguf = FirstGguf(folder);
    if (!gguf.empty()) throw UsageError(folder.string() + ": a folder; name the file in it, " + gguf);
  }
  FolderFiles open = OpenModelFolder(folder);
  ModelFiles model;
  model.format = CheckpointFormat::kSafetensors;
  model.name = FolderName(folder);
  model.files = std::move(open.files);
  model.file_names = std::move(open.names);
  return model;
}

// The model of the store whose (first) file `path` is.
std::optional<StoredModel> StoredAt(const fs::path& path, const std::string& store_flag) {
  try {
    const ModelStore store(StoreFolder(store_flag));
    std::error_code error;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (!fs::equivalent(folder, store.folder(), error) || error) return std::nullopt;
    auto stored = store.Find(ModelNameFromFile(path.string()));
    if (!stored || stored->files.front().filename() != path.filename()) return std::nullopt;
    return stored;
  } catch (const UsageError&) {
    return std::nullopt;  // a path needs no store
  }
}

FoundModel FoundAt(const fs::path& path, const std::string& store_flag) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  return {path, is_folder, is_folder ? std::nullopt : StoredAt(path, store_flag)};
}

[[noreturn]] void ThrowUnknownName(const std::string& name, const ModelStore& store) {
  std::string message = "no model \"" + name + "\" in " + store.folder().string();
  const auto partials = store.Partials();
  const auto interrupted =
      std::find_if(partials.begin(), partials.end(), [&](const PartialModel& partial) { return partial.name == name; });
  const std::vector<std::string> names = store.Names();
  std::vector<std::string> known;
  for (const KnownModel& model : KnownModels()) known.push_back(model.name);

  if (FindKnownModel(name) != nullptr) {
    message += "; fetch it with: candor pull " + name;
  } else if (interrupted != partials.end()) {
    message += "; its download was interrupted: repeat the candor pull to go on with it";
  } else if (const std::string nearest = NearestName(name, names); !nearest.empty()) {
    message += "; did you mean " + nearest + "?";
  } else if (const std::string candidate = NearestName(name, known); !candidate.empty()) {
    message += "; did you mean " + candidate + "? Fetch it with: candor pull " + candidate;
  } else if (names.empty()) {
    message += ", which holds none yet; fetch one with: candor pull " + known.front();
  } else {
    message += "; \"candor list\" shows what is there";
  }
  throw IoError(message);
}

}  // namespace

void AddModelArgument(CLI::App& app, ModelArgument& argument) {
  app.add_option("MODEL", argument.model,
                 "A name in the store (see: candor list), a .gguf file (of a split model the first part), or a folder "
                 "with config.json, tokenizer.json and safetensors")
      ->required()
      ->type_name("");
  AddStoreOption(app, argument.store);
}

FoundModel FindModel(const ModelArgument& argument) {
  const std::string& model = argument.model;
  if (model.empty()) throw UsageError("MODEL is empty: expected a name, a path to a .gguf file, or a folder");
  std::error_code error;
  if (model.find('/') != std::string::npos || model.ends_with(".gguf")) {
    if (!fs::exists(model, error)) throw IoError(model + ": no such file or folder");
    return FoundAt(model, argument.store);
  }
  const ModelStore store(StoreFolder(argument.store));
  if (const auto stored = store.Find(model)) return {stored->files.front(), false, stored};
  if (fs::exists(model, error)) return FoundAt(model, argument.store);
  ThrowUnknownName(model, store);
}

ModelFiles OpenModel(FoundModel found) {
  if (found.is_folder) return OpenFolder(found.path);
  std::string name = found.stored ? found.stored->name : ModelNameFromFile(found.path.string());
  if (name.empty()) name = found.path.filename().string();
  return OpenGgufFiles(found.path, std::move(name), std::move(found.stored));
}

ModelFiles OpenModel(const ModelArgument& argument) { return OpenModel(FindModel(argument)); }

}  // namespace candor
