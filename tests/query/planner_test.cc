#include "query/planner.h"

#include <doctest/doctest.h>

#include "query/log_dir.h"
#include "query/raw_printer.h"

namespace query {
namespace {

store::CatalogApp app_of(std::vector<store::CatalogInstance> instances) {
  return {"api", "default", "api-events.log", {}, {}, std::move(instances)};
}

Plan plan_of(const store::CatalogApp& app, Query query = {}) {
  query.events = false;
  auto plan = make_plan({{app}}, "/home/logs", query);
  REQUIRE(plan);
  return *plan;
}

}  // namespace

TEST_CASE("names lie in the log directory, absolute paths where they say") {
  const auto plan =
      plan_of(app_of({{0, 0, "api-out.log", "/var/log/api.err"}}));
  REQUIRE(plan.origins.size() == 2);
  CHECK(plan.origins[0].path == "/home/logs/api-out.log");
  CHECK(plan.origins[1].path == "/var/log/api.err");
  CHECK(plan.origins[1].kind == Kind::Error);
  CHECK_FALSE(plan.origins[0].shared);
}

TEST_CASE("a file that several instances write is read once, as nobody's") {
  const auto app = app_of({{3, 0, "api-out.log", "api-error.log"},
                           {4, 1, "api-out.log", "api-error.log"}});
  const auto plan = plan_of(app);
  REQUIRE(plan.origins.size() == 2);
  CHECK(plan.origins[0].shared);
  CHECK(plan.origins[0].id == -1);
  CHECK(plan.origins[0].instance == -1);
  CHECK(plan.origins[0].label == "api");
  Query one;
  one.targets = {"api/1"};
  CHECK(plan_of(app, one).origins.size() == 2);
}

TEST_CASE("a file of both streams counts as out, of one instance as its own") {
  const auto app = app_of({{3, 0, "api-all.log", "api-all.log"}});
  const auto plan = plan_of(app);
  REQUIRE(plan.origins.size() == 1);
  CHECK(plan.origins[0].kind == Kind::Out);
  CHECK(plan.origins[0].shared);
  CHECK(plan.origins[0].id == 3);
  Query errors;
  errors.out = false;
  CHECK(plan_of(app, errors).origins.empty());
}

TEST_CASE("what is kept nowhere is not read, what was written before is") {
  auto app = app_of({{3, 0, "", "/x/e.log"}});
  app.instances[0].former = {{store::Stream::Out, "api-out.log"}};
  const auto plan = plan_of(app);
  REQUIRE(plan.origins.size() == 2);
  CHECK(plan.origins[0].path == "/home/logs/api-out.log");
  CHECK(plan.origins[0].instance == 0);
  CHECK(plan.origins[1].path == "/x/e.log");
}

TEST_CASE("an added newline in a shared file is known whoever left it out") {
  LineEndings endings;
  store::Event event;
  event.kind = store::EventKind::LineEnded;
  event.app = "api";
  event.instance = 1;
  event.stream = store::Stream::Error;
  event.line = base::Timestamp{100};
  endings.add(event);
  Origin origin;
  origin.app = "api";
  CHECK_FALSE(endings.contains(origin, base::Timestamp{100}));
  origin.shared = true;
  CHECK(endings.contains(origin, base::Timestamp{100}));
  CHECK_FALSE(endings.contains(origin, base::Timestamp{99}));
  CHECK_FALSE(endings.contains(origin, base::Timestamp{101}));
  origin.app = "apj";
  CHECK_FALSE(endings.contains(origin, base::Timestamp{100}));
}

}  // namespace query
