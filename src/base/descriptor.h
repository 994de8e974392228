// An open file descriptor that belongs to somebody.
#ifndef CANDOR_BASE_DESCRIPTOR_H_
#define CANDOR_BASE_DESCRIPTOR_H_

#include <unistd.h>

#include <cstddef>
#include <utility>

namespace candor {

// Closes it at the end. Movable; -1 when there is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  ~Descriptor() { Reset(-1); }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  // Gives it to the caller.
  int Release() { return std::exchange(number_, -1); }
  void Reset(int number) {
    const int old = std::exchange(number_, number);
    if (old >= 0) ::close(old);
  }

 private:
  int number_ = -1;
};

// Raises the number of descriptors that this process may have open to what the system allows it, and returns it.
size_t RaiseDescriptorLimit();

}  // namespace candor

#endif  // CANDOR_BASE_DESCRIPTOR_H_
