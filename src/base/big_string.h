#pragma once
// A string for buffers of some 100 KiB and more that are filled, looked through
// and filled again: its memory comes from the kernel with all its pages, huge
// ones where there are, since to fault them in one by one takes longer than to
// search them. Any thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include "base/pages.h"

namespace base {

template <class T>
struct PageAllocator {
  using value_type = T;
  // malloc() has less than that at hand; under a sanitizer it has all, so that
  // it sees what is read behind the end.
#ifdef __SANITIZE_ADDRESS__
  static constexpr size_t kSmallest = SIZE_MAX;
#else
  static constexpr size_t kSmallest = size_t{128} << 10;
#endif

  PageAllocator() = default;
  template <class U>
  // NOLINTNEXTLINE(google-explicit-constructor): what an allocator is.
  PageAllocator(const PageAllocator<U>&) {}

  T* allocate(size_t count) {
    if (count * sizeof(T) < kSmallest)
      return std::allocator<T>().allocate(count);
    if (void* memory = map_pages(count * sizeof(T)))
      return static_cast<T*>(memory);
    throw std::bad_alloc();
  }
  void deallocate(T* memory, size_t count) {
    if (count * sizeof(T) < kSmallest)
      std::allocator<T>().deallocate(memory, count);
    else
      unmap_pages(memory, count * sizeof(T));
  }
  bool operator==(const PageAllocator&) const = default;
};

using BigString =
    std::basic_string<char, std::char_traits<char>, PageAllocator<char>>;

}  // namespace base
