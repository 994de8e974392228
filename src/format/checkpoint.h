// One model as its files hold it: metadata, and where each tensor's bytes are. Readers of every format make this.
#ifndef CANDOR_FORMAT_CHECKPOINT_H_
#define CANDOR_FORMAT_CHECKPOINT_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "format/metadata.h"
#include "kernels/tensor_type.h"

namespace candor {

struct TensorInfo {
  std::string name;
  TensorType type;
  // Dimensions, innermost (contiguous) first, as GGUF writes them: a matrix is {columns, rows}. 1 to 8 of them, each
  // at least 1.
  std::vector<uint64_t> shape;
  uint32_t file;    // index into Checkpoint::files
  uint64_t offset;  // from the start of that file, in bytes
  uint64_t bytes;   // offset + bytes <= the file's size, checked by the reader

  // Product of the dimensions, and of all but the innermost.
  uint64_t elements() const;
  uint64_t rows() const;
};

enum class CheckpointFormat : uint8_t { kGguf, kSafetensors };

// A small file beside the weights, whole: config.json, tokenizer.json, chat_template.jinja...
struct Document {
  std::string name;  // without folder
  std::string text;
  Sha256Digest digest;
};

struct Checkpoint {
  explicit Checkpoint(Metadata its_metadata) : source(its_metadata.source()), metadata(std::move(its_metadata)) {}

  CheckpointFormat format = CheckpointFormat::kGguf;
  // What messages about the whole call it: the (first) file of kGguf, the folder of kSafetensors.
  std::string source;
  std::vector<File> files;
  // For each file its first bytes, up to the tensor data, exactly as they were read and parsed.
  std::vector<std::vector<std::byte>> headers;
  // kGguf: the file's own keys. kSafetensors: config.json, an object's members under dotted keys.
  Metadata metadata;
  std::vector<Document> documents;  // kSafetensors
  std::vector<TensorInfo> tensors;  // ordered by (file, offset); names are unique; ranges do not overlap
  std::vector<uint32_t> by_name;    // indices into tensors, ordered by name

  // Puts `tensors` in order and makes `by_name`; whoever fills `tensors` calls it once, last. Throws FormatError naming
  // a tensor that appears twice.
  void IndexTensors();
  // nullptr when there is none of that name. Takes logarithmic time.
  const TensorInfo* FindTensor(std::string_view name) const;
  // The text of a document; empty when it is not there.
  std::string_view TextOf(std::string_view document) const;
};

// The bytes of a tensor, or of a piece of it that holds whole rows. `bytes` is valid during the call only.
struct TensorPiece {
  size_t tensor;       // index into Checkpoint::tensors
  uint64_t first_row;  // rows as TensorInfo::rows() counts them
  uint64_t row_count;
  std::span<const std::byte> bytes;
};

// Called in the caller's thread every few megabytes with what has been used so far and the sum of the files' sizes;
// the last call has both equal.
using LoadProgress = std::function<void(uint64_t done_bytes, uint64_t total_bytes)>;

struct StreamOptions {
  bool hash = true;             // compute the digests (returned empty otherwise)
  bool drop_page_cache = true;  // File::DropCache behind the reader, so that file pages do not count as memory
  // A piece's first_row is a multiple of this, and so is its count but for the last piece.
  uint32_t row_multiple = 32;
  std::vector<uint64_t> row_multiples = {};  // the same for each tensor, where they differ; or empty
  LoadProgress progress = {};                // may be empty
};

// Reads every file of `checkpoint` once, front to back, in a window of a few megabytes, and calls `use` with pieces of
// each tensor in the order of Checkpoint::tensors. Reading and hashing go on in a second thread while `use` runs in
// the caller's. The digests are those of the very bytes that were parsed (headers) and handed to `use`; the padding
// between tensors is hashed too, so that they are the digests of the files.
// Returns the SHA-256 of each file. Throws IoError when a file cannot be read or has shrunk; `use` may throw: either
// way the second thread has ended when the exception leaves. An empty `use` only hashes.
std::vector<Sha256Digest> StreamTensors(const Checkpoint& checkpoint, const StreamOptions& options,
                                        const std::function<void(const TensorPiece&)>& use);

}  // namespace candor

#endif  // CANDOR_FORMAT_CHECKPOINT_H_
