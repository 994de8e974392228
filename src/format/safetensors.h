// safetensors: a file of named tensors, and the folder of such files with config.json that a checkpoint is published
// as.
//
// Source: the safetensors format (8 bytes, the length N of the header, little-endian; N bytes of JSON; the data), and
// the folders that Hugging Face's libraries write. Where the format leaves room the strict reading is taken: what two
// programs could read differently is refused.
#ifndef CANDOR_FORMAT_SAFETENSORS_H_
#define CANDOR_FORMAT_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "format/checkpoint.h"
#include "format/need_more_bytes.h"

namespace candor {

inline constexpr uint64_t kSafetensorsMaxHeaderBytes = 100'000'000;  // the format's own limit, without the length
inline constexpr uint64_t kSafetensorsMaxTensors = 1 << 20;          // of a file, and of a checkpoint
inline constexpr uint64_t kSafetensorsMaxNameBytes = 512;
inline constexpr uint64_t kSafetensorsMaxDimensions = 8;
// Of a checkpoint: the largest published ones have 163 shards and 92 thousand tensors.
inline constexpr uint64_t kSafetensorsMaxShards = 1024;
inline constexpr uint64_t kSafetensorsMaxHeadersInAll = 256 << 20;  // bytes
inline constexpr uint64_t kSafetensorsMaxIndexBytes = 64 << 20;

// A file whose first eight bytes are no header's length, as they do not lie in it or more than the file should follow:
// part of a file, or another format. Its message is that of any FormatError.
class NotSafetensors : public FormatError {
 public:
  NotSafetensors(const std::string& source, const std::string& problem)
      : FormatError(source + ": header length (at byte 0): " + problem), source_(source) {}
  // What messages call the file.
  const std::string& source() const { return source_; }

 private:
  std::string source_;
};

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;  // ordered by offset; file = 0; offsets absolute; names unique
  uint64_t data_offset;             // where the tensor data begins; at most the file's size
};

// Parses the header at the beginning of `prefix`, the first bytes of a file of `file_size`. A pure function: the caller
// reads more and asks again on NeedMoreBytes.
//
// What it promises of a header: it is an object padded with nothing but spaces, no name in it appears twice; tensors
// have a name of printable UTF-8, a known type, 1 to 8 dimensions of at least 1 (none at all, a single number, becomes
// {1}), exactly the bytes that type and shape take; they lie end to end from the header to the end of the file, at any
// alignment. `__metadata__`, a map of strings, is checked and left. Throws NotSafetensors, FormatError,
// UnsupportedError (unknown types) or LimitError, naming `source`, tensor, field, what was found and what was expected.
std::variant<SafetensorsHeader, NeedMoreBytes> ParseSafetensorsHeader(std::span<const std::byte> prefix,
                                                                      uint64_t file_size, const std::string& source);

// Refuses a tensor's name that is empty, too long or, when shown, could mislead: FormatError or LimitError naming
// `source`.
void CheckSafetensorsName(std::string_view name, const std::string& source);

// The small files of a folder that are read, and the size up to which they are.
struct SafetensorsDocument {
  std::string_view name;
  uint64_t max_bytes;
};
std::span<const SafetensorsDocument> SafetensorsDocuments();

// Reads the documents among `files` (`names`: their names without folder, as many), in the order of
// SafetensorsDocuments(). Those that are JSON are checked: objects, with no name twice, nested 32 deep at most.
std::vector<Document> ReadSafetensorsDocuments(const std::vector<File>& files, const std::vector<std::string>& names);

// One checkpoint from the open files of one folder: config.json, which must be there, other documents, and files of
// tensors; `names` are their names without folder. Files of other names are left.
//
// The tensors are those of the files that model.safetensors.index.json names, each in the file that it says, and it
// names every tensor of these; other files of tensors are left, as folders carry the same model twice; but not
// model.safetensors, which some programs would take instead: that is an error. Without an index there is
// model.safetensors or one .safetensors file alone. The source of the metadata is config.json, that of the checkpoint
// the folder. Throws NotSafetensors, FormatError, UnsupportedError or LimitError naming the file.
Checkpoint OpenSafetensors(std::vector<File> files, const std::vector<std::string>& names);

}  // namespace candor

#endif  // CANDOR_FORMAT_SAFETENSORS_H_
