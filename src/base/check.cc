#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace candor::internal {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error, please report it: CHECK(%s) failed\n", file, line, condition);
  std::abort();
}

}  // namespace candor::internal
