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

// --- with a time, and with what is sealed ------------------------------------

namespace {

base::Timestamp at(std::string_view clock) {
  const auto time =
      base::parse_stamp("2026-11-21T" + std::string(clock) + ".000000Z");
  REQUIRE(time);
  return *time;
}

std::string line(std::string_view clock) {
  return base::format_stamp(at(clock)) + " hello\n";
}

std::string names(const std::vector<rotate::Stored>& plan) {
  std::string text;
  for (const auto& file : plan)
    text += file.app + "/" + rotate::describe(file) + " ";
  return text;
}

}  // namespace

TEST_CASE("with a time, live files go whose last line is older") {
  const LogDir dir;
  dir.put("api-out.log", line("10:00:00") + line("11:00:00"));
  dir.put("api-error.log", line("10:00:00") + line("10:30:00"));
  dir.put("api-out-1.log", "");
  // A small step of the clock: the newest line is not the last.
  dir.put("api-error-1.log", line("11:00:00") + line("10:59:59"));
  const auto catalog = two_apps();
  const auto all = rotate::flush_candidates(catalog);
  const auto plan = [&](std::string_view clock) {
    std::string text;
    const auto files = rotate::plan_flush(dir.path, catalog, all, at(clock));
    for (const auto& file : *files) text += fs::base_name(file.path) + " ";
    return text;
  };
  CHECK(plan("10:30:00").empty());
  CHECK(plan("10:30:01") == "api-error.log ");
  CHECK(plan("11:00:00") == "api-error.log ");
  CHECK(plan("11:00:01") == "api-out.log api-error.log api-error-1.log ");
}

TEST_CASE("a live file without stamps is as old as its last change") {
  const LogDir dir;
  dir.put("api-out.raw.log", "hello\n");
  auto catalog = two_apps();
  catalog.apps[0].instances[0].out_file = "api-out.raw.log";
  const auto all = rotate::flush_candidates(catalog);
  const base::Timestamp now = base::SystemClock().now();
  CHECK(rotate::plan_flush(dir.path, catalog, all, {{now.us - 3'600'000'000}})
            ->empty());
  CHECK(rotate::plan_flush(dir.path, catalog, all, {{now.us + 3'600'000'000}})
            ->size() == 1);
}

TEST_CASE("what is sealed goes with the instances that are meant") {
  const LogDir dir;
  auto catalog = two_apps();
  catalog.apps[0].instances[1].error_file = "api-error.log";  // of both
  const auto put = [&](std::string_view name) {
    const std::string path = fs::join(dir.path, "archive") + "/" +
                             std::string(name) + ".20261121T101502Z.log";
    REQUIRE(fs::make_dirs(fs::dir_name(path)));
    REQUIRE(fs::replace_file(path, "x"));
  };
  for (const auto* const name :
       {"api/out.0000000001", "api/out-1.0000000001", "api/error.0000000001",
        "api/all-1.0000000001", "api/out-9.0000000001", "gone/out.0000000001"})
    put(name);
  const auto all = rotate::flush_candidates(catalog);
  const auto plan = [&](std::span<const base::TargetCandidate> selected) {
    return names(*rotate::plan_sealed_flush(dir.path, catalog, selected));
  };
  CHECK(plan({}).empty());
  CHECK(plan({&all[0], 1}) == "api/out.0000000001 ");
  CHECK(plan({&all[1], 1}) == "api/out-1.0000000001 api/all-1.0000000001 ");
  CHECK(plan({&all[0], 2}) ==
        "api/out.0000000001 api/out-1.0000000001 api/out-9.0000000001 "
        "api/error.0000000001 api/all-1.0000000001 ");
  CHECK(plan({&all[2], 1}) == "gone/out.0000000001 ");
  CHECK(plan(all).ends_with("gone/out.0000000001 "));
}

TEST_CASE("with a time, what is sealed goes whose last line is older") {
  const LogDir dir;
  const auto catalog = two_apps();
  const std::string path =
      fs::join(dir.path, "archive/api/out.0000000001.20261121T101502Z.log");
  REQUIRE(fs::make_dirs(fs::dir_name(path)));
  REQUIRE(fs::replace_file(path, "x"));
  const auto all = rotate::flush_candidates(catalog);
  const base::Timestamp written = base::SystemClock().now();
  const auto plan = [&](int64_t hours) {
    return rotate::plan_sealed_flush(
               dir.path, catalog, all,
               base::Timestamp{written.us + hours * 3'600'000'000})
        ->size();
  };
  CHECK(plan(-1) == 0);
  CHECK(plan(1) == (written > at("10:15:02") ? 1 : 0));
}
