// Files as open descriptors: opened once, then only read. A sealed process gets descriptors, never paths.
#ifndef CANDOR_BASE_FILE_H_
#define CANDOR_BASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace candor {

// A regular file open for reading. Movable, closes its descriptor. Concurrent reads are safe.
class File {
 public:
  // Opens for reading with O_CLOEXEC. Throws IoError naming the path; directories, pipes and devices are refused.
  static File Open(const std::filesystem::path& path);
  // Takes ownership of an open descriptor; `name` is what messages call the file.
  File(int descriptor, std::string name);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  int descriptor() const { return descriptor_; }
  const std::string& name() const { return name_; }
  // Size in bytes when the file was opened. A file that shrinks afterwards gives an IoError on read.
  uint64_t size() const { return size_; }

  // Fills `out` from `offset`; throws IoError naming file and offset when fewer bytes are there.
  void ReadAt(uint64_t offset, std::span<std::byte> out) const;
  // Tells the kernel that [offset, offset + length) will not be read again, so that its page cache may go.
  void DropCache(uint64_t offset, uint64_t length) const;

 private:
  int descriptor_ = -1;
  std::string name_;
  uint64_t size_ = 0;
};

// The whole of a small text or binary file; LimitError when it is larger than `limit` bytes.
std::string ReadWholeFile(const std::filesystem::path& path, uint64_t limit);

}  // namespace candor

#endif  // CANDOR_BASE_FILE_H_
