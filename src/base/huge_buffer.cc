#include "base/huge_buffer.h"

#include <errno.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"

namespace candor {
namespace {
constexpr size_t kHugePage = size_t{2} << 20;
}

HugeBuffer::HugeBuffer(size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  const bool huge = bytes >= kHugePage / 2;
  mapping_bytes_ = huge ? bytes + kHugePage : bytes;
  if (mapping_bytes_ >= bytes) {
    mapping_ = ::mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  } else {
    mapping_ = MAP_FAILED;
  }
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    throw IoError("cannot reserve " + std::to_string(bytes) + " bytes of memory: " + std::strerror(errno));
  }
  uintptr_t start = reinterpret_cast<uintptr_t>(mapping_);
  if (huge) {
    start = (start + kHugePage - 1) & ~(kHugePage - 1);
    // Advice only: a kernel without transparent huge pages gives small ones.
    (void)::madvise(reinterpret_cast<void*>(start), bytes, MADV_HUGEPAGE);
  }
  data_ = reinterpret_cast<std::byte*>(start);
}

HugeBuffer::HugeBuffer(HugeBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapping_(std::exchange(other.mapping_, nullptr)),
      mapping_bytes_(std::exchange(other.mapping_bytes_, 0)) {}

HugeBuffer& HugeBuffer::operator=(HugeBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  return *this;
}

HugeBuffer::~HugeBuffer() {
  if (mapping_) ::munmap(mapping_, mapping_bytes_);
}

}  // namespace candor
