// GGUF, versions 2 and 3, little-endian, single or split over several files.
//
// Source: the GGUF specification. Every count and length is bounded by the bytes that are left in the file before
// anything is allocated for it; a parsed header takes no more memory than a small multiple of its bytes.
#ifndef CANDOR_FORMAT_GGUF_H_
#define CANDOR_FORMAT_GGUF_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/file.h"
#include "format/checkpoint.h"
#include "format/metadata.h"
#include "format/need_more_bytes.h"

namespace candor {

// Limits beyond those that the file's size sets. The largest published headers (vocabularies of 262,144 tokens with as
// many merges) take about 16 MiB and a hundred keys.
inline constexpr uint64_t kGgufMaxHeaderBytes = 48 << 20;
inline constexpr uint64_t kGgufMaxKeys = 1 << 14;
inline constexpr uint64_t kGgufMaxKeyBytes = 1024;
inline constexpr uint64_t kGgufMaxArrayLength = 1 << 22;
inline constexpr uint64_t kGgufMaxTensors = 1 << 17;
inline constexpr uint64_t kGgufMaxTensorNameBytes = 64;  // the specification's own limit
inline constexpr uint64_t kGgufMaxDimensions = 4;
inline constexpr uint64_t kGgufMinAlignment = 8;  // the specification asks for multiples of it
inline constexpr uint64_t kGgufMaxAlignment = 1 << 16;
inline constexpr uint64_t kGgufMaxParts = 1024;

// Header, metadata and tensor table of one GGUF file.
struct GgufHeader {
  Metadata metadata;
  std::vector<TensorInfo> tensors;  // as the table lists them; file = 0; offsets absolute
  uint64_t data_offset;             // where the tensor data begins; at most the file's size, when that is there
};

// Whether a file's tensors are in it. Of a download's first bytes the header may be looked at all the same: then
// tensors may lie beyond the end of the file, and nothing may read them.
enum class GgufTensorData : uint8_t { kThere, kMayBeMissing };

// Parses the header at the beginning of `prefix`, the first bytes of a file of `file_size`. A pure function: the
// caller reads more and asks again on NeedMoreBytes, so that of a large file only the header is read.
//
// What it promises of a header: keys are unique printable ASCII, tensor names printable UTF-8, tensors lie within the
// file, aligned, end to end with nothing but alignment padding between them and after the last. Throws FormatError,
// UnsupportedError (big-endian, other versions, nested arrays, unknown tensor types) or LimitError, naming `source`,
// the field, its offset, the value found and the bound.
std::variant<GgufHeader, NeedMoreBytes> ParseGgufHeader(std::span<const std::byte> prefix, uint64_t file_size,
                                                        const std::string& source,
                                                        GgufTensorData data = GgufTensorData::kThere);

// "model-00001-of-00003.gguf" taken apart. The numbers are as written, five digits each, not checked against each
// other.
struct GgufPartName {
  std::string stem;  // "model"
  uint64_t number;
  uint64_t count;
};
std::optional<GgufPartName> ParseGgufPartName(const std::string& name);
std::string FormatGgufPartName(const GgufPartName& part);

// The files that belong to `path`: itself, or all parts of a split model when it is named -00001-of-0000N.gguf.
// FormatError when it names a later part or a part is missing.
std::vector<std::filesystem::path> GgufParts(const std::filesystem::path& path);

// Parses the headers of open files (one, or the parts of a split model in order) into one checkpoint. The metadata is
// that of the first part; a part that disagrees with it, with its place in the order, or with the number of tensors is
// a FormatError.
Checkpoint OpenGguf(std::vector<File> files, GgufTensorData data = GgufTensorData::kThere);

}  // namespace candor

#endif  // CANDOR_FORMAT_GGUF_H_
