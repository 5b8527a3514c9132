#include "base/big_string.h"

#include <sys/mman.h>

#include <cstdint>

namespace base {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{2} << 20;

size_t round_up(size_t size, size_t to) {
  return (size + to - 1) / to * to;
}

bool is_huge(size_t size) {
  return size >= kHugePage / 2;
}

size_t mapped_size(size_t size) {
  return round_up(size, is_huge(size) ? kHugePage : kPage);
}

char* map(size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

// More is mapped than is wanted; what is before and behind goes again.
char* map_aligned(size_t size) {
  char* begin = map(size + kHugePage);
  if (begin == nullptr) return nullptr;
  const auto at = reinterpret_cast<uintptr_t>(begin);
  const size_t before = round_up(at, kHugePage) - at;
  if (before > 0) ::munmap(begin, before);
  if (before < kHugePage) ::munmap(begin + before + size, kHugePage - before);
  return begin + before;
}

}  // namespace

void* map_pages(size_t size) {
  const size_t mapped = mapped_size(size);
  char* memory = is_huge(size) ? map_aligned(mapped) : map(mapped);
  if (memory == nullptr) return nullptr;
  // Where the kernel knows no huge pages, or none are left, they are small.
  if (is_huge(size)) (void)::madvise(memory, mapped, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
  // Without (a kernel before 5.14) they come when they are first touched.
  (void)::madvise(memory, round_up(size, kPage), MADV_POPULATE_WRITE);
#endif
  return memory;
}

void unmap_pages(void* memory, size_t size) {
  ::munmap(memory, mapped_size(size));
}

}  // namespace base
