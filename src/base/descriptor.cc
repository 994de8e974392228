#include "base/descriptor.h"

#include <sys/resource.h>

namespace candor {

size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  const bool raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return static_cast<size_t>(raised ? limit.rlim_max : before);
}

}  // namespace candor
