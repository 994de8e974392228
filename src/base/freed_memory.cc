#include "base/freed_memory.h"

#include <cstdlib>  // which says whether this is __GLIBC__

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace candor {

void ReturnFreedMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace candor
