#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "base/error.h"

namespace candor {

File File::Open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe must not wait for a writer before it is refused.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) throw IoError(path.string() + ": cannot open: " + std::strerror(errno));
  return File(descriptor, path.string());
}

File::File(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {
  struct stat status;
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw IoError(name_ + ": not a regular file");
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), name_(std::move(other.name_)), size_(other.size_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(name_, other.name_);
  std::swap(size_, other.size_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void File::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    const std::string where = name_ + ": read of " + std::to_string(out.size()) + " bytes at " + std::to_string(offset);
    if (got < 0) throw IoError(where + ": " + std::strerror(errno));
    if (got == 0) throw IoError(where + ": the file ends after " + std::to_string(offset + done));
    done += static_cast<size_t>(got);
  }
}

void File::DropCache(uint64_t offset, uint64_t length) const {
  (void)::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
}

std::string ReadWholeFile(const std::filesystem::path& path, uint64_t limit) {
  const File file = File::Open(path);
  if (file.size() > limit) {
    throw LimitError(file.name() + ": " + std::to_string(file.size()) + " bytes, at most " + std::to_string(limit) +
                     " are read");
  }
  std::string text(file.size(), '\0');
  file.ReadAt(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace candor
