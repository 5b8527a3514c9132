#include "store/events.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "support/temp_dir.h"

namespace store {
namespace {

constexpr int kKinds = static_cast<int>(EventKind::Notify) + 1;

Event full_event(EventKind kind) {
  Event event;
  event.time = base::Timestamp{1'795'256'102'123'456};
  event.kind = kind;
  event.app = "api";
  event.id = 3;
  event.instance = 2;
  event.generation = 17;
  event.pid = 4711;
  event.stream = Stream::Error;
  event.code = 1;
  event.signal = SIGKILL;
  event.uptime_ms = 11'520'000;
  event.delay_ms = 100;
  event.bytes = 5;
  event.lines = 1200;
  event.first = base::Timestamp{1'795'256'102'000'002};
  event.last = base::Timestamp{1'795'256'103'000'000};
  event.file = "/home/logs/archive/api/out.log";
  event.line = base::Timestamp{1'795'256'102'000'001};
  event.actor = "deploy";
  event.command = "lodge start api.js --name \"a b\"\n\xff";
  event.reason = "why, in words";
  event.memory_bytes = 212'000'000;
  event.cpu_percent = 3.5;
  event.restarts = 4;
  event.core = true;
  event.ended_by = "outside";
  event.oom = "likely";
  event.evidence = "the kernel's count rose by 1";
  event.restarts_left = 12;
  event.keys = {"env.PORT", "log.max_size"};
  event.rule = "api: errored";
  return event;
}

}  // namespace

TEST_CASE("every kind of event, with every field, comes back as it was") {
  for (int kind = 0; kind < kKinds; ++kind) {
    const Event event = full_event(static_cast<EventKind>(kind));
    const std::string text = format_event(event);
    CAPTURE(text);
    CHECK(text.find('\n') == text.npos);  // one line, whatever a field holds
    const auto parsed = parse_event(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->time == event.time);
    CHECK(parsed->kind == event.kind);
    CHECK(parsed->app == event.app);
    CHECK(parsed->id == event.id);
    CHECK(parsed->instance == event.instance);
    CHECK(parsed->generation == event.generation);
    CHECK(parsed->pid == event.pid);
    CHECK(parsed->stream == event.stream);
    CHECK(parsed->code == event.code);
    CHECK(parsed->signal == event.signal);
    CHECK(parsed->uptime_ms == event.uptime_ms);
    CHECK(parsed->delay_ms == event.delay_ms);
    CHECK(parsed->bytes == event.bytes);
    CHECK(parsed->lines == event.lines);
    CHECK(parsed->first == event.first);
    CHECK(parsed->last == event.last);
    CHECK(parsed->file == event.file);
    CHECK(parsed->line == event.line);
    CHECK(parsed->actor == event.actor);
    CHECK(parsed->reason == event.reason);
    CHECK(parsed->memory_bytes == event.memory_bytes);
    CHECK(parsed->cpu_percent == event.cpu_percent);
    CHECK(parsed->restarts == event.restarts);
    CHECK(parsed->core == event.core);
    CHECK(parsed->ended_by == event.ended_by);
    CHECK(parsed->oom == event.oom);
    CHECK(parsed->evidence == event.evidence);
    CHECK(parsed->restarts_left == event.restarts_left);
    CHECK(parsed->keys == event.keys);
    CHECK(parsed->rule == event.rule);
    CHECK(format_event(*parsed).size() >= text.size());
  }
}

TEST_CASE("absent fields are left out, and stay absent") {
  Event event;
  event.kind = EventKind::Daemon;
  CHECK(format_event(event) ==
        R"({"v":1,"time":"1970-01-01T00:00:00.000000Z","event":"daemon"})");
  const auto parsed = parse_event(format_event(event));
  REQUIRE(parsed.has_value());
  CHECK(parsed->id == -1);
  CHECK(parsed->instance == -1);
  CHECK(parsed->uptime_ms == -1);
  CHECK_FALSE(parsed->code.has_value());
  CHECK_FALSE(parsed->stream.has_value());
  CHECK_FALSE(parsed->line.has_value());
}

TEST_CASE("zero is not absent") {
  Event event;
  event.code = 0;
  event.id = 0;
  event.instance = 0;
  event.uptime_ms = 0;
  event.delay_ms = 0;
  event.bytes = 0;
  const auto parsed = parse_event(format_event(event));
  REQUIRE(parsed.has_value());
  CHECK(parsed->code == 0);
  CHECK(parsed->id == 0);
  CHECK(parsed->instance == 0);
  CHECK(parsed->uptime_ms == 0);
  CHECK(parsed->delay_ms == 0);
  CHECK(parsed->bytes == 0);
}

TEST_CASE("names of kinds are all different, and none is empty") {
  std::set<std::string_view> names;
  for (int kind = 0; kind < kKinds; ++kind)
    names.insert(event_name(static_cast<EventKind>(kind)));
  CHECK(names.size() == kKinds);
  CHECK_FALSE(names.contains(""));
}

TEST_CASE("a newer writer's members are passed over, its kinds refused") {
  const std::string head = R"({"v":1,"time":"2026-11-21T10:15:02.123456Z",)";
  CHECK(
      parse_event(head + R"("event":"start","later":{"x":[1]}})").has_value());
  const auto unknown = parse_event(head + R"("event":"reloaded"})");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == base::Errc::Invalid);
}

TEST_CASE("what is no event record is refused, not half read") {
  const std::string time = R"("time":"2026-11-21T10:15:02.123456Z")";
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[]"), std::string("3"),
        std::string("null"), std::string("\"start\""),
        std::string("{\"event\":\"start\"}"), "{" + time + "}",
        "{" + time + ",\"event\":3}", "{" + time + ",\"event\":\"start\"",
        "{" + time + ",\"event\":\"start\",\"pid\":\"x\"}",
        "{" + time + ",\"event\":\"exit\",\"code\":\"1\"}",
        std::string("{\"time\":\"yesterday\",\"event\":\"start\"}"),
        std::string("{\"time\":3,\"event\":\"start\"}"),
        std::string(10'000, '[')}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_event(bad).has_value());
  }
}

TEST_CASE("rows say what happened in words") {
  Event event = full_event(EventKind::Exit);
  event.reason.clear();
  CHECK(describe_event(event) ==
        "killed by SIGKILL after 3h12m, likely out of memory");
  event.oom = "no";
  CHECK(describe_event(event) == "killed by SIGKILL after 3h12m");
  event.signal.reset();
  CHECK(describe_event(event) == "exited with code 1 after 3h12m");
  event.kind = EventKind::Drop;
  event.bytes = 65536;
  event.reason = "overflow";
  CHECK(describe_event(event) == "dropped 1200 lines, 64.0 KB (overflow)");
  event.kind = EventKind::Exit;
  event.signal = 64;  // has no name
  CHECK(describe_event(event).find("64") != std::string::npos);
  for (int kind = 0; kind < kKinds; ++kind)
    CHECK_FALSE(
        describe_event(full_event(static_cast<EventKind>(kind))).empty());
}

TEST_CASE("events go to their app's file, the daemon's to its own, private") {
  const support::TempDir dir;
  Event event;
  event.kind = EventKind::Daemon;
  CHECK(append_event(dir.path(), event).has_value());
  event.app = "api";
  CHECK(append_event(dir.path(), event).has_value());
  CHECK(append_event(dir.path(), event).has_value());
  CHECK(support::slurp(dir.file("lodge-events.log")).find("api") ==
        std::string::npos);
  const std::string path = dir.file("api-events.log");
  const std::string text = support::slurp(path);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  struct ::stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("events of many threads stay whole lines") {
  const support::TempDir dir;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&dir] {
        for (int i = 0; i < 200; ++i)
          (void)append_event(dir.path(), full_event(EventKind::Start));
      });
  }
  std::istringstream lines(support::slurp(dir.file("api-events.log")));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    REQUIRE(parse_event(line).has_value());
    ++count;
  }
  CHECK(count == 800);
}

TEST_CASE("an event after a torn one begins a line of its own") {
  const support::TempDir dir;
  std::deque<Event> events{full_event(EventKind::DiskFull)};
  CHECK(append_events(dir.path(), events, true));
  const std::string path = dir.file("api-events.log");
  const std::string whole = support::slurp(path);
  dir.write("api-events.log", whole + whole.substr(0, 40));
  events = {full_event(EventKind::DiskFull)};
  CHECK(append_events(dir.path(), events, true));
  CHECK(support::slurp(path) == whole + whole.substr(0, 40) + "\n" + whole);
}

TEST_CASE("events of one app are written together, and no other's with them") {
  const support::TempDir dir;
  std::deque<Event> events(5, full_event(EventKind::Adopt));
  events[2].app = "other";
  std::string expected;
  for (const auto& event : events)
    if (event.app == "api") expected += format_event(event) + "\n";
  CHECK(append_events(dir.path(), events, false));
  REQUIRE(events.size() == 3);
  CHECK(events.front().app == "other");
  while (!events.empty()) REQUIRE(append_events(dir.path(), events, false));
  CHECK(support::slurp(dir.file("api-events.log")) == expected);
  CHECK(append_events(dir.path(), events, false));
}

TEST_CASE("of events that are written in part the whole ones are not again") {
  const support::TempDir dir;
  const std::string one = format_event(full_event(EventKind::Adopt)) + "\n";
  const std::string path = dir.file("api-events.log");
  std::deque<Event> events(3, full_event(EventKind::Adopt));
  {
    // The second is cut by a limit, as by a full disk.
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    const rlimit limit{one.size() + 40, RLIM_INFINITY};
    const auto before = ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool written = append_events(dir.path(), events, false).has_value();
    ::setrlimit(RLIMIT_FSIZE, &none);
    ::signal(SIGXFSZ, before);
    CHECK_FALSE(written);
  }
  CHECK(events.size() == 2);
  CHECK(append_events(dir.path(), events, true));
  CHECK(support::slurp(path) == one + one.substr(0, 40) + "\n" + one + one);
}

TEST_CASE("events that have grown large become the earlier ones, told first") {
  const support::TempDir dir;
  const auto event = full_event(EventKind::Start);
  const std::string line = format_event(event) + "\n";
  const std::string path = dir.file("api-events.log");
  const std::string earlier = dir.file("api-events-1.log");
  REQUIRE(turn_events(dir.path(), "api", event.time, 1));  // there are none
  CHECK(append_event(dir.path(), event).has_value());
  REQUIRE(turn_events(dir.path(), "api", event.time, line.size() + 1));
  CHECK(support::slurp(path) == line);
  REQUIRE(turn_events(dir.path(), "api", event.time, line.size()));
  CHECK(support::slurp(path).empty());
  CHECK(support::slurp(earlier) == line);  // nothing went
  CHECK(append_event(dir.path(), event).has_value());
  REQUIRE(turn_events(dir.path(), "api", {77}, 1));
  const std::string text = support::slurp(earlier);
  REQUIRE(text.starts_with(line));
  const auto told = parse_event(std::string_view(text).substr(
      line.size(), text.size() - line.size() - 1));
  REQUIRE(told);
  CHECK(told->kind == EventKind::Remove);
  CHECK(told->time == base::Timestamp{77});
  CHECK(told->file == earlier);
  CHECK(told->bytes == static_cast<int64_t>(line.size()));
  CHECK_FALSE(told->reason.empty());
}

TEST_CASE("events are not written through a link put in their place") {
  const support::TempDir dir;
  const std::string victim = dir.write("victim", "");
  REQUIRE(::symlink(victim.c_str(), dir.file("api-events.log").c_str()) == 0);
  Event event;
  event.app = "api";
  CHECK_FALSE(append_event(dir.path(), event).has_value());
  CHECK(support::slurp(victim).empty());
}

}  // namespace store
