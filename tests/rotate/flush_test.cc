#include "rotate/flush.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "base/fs.h"
#include "rotate/recovery.h"

namespace fs = base::fs;

namespace {

struct LogDir {
  LogDir() {
    char name[] = "/tmp/lodge-rotate-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~LogDir() { (void)!::system(("rm -rf '" + path + "'").c_str()); }
  void put(std::string_view name, std::string_view text) const {
    REQUIRE(fs::replace_file(fs::join(path, name), text));
  }
  std::string path;
};

store::Catalog two_apps() {
  store::Catalog catalog;
  catalog.apps.push_back(
      {.name = "api",
       .space = "default",
       .events_file = "api-events.log",
       .created = {},
       .deleted = {},
       .instances = {{0, 0, "api-out.log", "api-error.log"},
                     {1, 1, "api-out-1.log", "api-error-1.log"}}});
  catalog.apps.push_back(
      {.name = "gone",
       .space = "default",
       .events_file = "gone-events.log",
       .created = {},
       .deleted = base::Timestamp{1},
       .instances = {{-1, 0, "gone-out.log", "gone-error.log"}}});
  return catalog;
}

}  // namespace

TEST_CASE("a plan names the selected instances' files and their sizes") {
  const LogDir dir;
  dir.put("api-out.log", "12345");
  dir.put("api-error.log", "");
  dir.put("api-out-1.log", "123");
  const auto catalog = two_apps();
  const auto all = rotate::flush_candidates(catalog);
  REQUIRE(all.size() == 3);
  const auto plan = rotate::plan_flush(dir.path, catalog, {&all[0], 1});
  REQUIRE(plan);
  REQUIRE(plan->size() == 2);
  CHECK((*plan)[0].path == fs::join(dir.path, "api-out.log"));
  CHECK((*plan)[0].bytes == 5);
  CHECK((*plan)[1].stream == store::Stream::Error);
  CHECK((*plan)[1].bytes == 0);
}

TEST_CASE("files that are missing are left out, those of the deleted are not") {
  const LogDir dir;
  dir.put("gone-error.log", "x");
  const auto catalog = two_apps();
  const auto plan =
      rotate::plan_flush(dir.path, catalog, rotate::flush_candidates(catalog));
  REQUIRE(plan);
  REQUIRE(plan->size() == 1);
  CHECK((*plan)[0].app == "gone");
}

TEST_CASE("nothing selected is nothing to do") {
  const LogDir dir;
  dir.put("api-out.log", "12345");
  CHECK(rotate::plan_flush(dir.path, two_apps(), {})->empty());
}

TEST_CASE("a file that several instances write is flushed once, or refused") {
  const LogDir dir;
  dir.put("api-out.log", "12345");
  dir.put("elsewhere.log", "12");
  auto catalog = two_apps();
  for (auto& instance : catalog.apps[0].instances) {
    instance.out_file = "api-out.log";
    instance.error_file = "";
  }
  catalog.apps[0].instances[0].former = {
      {store::Stream::Error, fs::join(dir.path, "elsewhere.log")}};
  const auto all = rotate::flush_candidates(catalog);
  const auto plan = rotate::plan_flush(dir.path, catalog, all);
  REQUIRE(plan);
  REQUIRE(plan->size() == 2);
  CHECK((*plan)[0].path == fs::join(dir.path, "elsewhere.log"));
  CHECK((*plan)[1].bytes == 5);
  const auto one = rotate::plan_flush(dir.path, catalog, {&all[1], 1});
  REQUIRE_FALSE(one);
  CHECK(one.error().code == base::Errc::Invalid);
}

TEST_CASE("leftovers go, everything else stays") {
  const LogDir dir;
  dir.put("api-out.log", "kept");
  dir.put(".hidden", "kept");
  dir.put(fs::temporary_name("api-out.log"), "left");
  const auto removed = rotate::remove_leftovers(dir.path);
  REQUIRE(removed);
  CHECK(removed->size() == 1);
  CHECK(fs::list_dir(dir.path).value() ==
        std::vector<std::string>{".hidden", "api-out.log"});
}

TEST_CASE("a log directory that is not there has no leftovers") {
  const auto removed = rotate::remove_leftovers("/nonexistent/logs");
  REQUIRE(removed);
  CHECK(removed->empty());
}
