#include "base/pages.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace base {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{2} << 20;

// Without (a kernel before 5.14) pages come when they are first touched.
void populate(void* begin, size_t size) {
#ifdef MADV_POPULATE_WRITE
  (void)::madvise(begin, size, MADV_POPULATE_WRITE);
#else
  (void)begin, (void)size;
#endif
}

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
  populate(memory, round_up(size, kPage));
  return memory;
}

void unmap_pages(void* memory, size_t size) {
  ::munmap(memory, mapped_size(size));
}

void warm_heap(size_t size) {
  constexpr int kMost = 64 << 20;
  if (size > kMost / 2) size = kMost / 2;
  ::mallopt(M_MMAP_THRESHOLD, kMost / 2);  // 32 MiB is the most it takes
  ::mallopt(M_TRIM_THRESHOLD, kMost);
  ::mallopt(M_TOP_PAD, static_cast<int>(size / 2));
  void* memory = std::malloc(size);
  if (memory == nullptr) return;
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = round_up(begin, kPage);
  const uintptr_t last = (begin + size) / kPage * kPage;
  if (first < last) populate(reinterpret_cast<void*>(first), last - first);
  std::free(memory);
}

}  // namespace base
