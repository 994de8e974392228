#include "store/partial_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "store/disk.h"

namespace candor {
namespace {

constexpr std::chrono::milliseconds kLockPoll{200};
constexpr int kOpenAttempts = 100;

// Whether `descriptor` is still the file of that name: the process that had the lock may have renamed or deleted it.
bool IsStill(int descriptor, const std::filesystem::path& path) {
  struct stat open_file;
  struct stat named;
  return ::fstat(descriptor, &open_file) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

}  // namespace

std::optional<PartialFile> PartialFile::Open(const std::filesystem::path& path, const std::function<bool()>& wait) {
  const std::filesystem::path folder = path.parent_path();
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) disk::Fail(folder, "cannot make this folder", error.value());
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0 && errno == ENOENT) continue;  // another process has just removed the empty folder
    if (descriptor < 0) disk::Fail(path, "cannot open", errno);
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) {
        const int reason = errno;
        ::close(descriptor);
        disk::Fail(path, "cannot lock", reason);
      }
      if (!wait()) {
        ::close(descriptor);
        return std::nullopt;
      }
      std::this_thread::sleep_for(kLockPoll);
    }
    struct stat status;
    if (IsStill(descriptor, path) && ::fstat(descriptor, &status) == 0) {
      return PartialFile(descriptor, path, static_cast<uint64_t>(status.st_size));
    }
    ::close(descriptor);
  }
  throw IoError(path.string() + ": other processes keep replacing it");
}

PartialFile::PartialFile(int descriptor, std::filesystem::path path, uint64_t size)
    : descriptor_(descriptor), path_(std::move(path)), size_(size) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      size_(other.size_),
      keep_(other.keep_),
      hash_(std::move(other.hash_)) {}

PartialFile& PartialFile::operator=(PartialFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  std::swap(size_, other.size_);
  std::swap(keep_, other.keep_);
  std::swap(hash_, other.hash_);
  return *this;
}

PartialFile::~PartialFile() { Close(); }

void PartialFile::Close() {
  if (descriptor_ < 0) return;
  // Deleted while the lock is held, so that nobody can have taken it up in between.
  if (!keep_) {
    ::unlink(path_.c_str());
    ::rmdir(path_.parent_path().c_str());  // fails, as it should, when other downloads are there
  }
  ::close(std::exchange(descriptor_, -1));
}

bool PartialFile::Resume(const std::function<bool(uint64_t, uint64_t)>& progress) {
  hash_ = Sha256();
  if (!disk::Hash(descriptor_, size_, path_, hash_, progress)) return false;
  if (::lseek(descriptor_, static_cast<off_t>(size_), SEEK_SET) < 0) disk::Fail(path_, "cannot seek", errno);
  return true;
}

void PartialFile::Restart() {
  hash_ = Sha256();
  size_ = 0;
  if (::ftruncate(descriptor_, 0) != 0) disk::Fail(path_, "cannot truncate", errno);
  if (::lseek(descriptor_, 0, SEEK_SET) < 0) disk::Fail(path_, "cannot seek", errno);
}

void PartialFile::Append(std::span<const std::byte> bytes) {
  disk::WriteAll(descriptor_, bytes, path_);
  hash_.Update(bytes);
  size_ += bytes.size();
}

Sha256Digest PartialFile::Finish() { return hash_.Finish(); }

void PartialFile::Keep() { keep_ = true; }

bool PartialFile::MoveTo(const std::filesystem::path& target) {
  if (::fsync(descriptor_) != 0) disk::Fail(path_, "cannot flush to the disk", errno);
  int result = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE);
  if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {
    // Some network file systems cannot refuse to replace.
    struct stat status;
    if (::lstat(target.c_str(), &status) == 0) return false;
    result = ::rename(path_.c_str(), target.c_str());
  }
  if (result != 0 && errno == EEXIST) return false;
  if (result != 0) disk::Fail(target, "cannot rename a file to this name", errno);
  keep_ = true;
  ::rmdir(path_.parent_path().c_str());
  path_ = target;
  return true;
}

}  // namespace candor
