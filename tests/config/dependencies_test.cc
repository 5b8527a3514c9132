// Who waits for whom: what is let in, and in which order things stop.
#include "config/dependencies.h"

#include <doctest/doctest.h>

#include <map>

using config::AppSpec;
using config::Condition;

namespace {

// "a" with what it depends on; `checked` has a health check.
using Graph = std::map<std::string, config::Dependencies>;

std::vector<AppSpec> specs_of(const Graph& graph,
                              const std::string& checked = {}) {
  std::vector<AppSpec> specs;
  for (const auto& [name, dependencies] : graph) {
    auto& spec = specs.emplace_back();
    spec.name = name;
    spec.depends_on = dependencies;
    if (name == checked) spec.health.tcp = "127.0.0.1:1";
  }
  return specs;
}

config::Specs borrowed(const std::vector<AppSpec>& specs) {
  config::Specs all;
  for (const auto& spec : specs) all.push_back(&spec);
  return all;
}

base::Status check(const Graph& graph, const std::set<std::string>& given,
                   const std::string& checked = {}) {
  const auto specs = specs_of(graph, checked);
  return config::check_dependencies(borrowed(specs), given);
}

constexpr auto kReady = Condition::Ready;

}  // namespace

TEST_CASE("a cycle is refused and spelt out") {
  const auto bad = check(
      {{"a", {{"b", kReady}}}, {"b", {{"c", kReady}}}, {"c", {{"a", kReady}}}},
      {"c"});
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == base::Errc::Invalid);
  CHECK(bad.error().message == "depends_on: a -> b -> c -> a: a cycle");
  const auto self = check({{"a", {{"a", kReady}}}}, {"a"});
  REQUIRE_FALSE(self);
  CHECK(self.error().message.find("a -> a") != std::string::npos);
}

TEST_CASE("a diamond is no cycle") {
  CHECK(check({{"web", {{"api", kReady}, {"jobs", kReady}}},
               {"api", {{"db", kReady}}},
               {"jobs", {{"db", kReady}}},
               {"db", {}}},
              {"web", "api", "jobs", "db"}));
}

TEST_CASE("an unknown app is named with the nearest") {
  const auto bad =
      check({{"api", {{"postgre", kReady}}}, {"postgres", {}}}, {"api"});
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message == "api: depends_on: postgre: no such app");
  CHECK(bad.error().hint == "did you mean postgres?");
}

TEST_CASE("an app that was there before may have lost what it depends on") {
  CHECK(check({{"old", {{"gone", kReady}}}, {"new", {}}}, {"new"}));
}

TEST_CASE("healthy needs a health check") {
  const Graph graph = {{"api", {{"db", Condition::Healthy}}}, {"db", {}}};
  const auto bad = check(graph, {"api"});
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.find("no health check") != std::string::npos);
  CHECK(check(graph, {"api"}, "db"));
}

TEST_CASE("those on which nobody depends are stopped first") {
  const auto specs = specs_of({{"web", {{"api", kReady}}},
                               {"api", {{"db", kReady}}},
                               {"cron", {}},
                               {"db", {}}});
  using Groups = std::vector<std::vector<std::string>>;
  CHECK(config::stop_order(borrowed(specs)) ==
        Groups{{"cron", "web"}, {"api"}, {"db"}});
  CHECK(config::stop_order({}).empty());
  // What is not there to be stopped orders nothing.
  const auto alone = specs_of({{"api", {{"db", kReady}}}});
  CHECK(config::stop_order(borrowed(alone)) == Groups{{"api"}});
  const auto cycle = specs_of({{"a", {{"b", kReady}}}, {"b", {{"a", kReady}}}});
  CHECK(config::stop_order(borrowed(cycle)) == Groups{{"a", "b"}});
}
