#include "base/big_string.h"
#include "support/sanitized.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace {

std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + 7);
  return text;
}

}  // namespace

TEST_CASE("a big string keeps its text over every kind of memory it grows to") {
  for (const size_t size :
       {size_t{0}, size_t{15}, size_t{4096}, (size_t{128} << 10) - 1,
        size_t{128} << 10, (size_t{1} << 20) - 1, size_t{1} << 20,
        (size_t{2} << 20) + 1, size_t{5} << 20}) {
    const auto text = pattern(size);
    base::BigString grown;
    for (const char byte : text) grown.push_back(byte);
    CHECK(std::string_view(grown) == text);
    base::BigString other(text);
    base::BigString moved = std::move(other);
    moved.shrink_to_fit();
    CHECK(std::string_view(moved) == text);
    moved.clear();
    moved.append(text).append(text);
    CHECK(std::string_view(moved).substr(size) == text);
  }
}

TEST_CASE("memory of half a huge page and more is aligned to one") {
  const size_t size = (size_t{1} << 20) + 5;
  void* memory = base::map_pages(size);
  REQUIRE(memory != nullptr);
  CHECK(reinterpret_cast<uintptr_t>(memory) % (size_t{2} << 20) == 0);
  static_cast<char*>(memory)[size - 1] = 'x';
  base::unmap_pages(memory, size);
}

TEST_CASE("memory that there is not is an exception, not a crash") {
  if (support::kSanitized) return;  // its allocator ends the process there
  base::BigString text;
  CHECK_THROWS_AS(text.reserve(size_t{1} << 62), std::bad_alloc);
}
