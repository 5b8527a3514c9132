// Which lines are of which life of an instance.

#include <doctest/doctest.h>

#include "query/generations.h"
#include "query/log_dir.h"

namespace {

using query_test::LogDir;
using store::EventKind;
using Which = query::LifeChoice::Which;

// Two instances, each with one file for both streams.
class Combined {
 public:
  Combined() {
    store::CatalogApp app{.name = "api",
                          .space = "default",
                          .events_file = store::events_name("api"),
                          .created = {},
                          .deleted = {},
                          .instances = {}};
    for (const int i : {0, 1}) {
      const auto file = store::combined_name("api", i);
      app.instances.push_back({i, i, file, file});
    }
    store::Catalog catalog;
    catalog.apps.push_back(std::move(app));
    REQUIRE(store::save_catalog(dir_.path(), catalog));
  }
  void tell(int64_t us, EventKind kind, int instance, uint64_t generation,
            int code = 0) const {
    store::Event event;
    event.time = {us};
    event.kind = kind;
    event.app = "api";
    event.instance = instance;
    event.generation = generation;
    if (kind == EventKind::Exit) event.code = code;
    REQUIRE(store::append_event(dir_.path(), event));
  }
  // "instance since-until", of each file of lines.
  std::vector<std::string> ranges(const query::LifeChoice& choice) const {
    query::Query query;
    query.life = choice;
    auto plan = dir_.plan(query);
    query::Problems problems;
    query::choose_lives(plan, choice, problems);
    CHECK(problems.empty());
    std::vector<std::string> ranges;
    for (const auto& origin : plan.origins)
      if (origin.kind != query::Kind::Events)
        ranges.push_back(
            std::to_string(origin.instance) + " " +
            std::to_string(origin.since->us) + "-" +
            (origin.until ? std::to_string(origin.until->us) : ""));
    return ranges;
  }

 private:
  LogDir dir_;
};

using Ranges = std::vector<std::string>;

}  // namespace

TEST_CASE("a file that has both streams of one instance has its lives alone") {
  const Combined logs;
  logs.tell(10, EventKind::Start, 0, 1);
  logs.tell(11, EventKind::Start, 1, 1);
  logs.tell(20, EventKind::Exit, 0, 1, 3);
  logs.tell(21, EventKind::Start, 0, 2);
  CHECK(logs.ranges({Which::Number, 1}) == Ranges{"0 10-21", "1 11-"});
  CHECK(logs.ranges({Which::LastCrash, 0}) == Ranges{"0 10-21"});
  CHECK(logs.ranges({Which::SinceRestart, 0}) == Ranges{"0 21-", "1 11-"});
}

TEST_CASE("who follows the last lives has those that are not known yet") {
  const Combined logs;
  logs.tell(10, EventKind::Start, 0, 1);
  CHECK(logs.ranges({Which::SinceRestart, 0}) == Ranges{"0 10-"});
  CHECK(logs.ranges({Which::SinceRestart, 0, {{15}}}) ==
        Ranges{"0 10-", "1 15-"});
}
