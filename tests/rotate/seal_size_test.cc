#include "rotate/seal_size.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace rotate {

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST_CASE("logs may take a tenth of a file system, and no more than 4 GiB") {
  CHECK(storage_cap(0) == 0);
  CHECK(storage_cap(1000 * kMiB) == 100 * kMiB);
  CHECK(storage_cap(40'960 * kMiB) == 4096 * kMiB);
  CHECK(storage_cap(uint64_t{1} << 60) == 4096 * kMiB);
}

TEST_CASE("a live file is sealed at its share of a quarter of the cap") {
  struct Row {
    uint64_t cap;
    size_t files;
    uint64_t size;
  };
  for (const auto& [cap, files, size] : {
           Row{4096 * kMiB, 0, 64 * kMiB},  // none yet is as one
           Row{4096 * kMiB, 1, 64 * kMiB},
           Row{4096 * kMiB, 16, 64 * kMiB},
           Row{4096 * kMiB, 32, 32 * kMiB},
           Row{4096 * kMiB, 1024, 1 * kMiB},
           Row{4096 * kMiB, 100'000, 1 * kMiB},
           Row{100 * kMiB, 2, 100 * kMiB / 8},
           Row{0, 2, 1 * kMiB},
       }) {
    CAPTURE(files);
    CHECK(default_seal_size(cap, files) == size);
  }
}

}  // namespace rotate
