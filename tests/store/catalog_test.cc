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
                           {1, 1, "api-out-1.log", "api-error-1.log"}}});
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
  for (size_t i = 0; i < got.instances.size(); ++i) {
    CHECK(got.instances[i].id == expected.instances[i].id);
    CHECK(got.instances[i].number == expected.instances[i].number);
    CHECK(got.instances[i].out_file == expected.instances[i].out_file);
    CHECK(got.instances[i].error_file == expected.instances[i].error_file);
  }
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

}  // namespace store
