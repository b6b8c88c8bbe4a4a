#include "showo/core/memory.h"

#include <limits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// Of tcmalloc, where a program is linked with it.
extern "C" __attribute__((weak)) void MallocExtension_ReleaseFreeMemory();

namespace showo {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 256 << 20);
#endif
}

void release_freed_memory() {
  if (MallocExtension_ReleaseFreeMemory) return MallocExtension_ReleaseFreeMemory();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace showo
