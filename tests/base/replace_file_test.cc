// replace_file against death and errors at every call it makes.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>

#include "base/fs.h"
#include "base/probe_process.h"
#include "support/temp_dir.h"

namespace base {
namespace {

const std::string kOld = "old contents\n";
const std::string kNew(100'000, 'n');

struct Place {
  support::TempDir dir;
  std::string path = dir.write("apps.json", kOld);

  support::Ran replace_under(const std::string& rules) const {
    return run_probe("replace_file",
                     {{"LODGE_FAILPOINTS", rules}, {"PROBE_PATH", path}});
  }
  std::string contents() const { return support::slurp(path); }
  bool has_temporary() const {
    const auto names = fs::list_dir(dir.path()).value();
    return std::ranges::any_of(names, fs::is_temporary);
  }
  // Every operation on this directory.
  std::string rule(const std::string& action, int k) const {
    return "*~" + dir.path() + "=" + action + "@" + std::to_string(k);
  }
};

}  // namespace

TEST_CASE("probe: replace_file" * doctest::skip()) {
  const auto status = fs::replace_file(std::getenv("PROBE_PATH"), kNew);
  std::_Exit(status ? 0 : 10);
}

TEST_CASE("killed at any call, replace_file leaves the old or the new, whole") {
  int calls = 0;
  int new_seen = 0;
  for (int k = 1; k < 50; ++k) {
    const Place place;
    const auto ran = place.replace_under(place.rule("kill", k));
    const std::string contents = place.contents();
    CAPTURE(k);
    if (ran.exit == 0) {
      CHECK(contents == kNew);
      break;
    }
    REQUIRE(ran.signal == SIGKILL);
    ++calls;
    const bool whole = contents == kOld || contents == kNew;
    CHECK(whole);
    if (contents == kNew) ++new_seen;
    // What a crash leaves behind is told from files by its name.
    const auto names = fs::list_dir(place.dir.path()).value();
    for (const auto& name : names) {
      const bool known = name == "apps.json" || fs::is_temporary(name);
      CHECK(known);
    }
    // And does not stand in the way of the next try.
    CHECK(fs::replace_file(place.path, "next").has_value());
    CHECK(place.contents() == "next");
  }
  // open, write, fsync, rename, and the directory's open and fsync.
  CHECK(calls >= 6);
  CHECK(new_seen >= 1);
  CHECK(new_seen < calls);
}

TEST_CASE("an error at any call is told, and no temporary is left") {
  for (const std::string error : {"ENOSPC", "EIO", "EROFS"}) {
    int failures = 0;
    for (int k = 1; k < 50; ++k) {
      const Place place;
      const auto ran = place.replace_under(place.rule(error, k));
      if (ran.exit == 0) break;
      CAPTURE(k);
      ++failures;
      CHECK(ran.exit == 10);
      const std::string contents = place.contents();
      const bool whole = contents == kOld || contents == kNew;
      CHECK(whole);
      CHECK_FALSE(place.has_temporary());
    }
    CHECK(failures >= 6);
  }
}

TEST_CASE("a failed fsync of the data keeps the old file") {
  const Place place;
  CHECK(place.replace_under("fsync~.tmp-=EIO@1").exit == 10);
  CHECK(place.contents() == kOld);
}

TEST_CASE("interrupted and short calls change nothing of the outcome") {
  for (const std::string action : {"EINTR", "short"}) {
    for (int k = 1; k <= 6; ++k) {
      const Place place;
      CAPTURE(k);
      CHECK(place.replace_under(place.rule(action, k)).exit == 0);
      CHECK(place.contents() == kNew);
    }
  }
  const Place place;
  CHECK(place.replace_under("write=short@1+").exit == 0);
  CHECK(place.contents() == kNew);
}

}  // namespace base
