// Memory that was freed and that the allocator keeps.
#ifndef CANDOR_BASE_FREED_MEMORY_H_
#define CANDOR_BASE_FREED_MEMORY_H_

namespace candor {

// Gives whole pages that nothing uses back to the system, in all of the heap (malloc_trim(3)); nothing on systems whose
// allocator has no such call. Takes a time that grows with the heap.
void ReturnFreedMemory();

}  // namespace candor

#endif  // CANDOR_BASE_FREED_MEMORY_H_
