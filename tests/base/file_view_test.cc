#include "base/file_view.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace {

struct File {
  explicit File(size_t size)
      : path(dir.write("file", std::string(size, 'x'))),
        fd(::open(path.c_str(), O_RDONLY)) {}
  void cut(size_t size) const {
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
  }
  std::unique_ptr<base::FileView> view(uint64_t size,
                                       uint64_t window = 1 << 20) const {
    return base::FileView::map(fd.get(), size, window);
  }
  support::TempDir dir;
  std::string path;
  base::UniqueFd fd;
};

// Of mapped files, also those of a tmpfs, in this process.
size_t kib_in_memory() {
  std::ifstream status("/proc/self/status");
  size_t sum = 0;
  for (std::string word; status >> word;) {
    if (word != "RssFile:" && word != "RssShmem:") continue;
    size_t kib = 0;
    status >> kib;
    sum += kib;
  }
  return sum;
}

size_t count(std::string_view bytes) {
  return static_cast<size_t>(std::ranges::count(bytes, 'x'));
}

}  // namespace

TEST_CASE("a view of a file that is cut reads zeros, and says so") {
  constexpr size_t kSize = 300'000;
  for (const size_t left : {size_t{0}, size_t{1}, size_t{4096}, size_t{100'000},
                            kSize - 5000, kSize - 1}) {
    CAPTURE(left);
    const File file(kSize);
    const auto view = file.view(kSize);
    REQUIRE(view);
    CHECK(count(view->bytes()) == kSize);
    CHECK(view->is_whole(kSize));
    file.cut(left);
    CHECK_FALSE(view->is_whole(kSize));
    CHECK(count(view->bytes()) == left);
    CHECK_FALSE(view->is_whole(kSize));
  }
}

TEST_CASE("a view of a file that was cut and grew again is not whole") {
  const File file(100'000);
  const auto view = file.view(100'000);
  REQUIRE(view);
  file.cut(0);
  CHECK(count(view->bytes()) == 0);
  file.cut(100'000);
  CHECK_FALSE(view->is_whole(100'000));
}

TEST_CASE("the cut of one file is none of another's") {
  const File one(200'000);
  const File other(200'000);
  const auto first = one.view(200'000);
  const auto second = other.view(200'000);
  REQUIRE(first);
  REQUIRE(second);
  one.cut(0);
  CHECK(count(first->bytes()) == 0);
  CHECK(count(second->bytes()) == 200'000);
  CHECK(second->is_whole(200'000));
  CHECK_FALSE(first->is_whole(200'000));
}

TEST_CASE("of a large file no more than some windows stay in memory") {
  constexpr size_t kSize = size_t{64} << 20;
  constexpr size_t kPart = size_t{1} << 20;
  const File file(kSize);
  for (const bool backward : {false, true}) {
    CAPTURE(backward);
    const auto view = file.view(kSize, size_t{2} << 20);
    REQUIRE(view);
    const size_t before = kib_in_memory();
    REQUIRE(before > 0);
    size_t most = 0;
    for (size_t i = 0; i < kSize / kPart; ++i) {
      const size_t at = (backward ? kSize / kPart - 1 - i : i) * kPart;
      CHECK(count(view->bytes().substr(at, kPart)) == kPart);
      view->done(at, at + kPart);
      most = std::max(most, kib_in_memory());
    }
    CHECK(most - std::min(before, most) < 16 * 1024);
    // What was given back is there all the same.
    CHECK(count(view->bytes().substr(0, kPart)) == kPart);
    CHECK(view->is_whole(kSize));
  }
}

TEST_CASE("when there are too many views there are none, until some go") {
  const File file(5000);
  std::vector<std::unique_ptr<base::FileView>> views;
  while (auto view = file.view(5000)) {
    REQUIRE(views.size() < 1000);
    views.push_back(std::move(view));
  }
  CHECK(views.size() > 10);
  views.pop_back();
  const auto again = file.view(5000);
  REQUIRE(again);
  CHECK(count(again->bytes()) == 5000);
}

TEST_CASE("what can't be mapped has no view") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const base::UniqueFd out(ends[0]);
  const base::UniqueFd in(ends[1]);
  CHECK_FALSE(base::FileView::map(out.get(), 100, 100));
  const File file(10);
  CHECK_FALSE(file.view(0));
}
