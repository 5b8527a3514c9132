// Whether what an app depends on lets it start.
#include "supervisor/dependencies.h"

#include <doctest/doctest.h>

#include <map>

using config::Condition;
using supervisor::Standing;
using supervisor::State;
using Kind = supervisor::Clearance::Kind;

namespace {

supervisor::Clearance cleared(Condition condition, const Standing& b) {
  return supervisor::clearance(
      {{"b", condition}},
      [&](const std::string& name) -> std::optional<std::vector<Standing>> {
        if (name != "b") return std::nullopt;
        return std::vector{b};
      });
}

}  // namespace

TEST_CASE("each condition in each standing") {
  using enum Condition;
  struct Row {
    Condition condition;
    Standing standing;
    Kind kind;
    std::string why;
  };
  const std::vector<Row> rows = {
      {Started,
       {.state = State::Launching},
       Kind::Waiting,
       "waits for b to be started"},
      {Started, {.state = State::Starting}, Kind::Free, ""},
      {Started, {.state = State::Online}, Kind::Free, ""},
      {Ready,
       {.state = State::Starting},
       Kind::Waiting,
       "waits for b to be ready"},
      {Ready,
       {.state = State::Online},
       Kind::Waiting,
       "waits for b to be ready"},
      {Ready, {.state = State::Online, .ready = true}, Kind::Free, ""},
      // Of the life before, while the next one is on its way.
      {Ready,
       {.state = State::Restarting, .ready = true},
       Kind::Waiting,
       "waits for b to be ready"},
      {Healthy,
       {.state = State::Online, .ready = true},
       Kind::Waiting,
       "waits for b to be healthy"},
      {Healthy,
       {.state = State::Online, .ready = true, .healthy = true},
       Kind::Free,
       ""},
      {Exited,
       {.state = State::Online, .ready = true},
       Kind::Waiting,
       "waits for b to have done its work"},
      {Exited, {.state = State::Stopped, .ended_well = true}, Kind::Free, ""},
      {Exited,
       {.state = State::Stopped},
       Kind::Barred,
       "it depends on b, which is stopped"},
      {Ready,
       {.state = State::Waiting, .words = "exited with code 1 after 0.1s"},
       Kind::Barred,
       "it depends on b, which exited with code 1 after 0.1s"},
      {Ready,
       {.state = State::Failing, .words = "was not ready within 2.0s"},
       Kind::Barred,
       "it depends on b, which was not ready within 2.0s"},
      {Ready,
       {.state = State::Errored, .words = "exited with code 1"},
       Kind::Barred,
       "it depends on b, which is errored: exited with code 1"},
      {Ready,
       {.state = State::Stopping},
       Kind::Barred,
       "it depends on b, which is being stopped"},
      {Ready, {.state = State::Held}, Kind::Waiting, "waits for b to be ready"},
      {Ready,
       {.state = State::Held, .held_back = true},
       Kind::Barred,
       "it depends on b, which was not started"},
  };
  for (const auto& row : rows) {
    const auto got = cleared(row.condition, row.standing);
    CAPTURE(row.why);
    CHECK(got.kind == row.kind);
    CHECK(got.why == row.why);
  }
}

TEST_CASE("all instances of all dependencies have to be there") {
  std::map<std::string, std::vector<Standing>> apps = {
      {"b",
       {{.state = State::Online, .ready = true}, {.state = State::Online}}},
      {"c", {{.state = State::Errored}}}};
  const auto find =
      [&](const std::string& name) -> std::optional<std::vector<Standing>> {
    const auto it = apps.find(name);
    if (it == apps.end()) return std::nullopt;
    return it->second;
  };
  const auto now = [&] {
    return supervisor::clearance(
        {{"b", Condition::Ready}, {"c", Condition::Started}}, find);
  };
  CHECK(now().kind == Kind::Barred);  // c, though b comes first
  apps["c"] = {{.state = State::Online}};
  CHECK(now().kind == Kind::Waiting);
  apps["b"][1].ready = true;
  CHECK(now().kind == Kind::Free);
  apps.erase("c");
  CHECK(now() == supervisor::Clearance{
                     Kind::Barred, "it depends on c, which is no app here"});
}
