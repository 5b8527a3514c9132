#include "cli/exit_story.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace cli {
namespace {

using store::Event;
using store::EventKind;

constexpr int64_t kSecond = 1'000'000;

base::Timestamp at(int64_t seconds) {
  return base::Timestamp{1'795'256'100 * kSecond + seconds * kSecond};
}

Event event(EventKind kind, int64_t seconds, uint64_t generation,
            int instance = 0) {
  Event event;
  event.kind = kind;
  event.time = at(seconds);
  event.app = "api";
  event.instance = instance;
  event.generation = generation;
  return event;
}

Event exit_at(int64_t seconds, uint64_t generation, int instance = 0) {
  auto exit = event(EventKind::Exit, seconds, generation, instance);
  exit.code = 1;
  exit.uptime_ms = 5000;
  return exit;
}

}  // namespace

TEST_CASE("an app that never ended has no story") {
  CHECK_FALSE(last_exit({}).has_value());
  CHECK_FALSE(last_exit({event(EventKind::Start, 0, 1)}).has_value());
}

TEST_CASE("exits of the hour before are counted, of the same instance alone") {
  std::vector<Event> events = {exit_at(0, 1), exit_at(1000, 2),
                               exit_at(2000, 7, 1), exit_at(3000, 3),
                               exit_at(3601, 4)};
  const auto story = last_exit(events);
  REQUIRE(story.has_value());
  CHECK(story->exits == 3);  // the first is more than an hour ago
  CHECK(story->several);
  const auto words = words_of(*story, at(3700), nullptr);
  CHECK(words.how == "exited with code 1 after 5.0s");
  CHECK(words.after == "3rd exit in the last hour");
}

TEST_CASE("events of an older version tell what they have") {
  const auto story = last_exit({event(EventKind::Start, 0, 1), exit_at(5, 1)});
  REQUIRE(story.has_value());
  const auto words = words_of(*story, at(10), nullptr);
  CHECK(words.evidence == std::vector<std::string>{"not signalled"});
  CHECK(words.next == "nothing that its events tell of");
  CHECK(words.after.empty());
}

TEST_CASE("what comes next: a start, a wait, errored, nothing") {
  auto wait = event(EventKind::Wait, 5, 1);
  wait.delay_ms = 10'000;
  wait.restarts_left = 12;
  std::vector<Event> events = {event(EventKind::Start, 0, 1), exit_at(5, 1),
                               wait};
  CHECK(words_of(*last_exit(events), at(8), nullptr).next ==
        "starts again in 7.0s; 12 more unstable restarts until errored");
  CHECK(words_of(*last_exit(events), at(20), nullptr).next ==
        "is to start again now, when a daemon runs; 12 more unstable restarts "
        "until errored");
  auto next = event(EventKind::Start, 15, 2);
  next.restarts_left = 1;
  events.push_back(next);
  auto words = words_of(*last_exit(events), at(20), nullptr);
  CHECK(words.came == "restarted in 10s");
  CHECK(words.next == "1 more unstable restart until errored");
  auto errored = event(EventKind::Errored, 5, 1);
  errored.reason = "too often";
  const NowOf now{"errored", 60'000};
  CHECK(words_of(*last_exit({exit_at(5, 1), errored}), at(8), &now)
            .next.starts_with("errored: too often; tried again in 1m"));
  auto stop = event(EventKind::Stop, 4, 1);
  stop.actor = "ada";
  stop.command = "lodge stop api";
  auto asked = exit_at(5, 1);
  asked.ended_by = "asked";
  words = words_of(*last_exit({stop, asked}), at(8), nullptr);
  CHECK(words.next == "nothing: it was asked to stop by ada (lodge stop api)");
  CHECK(std::ranges::count(words.evidence,
                           "asked to stop by ada (lodge stop api)") == 1);
}

TEST_CASE("another app of the same name has no part in the story") {
  std::vector<Event> events = {event(EventKind::Start, 0, 1),
                               exit_at(1, 1),
                               event(EventKind::Delete, 2, 1),
                               event(EventKind::Start, 10, 1),
                               exit_at(20, 1),
                               event(EventKind::Delete, 30, 1),
                               event(EventKind::Start, 40, 1),
                               event(EventKind::Stop, 41, 1)};
  const auto story = last_exit(events);
  REQUIRE(story.has_value());
  CHECK(story->exits == 1);
  CHECK(story->began == at(10));
  CHECK_FALSE(story->asked.has_value());
  REQUIRE(story->renewed.has_value());
  CHECK(story->renewed->time == at(40));
  CHECK(words_of(*story, at(50), nullptr).next ==
        "nothing: it was deleted; another of its name was started since");
}

TEST_CASE("what was changed in the day before, and by whom") {
  auto old = event(EventKind::Config, -90'000, 0, -1);
  old.keys = {"env.OLD"};
  auto change = event(EventKind::Config, -60, 0, -1);
  change.keys = {"env.DATABASE_URL", "max_restarts"};
  change.actor = "deploy";
  auto later = event(EventKind::Config, 100, 0, -1);
  later.keys = {"env.LATER"};
  const auto story = last_exit({old, change, exit_at(5, 1), later});
  REQUIRE(story.has_value());
  CHECK(words_of(*story, at(200), nullptr).changes ==
        std::vector<std::string>{"env.DATABASE_URL, max_restarts by deploy"});
}

TEST_CASE("out of memory is said with how sure it is") {
  auto exit = event(EventKind::Exit, 5, 1);
  exit.signal = 9;
  exit.ended_by = "outside";
  const auto evidence = [&] {
    const auto words = words_of(*last_exit({exit}), at(8), nullptr);
    std::string all;
    for (const auto& text : words.evidence) all += text + ";";
    return all;
  };
  CHECK(evidence().find("unknown") != std::string::npos);
  exit.oom = "no";
  CHECK(
      evidence().starts_with("not out of memory;the signal came from outside"));
  exit.oom = "likely";
  exit.evidence = "a count rose";
  CHECK(evidence() == "likely out of memory: a count rose;");
  exit.oom = "certain";
  CHECK(evidence() == "out of memory: a count rose;");
}

}  // namespace cli
