// What the store asks of the file system. Every function throws IoError naming the path and the system's reason.
#ifndef CANDOR_STORE_DISK_H_
#define CANDOR_STORE_DISK_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/sha256.h"

namespace candor::disk {

// The file system, a quota or a limit on files' sizes has no room for what was to be written.
class NoRoomError : public IoError {
 public:
  using IoError::IoError;
};

// Throws NoRoomError where `error` says so.
[[noreturn]] void Fail(const std::filesystem::path& path, const std::string& what, int error);

// What a user may still write to the file system of `folder`, in bytes.
uint64_t FreeSpace(const std::filesystem::path& folder);

// Less than `bytes` free on the file system of `folder` is an IoError with both figures.
void RequireFreeSpace(const std::filesystem::path& folder, uint64_t bytes);

void WriteAll(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path);

// Feeds the first `size` bytes of an open file to `hash`. `progress` gets (bytes done, size); when it returns false,
// so does Hash, before the end.
bool Hash(int descriptor, uint64_t size, const std::filesystem::path& path, Sha256& hash,
          const std::function<bool(uint64_t, uint64_t)>& progress);

// Writes a small file so that after a crash either the old or the new content is there. The temporary name is
// `path` + ".new".
void ReplaceFile(const std::filesystem::path& path, std::string_view content);

// Makes renames and deletions in `folder` survive a crash.
void SyncFolder(const std::filesystem::path& folder);

}  // namespace candor::disk

#endif  // CANDOR_STORE_DISK_H_
