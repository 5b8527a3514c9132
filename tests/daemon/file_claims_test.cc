#include "daemon/file_claims.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "support/temp_dir.h"

namespace daemon_ {
namespace {

using base::Errc;
using config::AppSpec;
using config::LogSettings;

AppSpec app(const std::string& name, LogSettings log = {}, int instances = 1) {
  AppSpec spec;
  spec.name = name;
  spec.cwd = "/";
  spec.instances = instances;
  spec.log = std::move(log);
  return spec;
}

struct Place {
  support::TempDir dir;
  base::Home home{dir.file("home")};
  store::Catalog catalog;

  Place() { REQUIRE(home.make()); }
  base::Status check(const AppSpec& spec,
                     const std::vector<AppSpec>& others = {}) const {
    std::vector<AppFiles> files;
    for (const auto& other : others) files.push_back(numbered(other));
    return FileClaims(files, catalog, home).add(numbered(spec));
  }
  static AppFiles numbered(const AppSpec& spec) {
    AppFiles files{&spec, {}};
    for (int i = 0; i < spec.instances; ++i) files.numbers.push_back(i);
    return files;
  }
};

}  // namespace

TEST_CASE("apps with names of Lodge's own never meet") {
  const Place place;
  CHECK(place.check(app("api", {}, 3), {app("web"), app("api-out")}));
  CHECK(place.check(app("api", {.log_file = "true"}, 3), {app("api-all")}));
}

TEST_CASE("a file of another app is refused, whichever way it is named") {
  const Place place;
  const auto path = place.dir.file("x.log");
  REQUIRE(::symlink(place.dir.path().c_str(), place.dir.file("link").c_str()) ==
          0);
  for (const auto& same :
       {path, place.dir.file("./y/../x.log"), place.dir.file("link/x.log")}) {
    const auto got = place.check(app("api", {.error_file = same}),
                                 {app("web", {.out_file = path})});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::Exists);
    CHECK(got.error().message.find("belongs to web") != std::string::npos);
    CHECK(got.error().hint == "name another file: --error FILE");
  }
}

TEST_CASE("a name of Lodge's own that another has taken is refused too") {
  const Place place;
  const auto taken = place.home.logs() + "/api-out.log";
  CHECK_FALSE(place.check(app("api"), {app("web", {.out_file = taken})}));
  CHECK_FALSE(place.check(app("web", {.out_file = taken}), {app("api")}));
}

TEST_CASE("two streams meet in one file only by log_file") {
  const Place place;
  const auto path = place.dir.file("x.log");
  const auto got =
      place.check(app("api", {.out_file = path, .error_file = path}));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Errc::Invalid);
  CHECK(got.error().hint.find("--log " + path) != std::string::npos);
  CHECK(place.check(app("api", {.log_file = path})));
  CHECK(place.check(app("api", {.out_file = "NULL", .error_file = "NULL"})));
}

TEST_CASE("two instances meet in one file only by merge_logs") {
  const Place place;
  const auto a = place.dir.file("a.log");
  const auto b = place.dir.file("a-1.log");
  CHECK(place.check(app("api", {.out_file = a}, 2)));
  CHECK(place.check(app("api", {.out_file = a, .merge_logs = true}, 2)));
  // Instance 1 of one stream, instance 0 of the other.
  CHECK_FALSE(place.check(app("api", {.out_file = a, .error_file = b}, 2)));
  CHECK(place.check(app("api", {.out_file = a, .error_file = b}, 1)));
}

TEST_CASE("what others wrote is theirs until it is emptied") {
  Place place;
  const auto path = place.dir.file("x.log");
  place.catalog.apps.push_back({"old",
                                "default",
                                "old-events.log",
                                {},
                                base::Timestamp{1},
                                {{-1, 0, path, ""}}});
  const auto mine = app("api", {.out_file = path});
  CHECK(place.check(mine));
  place.dir.write("x.log", "line\n");
  const auto got = place.check(mine);
  REQUIRE_FALSE(got);
  CHECK(got.error().message.find("old (gone)") != std::string::npos);
  CHECK(got.error().hint.find("lodge flush old") != std::string::npos);
  CHECK(place.check(app("old", {.out_file = path})));
}

TEST_CASE("what is Lodge's own, or no file, is no log file") {
  const Place place;
  REQUIRE(::mkfifo(place.dir.file("fifo").c_str(), 0600) == 0);
  REQUIRE(::symlink("x.log", place.dir.file("dangling").c_str()) == 0);
  for (const auto& bad :
       {place.home.app_list(), place.home.run("x.log"), place.home.diary(),
        place.home.logs() + "/catalog.json", place.home.logs() + "/.epoch",
        place.home.logs() + "/archive", place.home.logs() + "/lodge-events.log",
        place.home.logs() + "/api-events.log", place.dir.path(),
        place.dir.file("fifo"), place.dir.file("dangling"),
        std::string("/dev/zero")}) {
    CAPTURE(bad);
    const auto got = place.check(app("api", {.out_file = bad}));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::Invalid);
  }
  CHECK(place.check(app("api", {.out_file = place.home.logs() + "/x.log"})));
}

TEST_CASE("a name that readers would take for unstamped is for such a file") {
  const Place place;
  const auto raw = place.dir.file("x.raw.log");
  const auto got = place.check(app("api", {.log_file = raw}));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Errc::Invalid);
  CHECK(got.error().message.find("log.stamp: none") != std::string::npos);
  CHECK(place.check(
      app("api", {.log_file = raw, .stamp = LogSettings::Stamp::None})));
  CHECK_FALSE(
      place.check(app("api", {.out_file = place.dir.file("x.raw.idx")})));
}

TEST_CASE("a file that can't be written is refused, a new one is not made") {
  const Place place;
  place.dir.write("file", "");
  CHECK_FALSE(place.check(app("api", {.out_file = place.dir.file("file/x")})));
  const auto path = place.dir.file("new/dir/x.log");
  CHECK(place.check(app("api", {.out_file = path})));
  CHECK_FALSE(base::fs::exists(path));
}

}  // namespace daemon_
