// model.safetensors.index.json: which file of a sharded checkpoint holds which tensor.
#ifndef CANDOR_FORMAT_SAFETENSORS_INDEX_H_
#define CANDOR_FORMAT_SAFETENSORS_INDEX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

struct SafetensorsIndex {
  struct Entry {
    std::string tensor;
    uint32_t file;  // index into files
  };
  std::vector<std::string> files;  // each once, ordered
  std::vector<Entry> tensors;      // ordered by name, each once; at least one
};

// Reads `weight_map`, an object of tensor names and the names of files in the same folder; other members are left.
// Throws FormatError or LimitError naming `source` and the tensor: for a tensor that is named twice, for the name of a
// file that could lead out of the folder (with '/' or '\\', "." or "..") or could mislead when shown.
SafetensorsIndex ParseSafetensorsIndex(std::string_view text, const std::string& source);

}  // namespace candor

#endif  // CANDOR_FORMAT_SAFETENSORS_INDEX_H_
