#include "base/descriptor.h"

#include <unistd.h>

#include <utility>

namespace candor {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int Descriptor::Release() { return std::exchange(descriptor_, -1); }

}  // namespace candor
