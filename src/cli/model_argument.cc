#include "cli/model_argument.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "cli/folder_file.h"
#include "cli/store_folder.h"
#include "format/gguf.h"
#include "format/safetensors.h"
#include "store/file_kind.h"
#include "store/known_models.h"
#include "store/model_name.h"
#include "store/model_store.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

void RequireGguf(const File& file) {
  std::array<std::byte, kFileKindPrefix> prefix;
  const size_t bytes = std::min<uint64_t>(prefix.size(), file.size());
  file.ReadAt(0, std::span(prefix).first(bytes));
  const FileKind kind = DetectFileKind(std::span(prefix).first(bytes));
  if (kind != FileKind::kGguf) throw FormatError(file.name() + ": " + DescribeFileKind(kind));
}

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

ModelFiles OpenFolder(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> weights;
  std::vector<std::string> ggufs;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename();
    if (file.ends_with(".safetensors")) weights.push_back(file);
    if (file.ends_with(".gguf")) ggufs.push_back(file);
  }
  if (error) throw IoError(folder.string() + ": cannot list this folder: " + error.message());
  const auto is_there = [&](std::string_view name) {
    return fs::symlink_status(folder / name, error).type() != fs::file_type::not_found;
  };
  if (!is_there("config.json")) {
    if (ggufs.empty()) throw FormatError(folder.string() + ": no model: a folder needs a config.json and safetensors");
    throw UsageError(folder.string() + ": a folder; name the file in it, " +
                     *std::min_element(ggufs.begin(), ggufs.end()));
  }
  if (weights.empty()) throw FormatError(folder.string() + ": there is a config.json but no .safetensors file");
  if (weights.size() > kSafetensorsMaxShards) {
    throw LimitError(folder.string() + ": " + std::to_string(weights.size()) + " .safetensors files, at most " +
                     std::to_string(kSafetensorsMaxShards) + " are opened");
  }
  std::sort(weights.begin(), weights.end());

  ModelFiles model;
  model.format = ModelFiles::Format::kSafetensors;
  model.name = fs::absolute(folder).lexically_normal().filename();
  if (model.name.empty()) model.name = fs::absolute(folder).lexically_normal().parent_path().filename();
  for (const SafetensorsDocument& document : SafetensorsDocuments()) {
    if (is_there(document.name)) model.file_names.emplace_back(document.name);
  }
  model.file_names.insert(model.file_names.end(), weights.begin(), weights.end());
  for (const std::string& file : model.file_names) {
    RequireInsideFolder(folder, file);
    model.files.push_back(File::Open(folder / file));
  }
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

ModelFiles OpenPath(const fs::path& path, const std::string& store_flag) {
  std::error_code error;
  if (fs::is_directory(path, error)) return OpenFolder(path);
  std::string name = ModelNameFromFile(path.string());
  if (name.empty()) name = path.filename().string();
  return OpenGgufFiles(path, std::move(name), StoredAt(path, store_flag));
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

const File* ModelFiles::Find(std::string_view file_name) const {
  for (size_t i = 0; i < files.size(); ++i) {
    if (file_names[i] == file_name) return &files[i];
  }
  return nullptr;
}

void AddModelArgument(CLI::App& app, ModelArgument& argument, bool takes_folders) {
  app.add_option("MODEL", argument.model,
                 std::string("A name in the store (see: candor list), or a .gguf file (of a split model the first "
                             "part)") +
                     (takes_folders ? ", or a folder with config.json and tokenizer.json" : ""))
      ->required()
      ->type_name("");
  AddStoreOption(app, argument.store);
}

ModelFiles OpenModel(const ModelArgument& argument) {
  const std::string& model = argument.model;
  if (model.empty()) throw UsageError("MODEL is empty: expected a name, a path to a .gguf file, or a folder");
  std::error_code error;
  if (model.find('/') != std::string::npos || model.ends_with(".gguf")) {
    if (!fs::exists(model, error)) throw IoError(model + ": no such file or folder");
    return OpenPath(model, argument.store);
  }
  const ModelStore store(StoreFolder(argument.store));
  if (const auto stored = store.Find(model)) return OpenGgufFiles(stored->files.front(), stored->name, stored);
  if (fs::exists(model, error)) return OpenPath(model, argument.store);
  ThrowUnknownName(model, store);
}

Checkpoint OpenCheckpoint(std::vector<File> files) {
  for (const File& file : files) RequireGguf(file);
  return OpenGguf(std::move(files));
}

}  // namespace candor
