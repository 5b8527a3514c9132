#include "cli/event_filter.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/fs.h"

namespace {

using store::EventKind;

class Logs {
 public:
  Logs() {
    std::string name = "/tmp/lodge-events-XXXXXX";
    dir = ::mkdtemp(name.data());
    add_app("api", 2);
  }
  ~Logs() { std::filesystem::remove_all(dir); }
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  void add_app(const std::string& app, int instances) {
    store::CatalogApp entry;
    entry.name = app;
    entry.space = "default";
    entry.events_file = store::events_name(app);
    for (int i = 0; i < instances; ++i)
      entry.instances.push_back({next_id_++, i, "", ""});
    catalog_.apps.push_back(std::move(entry));
    REQUIRE(store::save_catalog(dir, catalog_));
  }
  void tell(int64_t us, EventKind kind, int instance = 0,
            const std::string& reason = {}, const std::string& app = "api",
            uint64_t generation = 0) const {
    store::Event event;
    event.generation = generation;
    event.time = {us};
    event.kind = kind;
    event.app = app;
    event.instance = instance;
    event.reason = reason;
    event.actor = "ada";
    REQUIRE(store::append_event(dir, event));
  }

  std::string dir;

 private:
  store::Catalog catalog_;
  int next_id_ = 0;
};

struct Ask {
  std::vector<std::string> targets{}, exclude{}, grep{}, none{};
  std::optional<base::Timestamp> since{}, until{};
  std::set<EventKind> kinds{};
  std::optional<int64_t> generation{};
};

std::vector<int64_t> found(const Logs& logs, const Ask& ask) {
  auto text = query::Pattern::compile(
      {.any = ask.grep, .all = {}, .none = ask.none, .ignore_case = true});
  REQUIRE(text);
  const auto events = cli::read_events(logs.dir, {.targets = ask.targets,
                                                  .exclude = ask.exclude,
                                                  .since = ask.since,
                                                  .until = ask.until,
                                                  .kinds = ask.kinds,
                                                  .generation = ask.generation,
                                                  .text = std::move(*text)});
  REQUIRE(events);
  std::vector<int64_t> times;
  for (const auto& event : *events) times.push_back(event.time.us);
  return times;
}

using Times = std::vector<int64_t>;

}  // namespace

TEST_CASE("events are chosen by kind, time, words and instance") {
  Logs logs;
  logs.tell(10, EventKind::Start);
  logs.tell(20, EventKind::Exit, 1, "crash");
  logs.tell(30, EventKind::Errored, 0, "too many restarts");
  logs.tell(40, EventKind::Delete, -1);
  CHECK(found(logs, {}) == Times{10, 20, 30, 40});
  CHECK(found(logs, {.kinds = {EventKind::Start, EventKind::Exit}}) ==
        Times{10, 20});
  CHECK(found(logs, {.since = {{20}}, .until = {{40}}}) == Times{20, 30});
  CHECK(found(logs, {.grep = {"CRASH", "deleted"}}) == Times{20, 40});
  CHECK(found(logs, {.grep = {"by ada"}, .none = {"errored"}}) ==
        Times{10, 20, 40});
  // What is about the whole app is about each of its instances.
  CHECK(found(logs, {.targets = {"api/1"}}) == Times{20, 40});
  CHECK(found(logs, {.targets = {"lodge"}}).empty());
}

TEST_CASE("lives are chosen by number, or from the last of each instance") {
  Logs logs;
  const auto live = [&](int64_t us, int instance, uint64_t generation) {
    logs.tell(us, EventKind::Start, instance, {}, "api", generation);
    logs.tell(us + 1, EventKind::Exit, instance, {}, "api", generation);
  };
  live(10, 0, 1);
  live(20, 0, 2);
  live(30, 1, 1);
  CHECK(found(logs, {.generation = 1}) == Times{10, 11, 30, 31});
  CHECK(found(logs, {.generation = -1}) == Times{20, 21, 30, 31});
  CHECK(found(logs, {.generation = -2}) == Times{10, 11});
  CHECK(found(logs, {.generation = -3}).empty());
  CHECK(found(logs, {.kinds = {EventKind::Exit}, .generation = -1}) ==
        Times{21, 31});
  // It was deleted and is back.
  live(40, 0, 1);
  CHECK(found(logs, {.targets = {"api/0"}, .generation = -1}) == Times{40, 41});
}

TEST_CASE("a life whose start is gone counts, and is known by its number") {
  Logs logs;
  logs.tell(10, EventKind::Ready, 0, {}, "api", 3);
  logs.tell(11, EventKind::Exit, 0, {}, "api", 3);
  logs.tell(20, EventKind::Start, 0, {}, "api", 4);
  CHECK(found(logs, {.generation = 3}) == Times{10, 11});
  CHECK(found(logs, {.generation = -2}) == Times{10, 11});
  CHECK(found(logs, {.generation = -1}) == Times{20});
  CHECK(found(logs, {.generation = -3}).empty());
}

TEST_CASE("events of both files are one history") {
  Logs logs;
  logs.tell(10, EventKind::Start);
  REQUIRE(store::turn_events(logs.dir, "api", {}, 1));
  CHECK(found(logs, {}) == Times{10});
  logs.tell(20, EventKind::Exit);
  CHECK(found(logs, {}) == Times{10, 20});
}

TEST_CASE("an app that has no instances on record has its events") {
  Logs logs;
  logs.add_app("web", 0);
  logs.tell(10, EventKind::Delete, -1, {}, "web");
  CHECK(found(logs, {.targets = {"web"}}) == Times{10});
  CHECK(found(logs, {}) == Times{10});
}

TEST_CASE("all without its apps is what Lodge says of itself") {
  Logs logs;
  logs.tell(10, EventKind::Start);
  logs.tell(20, EventKind::Daemon, -1, {}, "");
  CHECK(found(logs, {.exclude = {"api"}}) == Times{20});
  CHECK(found(logs, {.targets = {"lodge"}}) == Times{20});
  CHECK(found(logs, {.targets = {"lodge", "api"}}) == Times{10, 20});
  logs.add_app("web", 1);
  logs.tell(30, EventKind::Start, 0, {}, "web");
  CHECK(found(logs, {.exclude = {"api"}}) == Times{20, 30});
}
