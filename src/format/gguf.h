// GGUF, versions 2 and 3, little-endian, single or split over several files.
//
// Source: the GGUF specification. Every count and length is bounded by the bytes that are left in the file before
// anything is allocated for it.
#ifndef CANDOR_FORMAT_GGUF_H_
#define CANDOR_FORMAT_GGUF_H_

#include <filesystem>
#include <span>
#include <vector>

#include "format/checkpoint.h"

namespace candor {

// Header, metadata and tensor table of one GGUF file. A pure function of its arguments.
struct GgufHeader {
  Metadata metadata;
  std::vector<TensorInfo> tensors;  // file = 0; offsets absolute
  uint64_t data_offset;             // where the tensor data begins
};

// Thrown bytes aside, `prefix` may be shorter than the header: then nullopt-like behaviour is signalled by
// NeedMoreBytes, so that a caller reads only what the header takes. `file_size` bounds every count.
struct NeedMoreBytes {
  uint64_t at_least;  // a prefix of this many bytes makes progress; never more than file_size
};
GgufHeader ParseGgufHeader(std::span<const std::byte> prefix, uint64_t file_size, const std::string& source);

// The files that belong to `path`: itself, or all parts of a split model when it is named -00001-of-0000N.gguf.
// FormatError when it names a later part or a part is missing.
std::vector<std::filesystem::path> GgufParts(const std::filesystem::path& path);

// Parses the headers of open files (one, or the parts of a split model in order) into one checkpoint.
Checkpoint OpenGguf(std::vector<File> files);

}  // namespace candor

#endif  // CANDOR_FORMAT_GGUF_H_
