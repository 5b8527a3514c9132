#include "base/unique_fd.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <type_traits>

#include "base/fs.h"

namespace base {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

static_assert(!std::is_convertible_v<UniqueFd, int>);
static_assert(!std::is_convertible_v<int, UniqueFd>);
static_assert(!std::is_copy_constructible_v<UniqueFd>);

TEST_CASE("a descriptor is closed once, when its last owner goes") {
  auto pipe = fs::make_pipe().value();
  const int fd = pipe.read.get();
  {
    UniqueFd owner = std::move(pipe.read);
    CHECK_FALSE(static_cast<bool>(pipe.read));
    CHECK(is_open(fd));
    UniqueFd other = std::move(owner);
    CHECK(is_open(fd));
    auto& same = other;
    other = std::move(same);
    CHECK(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("a released descriptor is the caller's") {
  auto pipe = fs::make_pipe().value();
  const int fd = pipe.write.release();
  CHECK_FALSE(static_cast<bool>(pipe.write));
  CHECK(is_open(fd));
  pipe.read.reset(fd);
  CHECK(pipe.read.get() == fd);
}

}  // namespace base
