// rename_noreplace, also on a file system that can't promise it.

#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>

#include "base/fs.h"
#include "base/probe_process.h"
#include "support/temp_dir.h"

namespace base {
namespace {

struct Place {
  support::TempDir dir;
  std::string from = dir.write("api-out.log", "lines\n");
  std::string to = dir.file("segment.log");

  support::Ran rename_under(const std::string& rules) const {
    return run_probe(
        "rename_noreplace",
        {{"LODGE_FAILPOINTS", rules}, {"PROBE_FROM", from}, {"PROBE_TO", to}});
  }
  bool moved() const {
    return support::slurp(to) == "lines\n" && !fs::exists(from);
  }
};

constexpr int kExists = 11;

}  // namespace

TEST_CASE("probe: rename_noreplace" * doctest::skip()) {
  const auto status =
      fs::rename_noreplace(std::getenv("PROBE_FROM"), std::getenv("PROBE_TO"));
  if (status) std::_Exit(0);
  std::_Exit(status.error().code == Errc::Exists ? kExists : 10);
}

TEST_CASE("a rename that replaces nothing moves, or leaves both files") {
  for (const std::string rules :
       {"rename=EINTR@1", "rename=EINVAL@1", "rename=ENOSYS@1"}) {
    CAPTURE(rules);
    const Place free;
    CHECK(free.rename_under(rules).exit == 0);
    CHECK(free.moved());
    const Place taken;
    taken.dir.write("segment.log", "another's\n");
    CHECK(taken.rename_under(rules).exit == kExists);
    CHECK(support::slurp(taken.from) == "lines\n");
    CHECK(support::slurp(taken.to) == "another's\n");
  }
}

TEST_CASE("a rename that fails leaves the file where it was") {
  for (const std::string rules :
       {"rename=EIO@1", "rename=EINVAL@1;link=EPERM@1"}) {
    CAPTURE(rules);
    const Place place;
    CHECK(place.rename_under(rules).exit == 10);
    CHECK(support::slurp(place.from) == "lines\n");
    CHECK_FALSE(fs::exists(place.to));
  }
}

TEST_CASE("killed between its two steps, the file has both names") {
  const Place place;
  CHECK(place.rename_under("rename=EINVAL@1;unlink=kill@1").signal == SIGKILL);
  CHECK(support::slurp(place.from) == "lines\n");
  CHECK(support::slurp(place.to) == "lines\n");
}

}  // namespace base
