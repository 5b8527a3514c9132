#include "cli/report_plan.h"

#include <doctest/doctest.h>

#include <set>

namespace {

using Names = std::set<std::string>;

store::CatalogApp app(const std::string& name,
                      std::vector<store::CatalogInstance> instances) {
  return {.name = name,
          .space = "default",
          .events_file = store::events_name(name),
          .created = {},
          .deleted = {},
          .instances = std::move(instances),
          .keep = {.count = 3, .age = {}, .size = {}}};
}

cli::ReportPlan plan(const store::Catalog& catalog,
                     std::vector<std::string> targets = {}) {
  query::Query query;
  query.targets = std::move(targets);
  auto plan = cli::plan_report(catalog, "/logs", query);
  REQUIRE(plan);
  return *plan;
}

Names names_of(const cli::ReportPlan& plan) {
  Names names;
  for (const auto& file : plan.files) CHECK(names.insert(file.name).second);
  return names;
}

}  // namespace

TEST_CASE("a report's catalog names its files and no others") {
  const store::Catalog catalog{
      {app("api", {{0, 0, "api-out.log", "api-error.log"},
                   {1, 1, "api-out-1.log", "api-error-1.log"}}),
       app("web", {{2, 0, "web-out.log", ""}})}};
  const auto all = plan(catalog);
  CHECK(names_of(all) == Names{"api-out.log", "api-error.log", "api-out-1.log",
                               "api-error-1.log", "api-events.log",
                               "web-out.log", "web-events.log"});
  REQUIRE(all.catalog.apps.size() == 2);
  CHECK(all.catalog.apps[0].instances == catalog.apps[0].instances);
  // How long it is kept at home is nobody's business there.
  CHECK(all.catalog.apps[0].keep == store::KeepRules{});

  const auto one = plan(catalog, {"api/1"});
  CHECK(names_of(one) ==
        Names{"api-out-1.log", "api-error-1.log", "api-events.log"});
  REQUIRE(one.catalog.apps.size() == 1);
  REQUIRE(one.catalog.apps[0].instances.size() == 1);
  CHECK(one.catalog.apps[0].instances[0] == catalog.apps[0].instances[1]);
}

TEST_CASE("files of one name from several places get names of their own") {
  const store::Catalog catalog{
      {app("api", {{0, 0, "/a/x.log", "/b/x.log"}}),
       app("raw", {{1, 0, "/a/x.raw.log", "/b/x.raw.log"}}),
       app("bad", {{2, 0, "/a/catalog.json", "/a/api-events.log"}}),
       app("far", {{3, 0, "/a/" + std::string(200, 'n') + ".log", "/a/.x"}})}};
  const auto all = plan(catalog);
  CHECK(names_of(all) == Names{"x.log", "x-2.log", "api-events.log",
                               "x.raw.log", "x-2.raw.log", "raw-events.log",
                               "catalog-2.json", "api-events-2.log",
                               "bad-events.log", "far-out.log", "far-error.log",
                               "far-events.log"});
  for (const auto& app : all.catalog.apps) {
    const auto& instance = app.instances.front();
    CHECK_FALSE(instance.out_file.starts_with('/'));
    CHECK_FALSE(instance.error_file.starts_with('/'));
  }
  // The origin still is where it was.
  CHECK(all.files.front().origin.path == "/a/x.log");
}

TEST_CASE("a file that several share or wrote before is there once, for all") {
  store::CatalogInstance first{0, 0, "api-all.log", "api-all.log"};
  store::CatalogInstance second{1, 1, "api-all.log", "api-all.log"};
  second.former.push_back({store::Stream::Out, "/old/out.log"});
  store::CatalogInstance silent{2, 2, "", ""};
  const store::Catalog catalog{{app("api", {first, second, silent})}};
  const auto all = plan(catalog, {"api/0"});
  CHECK(names_of(all) == Names{"api-all.log", "api-events.log"});
  const auto& instances = all.catalog.apps[0].instances;
  REQUIRE(instances.size() == 3);
  CHECK(instances[1].out_file == "api-all.log");
  CHECK(instances[1].former.empty());
  CHECK(instances[2] == silent);
  CHECK(names_of(plan(catalog)) ==
        Names{"api-all.log", "out.log", "api-events.log"});
}

TEST_CASE("a target that a report can't be of is an error") {
  query::Query query;
  query.targets = {"nobody"};
  const store::Catalog catalog{{app("api", {})}};
  CHECK_FALSE(cli::plan_report(catalog, "/logs", query));
  CHECK(names_of(plan(catalog, {"api"})) == Names{"api-events.log"});
}
