#include "store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace candor::disk {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

}  // namespace

[[noreturn]] void Fail(const std::filesystem::path& path, const std::string& what, int error) {
  const std::string message = path.string() + ": " + what + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) throw NoRoomError(message);
  throw IoError(message);
}

void WriteAll(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Fail(path, "cannot write", errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

bool Hash(int descriptor, uint64_t size, const std::filesystem::path& path, Sha256& hash,
          const std::function<bool(uint64_t, uint64_t)>& progress) {
  std::vector<std::byte> buffer(kReadBytes);
  uint64_t done = 0;
  while (done < size) {
    if (!progress(done, size)) return false;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size - done);
    const ssize_t got = ::pread(descriptor, buffer.data(), wanted, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) Fail(path, "cannot read", errno);
    if (got == 0) throw IoError(path.string() + ": ends at " + std::to_string(done) + " of " + std::to_string(size));
    hash.Update(std::span(buffer).first(static_cast<size_t>(got)));
    done += static_cast<uint64_t>(got);
  }
  return true;
}

uint64_t FreeSpace(const std::filesystem::path& folder) {
  struct statvfs status;
  if (::statvfs(folder.c_str(), &status) != 0) Fail(folder, "cannot tell how much space is free", errno);
  uint64_t bytes = 0;
  return __builtin_mul_overflow(uint64_t{status.f_bavail}, uint64_t{status.f_frsize}, &bytes) ? UINT64_MAX : bytes;
}

void RequireFreeSpace(const std::filesystem::path& folder, uint64_t bytes) {
  const uint64_t free = FreeSpace(folder);
  if (bytes < free) return;
  constexpr uint64_t kMega = 1'000'000;
  throw IoError(folder.string() + ": " + std::to_string(bytes / kMega + 1) + " MB are needed, " +
                std::to_string(free / kMega) + " MB are free");
}

void SyncFolder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) Fail(folder, "cannot open", errno);
  // Some file systems cannot flush folders; nothing is lost but the guarantee.
  (void)::fsync(descriptor);
  ::close(descriptor);
}

void ReplaceFile(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path fresh = path.string() + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor < 0) Fail(fresh, "cannot create", errno);
  try {
    WriteAll(descriptor, std::as_bytes(std::span(content)), fresh);
    if (::fsync(descriptor) != 0) Fail(fresh, "cannot flush to the disk", errno);
    if (::rename(fresh.c_str(), path.c_str()) != 0) Fail(path, "cannot rename a file to this name", errno);
  } catch (...) {
    ::close(descriptor);
    ::unlink(fresh.c_str());
    throw;
  }
  ::close(descriptor);
  SyncFolder(path.parent_path());
}

}  // namespace candor::disk
