#include "store/catalog.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "support/temp_dir.h"

namespace store {
namespace {

Catalog example() {
  Catalog catalog;
  catalog.apps.push_back({"api",
                          "shop",
                          "api-events.log",
                          base::Timestamp{1'795'256'102'123'456},
                          std::nullopt,
                          {{0, 0, "api-out.log", "api-error.log"},
                           {1,
                            1,
                            "/srv/logs/api.log",
                            "",
                            Stamp::None,
                            {{Stream::Error, "api-error-1.log"}}}}});
  catalog.apps.push_back({"old",
                          "default",
                          "old-events.log",
                          base::Timestamp{1},
                          base::Timestamp{2},
                          {{-1, 0, "old-out.log", "old-error.log"}}});
  return catalog;
}

void check_same(const CatalogApp& got, const CatalogApp& expected) {
  CHECK(got.name == expected.name);
  CHECK(got.space == expected.space);
  CHECK(got.events_file == expected.events_file);
  CHECK(got.created == expected.created);
  CHECK(got.deleted == expected.deleted);
  REQUIRE(got.instances.size() == expected.instances.size());
  CHECK(got.instances == expected.instances);
}

}  // namespace

TEST_CASE("a catalog comes back as it was saved, in order") {
  const support::TempDir dir;
  const Catalog catalog = example();
  REQUIRE(save_catalog(dir.path(), catalog).has_value());
  const auto loaded = load_catalog(dir.path());
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->apps.size() == 2);
  check_same(loaded->apps[0], catalog.apps[0]);
  check_same(loaded->apps[1], catalog.apps[1]);
  struct ::stat info{};
  REQUIRE(::stat(dir.file("catalog.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("apps are found by their whole name") {
  Catalog catalog = example();
  REQUIRE(catalog.find("api") != nullptr);
  CHECK(catalog.find("api")->space == "shop");
  CHECK(catalog.find("ap") == nullptr);
  CHECK(catalog.find("") == nullptr);
  catalog.find("old")->deleted.reset();
  const Catalog& constant = catalog;
  CHECK_FALSE(constant.find("old")->deleted.has_value());
}

TEST_CASE("a directory without a catalog has an empty one") {
  const support::TempDir dir;
  const auto loaded = load_catalog(dir.path());
  REQUIRE(loaded.has_value());
  CHECK(loaded->apps.empty());
}

TEST_CASE("a damaged catalog is an error that names it, never an empty one") {
  const support::TempDir dir;
  REQUIRE(save_catalog(dir.path(), example()).has_value());
  const std::string whole = support::slurp(dir.file("catalog.json"));
  for (
      const std::string& bad :
      {std::string(), std::string("{}"), std::string("[]"),
       whole.substr(0, whole.size() / 2), std::string(whole.size(), '\0'),
       std::string(R"({"v":1,"apps":[{"name":3,"instances":[]}]})"),
       std::string(R"({"v":1,"apps":[{"name":"a"}]})"),
       std::string(R"({"v":1,"apps":{"name":"a"}})"),
       std::string(
           R"({"v":1,"apps":[{"name":"a","instances":[{"instance":"x"}]}]})")}) {
    CAPTURE(bad);
    dir.write("catalog.json", bad);
    const auto loaded = load_catalog(dir.path());
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().message.find("catalog.json") != std::string::npos);
  }
}

TEST_CASE("a newer writer's members are passed over") {
  const support::TempDir dir;
  dir.write("catalog.json",
            R"({"v":1,"later":true,"apps":[{"name":"a","colour":"red",)"
            R"("instances":[{"instance":0,"out":"a-out.log",)"
            R"("error":"a-error.log","size":[1]}]}]})");
  const auto loaded = load_catalog(dir.path());
  REQUIRE(loaded.has_value());
  CHECK(loaded->find("a")->instances[0].out_file == "a-out.log");
}

TEST_CASE("saving again leaves one file, and nothing temporary") {
  const support::TempDir dir;
  for (int i = 0; i < 5; ++i)
    REQUIRE(save_catalog(dir.path(), example()).has_value());
  CHECK(base::fs::list_dir(dir.path()).value() ==
        std::vector<std::string>{"catalog.json"});
  CHECK_FALSE(save_catalog(dir.file("none"), example()).has_value());
}

TEST_CASE("a catalog of before there were overrides still loads") {
  const support::TempDir dir;
  REQUIRE(base::fs::create_file(dir.file("catalog.json"), R"({"v":1,"apps":[
      {"name":"api","namespace":"default","stamp":"prefix",
       "events":"api-events.log","created":"2026-11-21T10:15:02.123456Z",
       "instances":[{"id":0,"instance":0,"out":"api-out.log",
                     "error":"api-error.log"}]}]})"));
  const auto loaded = load_catalog(dir.path());
  REQUIRE(loaded);
  CHECK(loaded->apps[0].instances ==
        std::vector<CatalogInstance>{{0, 0, "api-out.log", "api-error.log"}});
}

TEST_CASE("an app's files are each named once, whoever shares them") {
  CatalogApp app;
  app.instances = {
      {0,
       0,
       "api-all.log",
       "api-all.log",
       Stamp::Prefix,
       {{Stream::Error, "api-error.log"}, {Stream::Out, "api-out.log"}}},
      {1, 1, "api-all.log", "api-all.log", Stamp::Prefix, {}},
      {2, 2, "", "/x/e.log", Stamp::Prefix, {}}};
  const auto files = files_of(app);
  REQUIRE(files.size() == 4);
  CHECK(files[0].file == "api-error.log");
  CHECK_FALSE(files[0].live);
  CHECK(files[2].file == "api-all.log");
  CHECK(files[2].stream == Stream::Out);
  CHECK(files[2].live);
  CHECK(files[2].instances.size() == 2);
  CHECK(files[3].file == "/x/e.log");
  CHECK(files[3].stream == Stream::Error);
}

TEST_CASE("what an instance wrote before stays its own, there and back again") {
  CatalogInstance known{0, 0, "a-out.log", "a-error.log"};
  CHECK_FALSE(update_files(known, {7, 0, "a-out.log", "a-error.log"}));
  CHECK(update_files(known, {0, 0, "/x/a.log", "a-error.log"}));
  CHECK(known.out_file == "/x/a.log");
  CHECK(known.former == std::vector<CatalogInstance::Former>{
                            {Stream::Out, "a-out.log", Stamp::Prefix}});
  CHECK(update_files(known, {0, 0, "a-out.log", "a-error.log"}));
  CHECK(known.former == std::vector<CatalogInstance::Former>{
                            {Stream::Out, "/x/a.log", Stamp::Prefix}});
}

}  // namespace store
