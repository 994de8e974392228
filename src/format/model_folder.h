// A folder with a checkpoint in safetensors: which of its files are opened, and that none is opened that is not in it.
#ifndef CANDOR_FORMAT_MODEL_FOLDER_H_
#define CANDOR_FORMAT_MODEL_FOLDER_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace candor {

inline constexpr std::string_view kConfigFile = "config.json";

struct FolderFiles {
  std::vector<File> files;
  std::vector<std::string> names;  // of `files`, without folder
};

// Opens the documents that are there (SafetensorsDocuments() in their order), then every .safetensors file, by name.
// Nothing is read. FormatError when there is no config.json or no .safetensors file, IoError for what is not a regular
// file, LimitError above kSafetensorsMaxShards of them, and what RequireInsideFolder() throws.
FolderFiles OpenModelFolder(const std::filesystem::path& folder);

// The config.json of a folder in which there is no .safetensors file: what is known of a model before it is downloaded.
// Nothing where there is one, or no config.json. IoError and what RequireInsideFolder() throws.
std::optional<File> OpenConfigAlone(const std::filesystem::path& folder);

// The last word of the folder's absolute path: of "models/Qwen/", and of "." in that folder, "Qwen".
std::string FolderName(const std::filesystem::path& folder);

// Throws FormatError naming `name` and its target when `folder`/`name` is a link, or on the way of one, to a place
// outside of `folder`; IoError when it leads nowhere. `folder` itself may be a link: it is the user's own word.
//
// One layout is known that keeps its files elsewhere, the Hugging Face hub's cache: of a folder
// .../models--NAME/snapshots/REVISION files may be links to .../models--NAME/blobs.
void RequireInsideFolder(const std::filesystem::path& folder, const std::string& name);

}  // namespace candor

#endif  // CANDOR_FORMAT_MODEL_FOLDER_H_
