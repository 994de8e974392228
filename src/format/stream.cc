// The one pass over a model's files: a reader thread fills buffers and hashes them, the caller's thread uses them.
//
// Buffers hold whole pieces and are read straight into place; the plan of all reads is made first, from the tensor
// table alone. Rejected: a ring of fixed blocks, since a row would then straddle two of them and be copied; and
// mapping the file, since a file that shrinks would end the process with SIGBUS and one that is changed could be used
// unhashed.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "format/checkpoint.h"

namespace candor {
namespace {

constexpr uint64_t kChunkBytes = 2 << 20;  // of one read, unless a single group of rows is larger
constexpr size_t kBuffers = 3;             // one being filled, one being hashed, one in use

// One read: bytes [begin, end) of a file, and the pieces that lie in it.
struct Chunk {
  uint32_t file;
  uint64_t begin;
  uint64_t end;
  size_t first_piece;
  size_t last_piece;
};

// TensorPiece before its bytes are there.
struct Piece {
  size_t tensor;
  uint64_t first_row;
  uint64_t row_count;
  uint64_t offset;  // in the file
  uint64_t bytes;
};

struct Plan {
  std::vector<Chunk> chunks;  // cover everything behind the headers, in order
  std::vector<Piece> pieces;
};

// The reads of one file after another.
class Planner {
 public:
  void BeginFile(uint32_t file, uint64_t begin) {
    file_ = file;
    position_ = begin;
    open_ = false;
  }

  void Add(const Piece& piece) {
    const uint64_t end = piece.offset + piece.bytes;
    if (!open_ || end - plan_.chunks.back().begin > kChunkBytes) Open();
    plan_.pieces.push_back(piece);
    Extend(end);
  }

  // What is left of the file holds no tensors: alignment padding, or everything when nobody wants the tensors.
  void EndFile(uint64_t end) {
    while (position_ < end) {
      if (!open_ || plan_.chunks.back().end - plan_.chunks.back().begin >= kChunkBytes) Open();
      Extend(std::min(end, position_ + kChunkBytes));
    }
  }

  Plan Take() { return std::move(plan_); }

 private:
  void Open() {
    plan_.chunks.push_back({file_, position_, position_, plan_.pieces.size(), plan_.pieces.size()});
    open_ = true;
  }
  void Extend(uint64_t end) {
    plan_.chunks.back().end = position_ = end;
    plan_.chunks.back().last_piece = plan_.pieces.size();
  }

  Plan plan_;
  uint32_t file_ = 0;
  uint64_t position_ = 0;
  bool open_ = false;
};

Plan PlanReads(const Checkpoint& checkpoint, const StreamOptions& options, bool with_tensors) {
  Planner planner;
  size_t t = 0;
  for (uint32_t file = 0; file < checkpoint.files.size(); ++file) {
    planner.BeginFile(file, checkpoint.headers[file].size());
    for (; with_tensors && t < checkpoint.tensors.size() && checkpoint.tensors[t].file == file; ++t) {
      const TensorInfo& tensor = checkpoint.tensors[t];
      const uint64_t rows = tensor.rows();
      const uint64_t row_bytes = tensor.bytes / rows;
      const uint64_t row_multiple = options.row_multiples.empty() ? options.row_multiple : options.row_multiples[t];
      const uint64_t most = std::max<uint64_t>(kChunkBytes / row_bytes / row_multiple, 1) * row_multiple;
      for (uint64_t row = 0; row < rows; row += most) {
        const uint64_t count = std::min(most, rows - row);
        planner.Add({t, row, count, tensor.offset + row * row_bytes, count * row_bytes});
      }
    }
    planner.EndFile(checkpoint.files[file].size());
  }
  CHECK(!with_tensors || t == checkpoint.tensors.size());
  return planner.Take();
}

// Fills chunk after chunk in a thread of its own, at most kBuffers ahead of Release().
class Reader {
 public:
  Reader(const Checkpoint& checkpoint, const StreamOptions& options, const std::vector<Chunk>& chunks)
      : checkpoint_(checkpoint), options_(options), chunks_(chunks), thread_([this] { Run(); }) {}

  ~Reader() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // The bytes of chunk `index`, valid until Release(index). Throws what the reading threw.
  std::span<const std::byte> Acquire(size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return filled_ > index || error_; });
    if (filled_ <= index) std::rethrow_exception(error_);
    return buffers_[index % kBuffers];
  }

  void Release(size_t index) {
    {
      const std::lock_guard lock(mutex_);
      released_ = index + 1;
    }
    changed_.notify_all();
  }

  // After the last Release: waits for the hashes.
  std::vector<Sha256Digest> Finish() {
    thread_.join();
    if (error_) std::rethrow_exception(error_);
    return std::move(digests_);
  }

 private:
  void Run() {
    try {
      size_t next = 0;
      for (uint32_t file = 0; file < checkpoint_.files.size(); ++file) {
        if (!ReadFile(file, next)) return;
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = std::current_exception();
    }
    changed_.notify_all();
  }

  // Reads the chunks of one file, the first of which is `next`; false when stopped.
  bool ReadFile(uint32_t index, size_t& next) {
    const File& file = checkpoint_.files[index];
    const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    uint64_t dropped = 0;
    Sha256 hash;
    if (options_.hash) hash.Update(checkpoint_.headers[index]);
    for (; next < chunks_.size() && chunks_[next].file == index; ++next) {
      const Chunk& chunk = chunks_[next];
      if (!WaitForBuffer(next)) return false;
      std::vector<std::byte>& buffer = buffers_[next % kBuffers];
      buffer.resize(chunk.end - chunk.begin);
      file.ReadAt(chunk.begin, buffer);
      {
        const std::lock_guard lock(mutex_);
        filled_ = next + 1;
      }
      changed_.notify_all();
      // The caller may be using the buffer by now; it is not written to before it is released.
      if (options_.hash) hash.Update(buffer);
      if (options_.drop_page_cache) {
        const uint64_t end = chunk.end == file.size() ? chunk.end : chunk.end / page * page;
        file.DropCache(dropped, end - dropped);
        dropped = end;
      }
    }
    if (options_.hash) digests_.push_back(hash.Finish());
    return true;
  }

  bool WaitForBuffer(size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return index - released_ < kBuffers || stop_; });
    return !stop_;
  }

  const Checkpoint& checkpoint_;
  const StreamOptions& options_;
  const std::vector<Chunk>& chunks_;
  std::array<std::vector<std::byte>, kBuffers> buffers_;
  std::vector<Sha256Digest> digests_;  // the thread's until it ends

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t filled_ = 0;    // chunks that have been read
  size_t released_ = 0;  // chunks that have been used
  bool stop_ = false;
  std::exception_ptr error_;

  std::thread thread_;  // last: it uses the rest
};

}  // namespace

std::vector<Sha256Digest> StreamTensors(const Checkpoint& checkpoint, const StreamOptions& options,
                                        const std::function<void(const TensorPiece&)>& use) {
  CHECK(options.row_multiple > 0);
  CHECK(options.row_multiples.empty() || options.row_multiples.size() == checkpoint.tensors.size());
  const Plan plan = PlanReads(checkpoint, options, static_cast<bool>(use));
  uint64_t total = 0;
  uint64_t done = 0;
  for (const File& file : checkpoint.files) total += file.size();
  for (const auto& header : checkpoint.headers) done += header.size();

  Reader reader(checkpoint, options, plan.chunks);
  for (size_t i = 0; i < plan.chunks.size(); ++i) {
    const Chunk& chunk = plan.chunks[i];
    const std::span<const std::byte> bytes = reader.Acquire(i);
    for (size_t p = chunk.first_piece; p < chunk.last_piece; ++p) {
      const Piece& piece = plan.pieces[p];
      use({piece.tensor, piece.first_row, piece.row_count, bytes.subspan(piece.offset - chunk.begin, piece.bytes)});
    }
    reader.Release(i);
    done += chunk.end - chunk.begin;
    if (options.progress) options.progress(done, total);
  }
  return reader.Finish();
}

}  // namespace candor
