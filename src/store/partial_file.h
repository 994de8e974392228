// A model file on its way into the store: written under another name, hashed as it is written, locked.
#ifndef CANDOR_STORE_PARTIAL_FILE_H_
#define CANDOR_STORE_PARTIAL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>

#include "base/sha256.h"

namespace candor {

// Owns an exclusive lock on the file for as long as it lives (the kernel frees the lock of a process that dies). When
// it goes out of scope the file is deleted, unless Keep or MoveTo was called: an error leaves nothing behind. Movable,
// one thread at a time.
class PartialFile {
 public:
  // Creates `path` and its folder, or opens what an interrupted run left there. While another process holds the lock,
  // calls `wait` about five times a second and goes on waiting as long as it returns true; nullopt after false.
  // IoError when the folder cannot be written.
  static std::optional<PartialFile> Open(const std::filesystem::path& path, const std::function<bool()>& wait);

  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&& other) noexcept;
  ~PartialFile();

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }

  // Hashes what is there, so that Append goes on behind it. `progress` gets (bytes done, bytes in all); false stops.
  // Returns false when stopped.
  bool Resume(const std::function<bool(uint64_t, uint64_t)>& progress);
  // Empties the file.
  void Restart();
  // Writes and hashes. IoError names the path, and says so when the disk is full.
  void Append(std::span<const std::byte> bytes);
  // The digest of the whole file; nothing can be appended after it.
  Sha256Digest Finish();

  // Leaves the file for a later run.
  void Keep();
  // Flushes the file to the disk and gives it its final name, which must be free: false when `target` exists.
  bool MoveTo(const std::filesystem::path& target);

 private:
  PartialFile(int descriptor, std::filesystem::path path, uint64_t size);
  void Close();

  int descriptor_ = -1;
  std::filesystem::path path_;
  uint64_t size_ = 0;
  bool keep_ = false;
  Sha256 hash_;
};

}  // namespace candor

#endif  // CANDOR_STORE_PARTIAL_FILE_H_
