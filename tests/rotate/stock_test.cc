#include "rotate/stock.h"

#include <unistd.h>

#include <algorithm>

#include "rotate/stocked.h"
#include "support/temp_dir.h"

using namespace rotate_test;

namespace {

std::string list(const std::vector<rotate::Stored>& stock) {
  std::string text;
  for (const auto& file : stock)
    text += file.app + " " + rotate::describe(file) + " " +
            std::to_string(file.bytes) + (file.gone ? " gone\n" : "\n");
  return text;
}

}  // namespace

TEST_CASE("the stock is what each app owns, wherever its files are or were") {
  const support::TempDir logs;
  const support::TempDir elsewhere;
  store::Catalog catalog;
  catalog.apps = {catalog_app("api"), catalog_app("api-1"), catalog_app("old")};
  catalog.apps[0].instances[0].former = {
      {store::Stream::Out, elsewhere.file("api.log")}};
  catalog.apps[2].deleted = kNow;
  const auto in = [&](const support::TempDir& dir, const char* name) {
    return dir.file(std::string("archive/") + name);
  };
  put(in(logs, "api/out.0000000002.20261121T101502Z.log.zst"), "12345");
  put(in(logs, "api/out.0000000003.20261121T101502Z.log"), "123");
  put(in(logs, "api/error.0000000001.20261121T101502Z.log"), "1");
  put(in(logs, "api/notes.txt"), "not ours");
  put(in(logs, "api-1/out.0000000001.20261121T101502Z.log"), "1");
  put(in(logs, "old/all.0000000001.20261121T101502Z.log"), "12");
  put(in(logs, "nobody/out.0000000001.20261121T101502Z.log"), "not ours");
  put(in(elsewhere, "api/out.0000000001.20261121T101502Z.log"), "1234");
  put(in(elsewhere, "old/out.0000000001.20261121T101502Z.log"), "not theirs");
  const auto stock = rotate::take_stock(logs.path(), catalog);
  REQUIRE(stock);
  CHECK(list(*stock) ==
        "api out.0000000001 4\n"
        "api out.0000000002 5\n"
        "api out.0000000003 3\n"
        "api error.0000000001 1\n"
        "api-1 out.0000000001 1\n"
        "old all.0000000001 2 gone\n");
  const auto& archive = (*stock)[1];
  CHECK(archive.compressed);
  CHECK_FALSE(archive.raw);
  CHECK(base::format_stamp(archive.first) == "2026-11-21T10:15:02.000000Z");
  CHECK(archive.last.has_value());
  CHECK(archive.device != 0);
  CHECK(stock->back().deleted == kNow);
}

TEST_CASE("a sidecar counts with its segment, and so does what was cut short") {
  const support::TempDir logs;
  store::Catalog catalog;
  catalog.apps = {catalog_app("api")};
  const auto dir = logs.file("archive/api/");
  put(dir + "out.0000000001.20261121T101502Z.raw.log", "12345");
  put(dir + "out.0000000001.20261121T101502Z.raw.idx", "123");
  put(dir + "out.0000000002.20261121T101502Z.log", "1234567");
  put(dir + "out.0000000002.20261121T101502Z.log.zst", "12");
  put(dir + "out.0000000003.20261121T101502Z.raw.idx", "of a seal under way");
  const auto stock = rotate::take_stock(logs.path(), catalog);
  REQUIRE(stock);
  CHECK(list(*stock) == "api out.0000000001 8\napi out.0000000002 9\n");
  CHECK((*stock)[1].path.ends_with(".zst"));
}

TEST_CASE("a directory under two names is counted once") {
  const support::TempDir logs;
  store::Catalog catalog;
  catalog.apps = {catalog_app("api")};
  put(logs.file("archive/api/out.0000000001.20261121T101502Z.log"), "1");
  const std::string link = logs.file("link");
  REQUIRE(::symlink(logs.path().c_str(), link.c_str()) == 0);
  catalog.apps[0].instances[0].former = {
      {store::Stream::Out, link + "/api-old.log"}};
  CHECK(rotate::archives_of(logs.path(), catalog).size() == 2);
  CHECK(rotate::take_stock(logs.path(), catalog)->size() == 1);
}

TEST_CASE("a directory that is lost leaves the care for others as it is") {
  const support::TempDir logs;
  store::Catalog catalog;
  catalog.apps = {catalog_app("api"), catalog_app("web")};
  REQUIRE(base::fs::make_dirs(logs.file("archive")));
  // A link to itself.
  REQUIRE(::symlink("api", logs.file("archive/api").c_str()) == 0);
  put(logs.file("archive/web/out.0000000001.20261121T101502Z.log"), "1");
  CHECK_FALSE(rotate::take_stock(logs.path(), catalog));
  std::vector<base::Error> problems;
  const auto stock = rotate::take_stock(logs.path(), catalog, &problems);
  REQUIRE(stock);
  CHECK(list(*stock) == "web out.0000000001 1\n");
  CHECK(problems.size() == 1);
}

TEST_CASE("a log directory that is not there holds nothing") {
  store::Catalog catalog;
  catalog.apps = {catalog_app("api")};
  CHECK(rotate::take_stock("/nonexistent/logs", catalog)->empty());
}
