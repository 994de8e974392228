// Large zeroed memory on huge pages where the kernel gives them: packed weights and the KV cache.
#ifndef CANDOR_BASE_HUGE_BUFFER_H_
#define CANDOR_BASE_HUGE_BUFFER_H_

#include <cstddef>

namespace candor {

// Owns `size()` bytes, aligned to 64 at least (to 2 MiB from 1 MiB on), all zero at first. Pages are taken from the
// system when they are first touched. Movable. Throws IoError when the address space is refused.
class HugeBuffer {
 public:
  HugeBuffer() = default;
  explicit HugeBuffer(size_t bytes);
  HugeBuffer(HugeBuffer&& other) noexcept;
  HugeBuffer& operator=(HugeBuffer&& other) noexcept;
  ~HugeBuffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  void* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace candor

#endif  // CANDOR_BASE_HUGE_BUFFER_H_
