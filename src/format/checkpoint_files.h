// A model's open files, and the one way to read them.
#ifndef CANDOR_FORMAT_CHECKPOINT_FILES_H_
#define CANDOR_FORMAT_CHECKPOINT_FILES_H_

#include <string>
#include <vector>

#include "base/file.h"
#include "format/checkpoint.h"
#include "format/gguf.h"

namespace candor {

// Nothing of them has been read.
struct CheckpointFiles {
  CheckpointFormat format = CheckpointFormat::kGguf;
  // kGguf: the file, or all parts in order. kSafetensors: as OpenModelFolder() opens them.
  std::vector<File> files;
  std::vector<std::string> file_names;  // of `files`, without folder
};

// OpenGguf() or OpenSafetensors() with better messages: FormatError for a file that is something else than its name
// says, naming what it is. Reads the files' headers and a folder's documents, so the process should be sealed.
Checkpoint OpenCheckpoint(CheckpointFiles model, GgufTensorData data = GgufTensorData::kThere);

}  // namespace candor

#endif  // CANDOR_FORMAT_CHECKPOINT_FILES_H_
