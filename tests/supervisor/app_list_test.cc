#include "supervisor/app_list.h"

#include <doctest/doctest.h>

#include "base/fs.h"
#include "support/temp_dir.h"

using supervisor::AppList;
using supervisor::load_app_list;
using supervisor::parse_app_list;
using supervisor::print_app_list;

namespace {

AppList sample() {
  AppList list;
  list.next_id = 7;
  auto& app = list.apps.emplace_back();
  app.spec.name = "api";
  app.spec.script = "/srv/api.js";
  app.spec.cwd = "/srv";
  app.spec.args = {"--port", "80 \"quoted\""};
  app.spec.env = {{"A", "1\n2"}, {"B", ""}};
  app.spec.instances = 2;
  app.created = base::Timestamp{1'763'000'000'123'456};
  app.instances = {
      {.id = 3, .number = 0, .wanted = true, .generation = 12, .restarts = 4},
      {.id = 6, .number = 1, .wanted = false}};
  return list;
}

}  // namespace

TEST_CASE("what is printed is what is parsed") {
  const auto list = sample();
  const auto again = parse_app_list(print_app_list(list));
  REQUIRE(again);
  CHECK(again->next_id == 7);
  REQUIRE(again->apps.size() == 1);
  CHECK(again->apps[0].spec == list.apps[0].spec);
  CHECK(again->apps[0].created == list.apps[0].created);
  REQUIRE(again->apps[0].instances.size() == 2);
  CHECK(again->apps[0].instances[0].generation == 12);
  CHECK(again->apps[0].instances[1].id == 6);
  CHECK_FALSE(again->apps[0].instances[1].wanted);
}

TEST_CASE("a list cut off anywhere is refused") {
  const auto text = print_app_list(sample());
  for (size_t size = 0; size + 1 < text.size(); ++size)
    CHECK_FALSE(parse_app_list(std::string_view(text).substr(0, size)));
}

TEST_CASE("a list with any byte changed is refused or means the same") {
  const auto text = print_app_list(sample());
  for (size_t i = 0; i < text.size(); ++i) {
    auto damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    const auto parsed = parse_app_list(damaged);
    if (parsed) CHECK(print_app_list(*parsed) == text);
  }
}

TEST_CASE("a missing list is an empty one, a damaged one is not") {
  const support::TempDir dir;
  const auto path = base::fs::join(dir.path(), "apps.json");
  auto loaded = load_app_list(path);
  REQUIRE(loaded);
  CHECK(loaded->list.apps.empty());
  REQUIRE(base::fs::replace_file(path, "{"));
  CHECK_FALSE(load_app_list(path));
}

TEST_CASE("a list cut off at any byte gives way to the copy, and says so") {
  const support::TempDir dir;
  const auto path = base::fs::join(dir.path(), "apps.json");
  const auto copy = print_app_list(sample());
  auto later = sample();
  later.next_id = 8;
  const auto list = print_app_list(later);
  dir.write("apps.json.bak", copy);
  for (size_t size = 0; size < list.size(); ++size) {
    CAPTURE(size);
    dir.write("apps.json", list.substr(0, size));
    const auto loaded = load_app_list(path);
    REQUIRE(loaded);
    CHECK(print_app_list(loaded->list) == copy);
    CHECK(loaded->warning.find(path) != std::string::npos);
  }
}

TEST_CASE("a damaged list gives way to the copy, and says so") {
  const support::TempDir dir;
  const auto path = base::fs::join(dir.path(), "apps.json");
  REQUIRE(supervisor::save_app_list(path, print_app_list(sample())));
  auto later = sample();
  later.next_id = 8;
  REQUIRE(supervisor::save_app_list(path, print_app_list(later)));
  REQUIRE(base::fs::replace_file(path, std::string(100, '\0')));
  auto loaded = load_app_list(path);
  REQUIRE(loaded);
  // Not what was there before the last change.
  CHECK(print_app_list(loaded->list) == print_app_list(later));
  CHECK(loaded->warning.find("apps.json.bak") != std::string::npos);
}

TEST_CASE("a list of before env was split has inherited all of it") {
  const auto list = parse_app_list(
      "{\"v\":1,\"checksum\":\"bdd71a254a16c446\",\"content\":\n"
      R"({"next_id":1,"apps":[{"created":"2026-11-28T22:40:59.906240Z",)"
      R"("spec":{"name":"api","script":"/tmp/cfgold/w/talk.sh",)"
      R"("cwd":"/tmp/cfgold/w","env":{"HOME":"/root",)"
      R"("LODGE_HOME":"/tmp/cfgold/h","MODE":"one","PATH":"/usr/bin:/bin",)"
      R"("TOKEN":"x"},"min_uptime":50},"instances":[{"id":0,"instance":0,)"
      R"("wanted":true,"generation":1,"restarts":0}]}]})"
      "\n}\n");
  REQUIRE_MESSAGE(list, list.error().message);
  const auto& spec = list->apps.at(0).spec;
  CHECK(spec.env.empty());
  CHECK(spec.environment.inherited.at("MODE") == "one");
  CHECK(spec.environment.inherited.size() == 5);
  // Written by us it stays so.
  const auto again = parse_app_list(print_app_list(*list));
  REQUIRE(again);
  CHECK(again->apps[0].spec == spec);
}
