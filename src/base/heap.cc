#include "base/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace base {

void warm_heap(size_t size) {
#ifdef MADV_POPULATE_WRITE
  constexpr int kMost = 64 << 20;
  constexpr uintptr_t kPage = 4096;
  if (size > kMost / 2) size = kMost / 2;
  ::mallopt(M_MMAP_THRESHOLD, kMost / 2);  // 32 MiB is the most it takes
  ::mallopt(M_TRIM_THRESHOLD, kMost);
  ::mallopt(M_TOP_PAD, static_cast<int>(size / 2));
  void* memory = std::malloc(size);
  if (memory == nullptr) return;
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = (begin + kPage - 1) / kPage * kPage;
  const uintptr_t last = (begin + size) / kPage * kPage;
  // Before Linux 5.14 they come when they are touched.
  if (first < last)
    (void)::madvise(reinterpret_cast<void*>(first), last - first,
                    MADV_POPULATE_WRITE);
  std::free(memory);
#else
  (void)size;
#endif
}

}  // namespace base
