// Which files of a model's folder may be opened: those in it, wherever links in it lead.
#ifndef CANDOR_CLI_FOLDER_FILE_H_
#define CANDOR_CLI_FOLDER_FILE_H_

#include <filesystem>
#include <string>

namespace candor {

// Throws FormatError naming `name` and its target when `folder`/`name` is a link, or on the way of one, to a place
// outside of `folder`; IoError when it leads nowhere. `folder` itself may be a link: it is the user's own word.
//
// One layout is known that keeps its files elsewhere, the Hugging Face hub's cache: of a folder
// .../models--NAME/snapshots/REVISION files may be links to .../models--NAME/blobs.
void RequireInsideFolder(const std::filesystem::path& folder, const std::string& name);

}  // namespace candor

#endif  // CANDOR_CLI_FOLDER_FILE_H_
