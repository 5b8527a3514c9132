#include "base/target.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace base {
namespace {

using Words = std::vector<std::string>;

// id app namespace instance
const std::vector<TargetCandidate> kApps = {
    {0, "api", "shop", 0},   {1, "api", "shop", 1},    {2, "api", "shop", 2},
    {3, "api-2", "shop", 0}, {4, "web", "default", 0}, {5, "shop", "x", 0},
    {6, "db.main", "x", 0},  {10, "x10", "y", 0},      {11, "x11", "10", 0},
};

std::string ids(const Words& words, const Words& exclude = {}) {
  const auto chosen = resolve_targets(words, exclude, kApps);
  if (!chosen) return chosen.error().message + " | " + chosen.error().hint;
  std::string text;
  for (const size_t i : *chosen)
    text += (text.empty() ? "" : " ") + std::to_string(kApps[i].id);
  return text;
}

std::optional<Errc> code(const Words& words, const Words& exclude = {}) {
  const auto chosen = resolve_targets(words, exclude, kApps);
  if (chosen) return std::nullopt;
  return chosen.error().code;
}

// Optimal string alignment by its definition.
size_t naive_distance(std::string_view a, std::string_view b) {
  if (a.empty()) return b.size();
  if (b.empty()) return a.size();
  const auto a1 = a.substr(1);
  const auto b1 = b.substr(1);
  size_t best = std::min(naive_distance(a1, b), naive_distance(a, b1)) + 1;
  best = std::min(best, naive_distance(a1, b1) + (a[0] == b[0] ? 0 : 1));
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0])
    best = std::min(best, naive_distance(a.substr(2), b.substr(2)) + 1);
  return best;
}

}  // namespace

TEST_CASE("a name that is none here is understood as the one made of it") {
  CHECK(app_name_from("@scope/worker") == "scope-worker");
  CHECK(app_name_from("api-2") == "api-2");
  CHECK(app_name_from("my app") == "my-app");
  CHECK(app_name_from("42") == "app-42");
  CHECK(app_name_from("caf\xc3\xa9 x") == "caf--x");
  CHECK(app_name_from("///").empty());
  CHECK(check_app_name(app_name_from(std::string(100, 'x') + "/")));
  CHECK(ids({"@api/2"}) == "3");
  CHECK(ids({"@web/0"}) == "4");
  CHECK(ids({"api 2"}) == "3");
  CHECK(ids({"@web"}) == "4");
  // Slips of the finger are none.
  for (const auto* slip : {"api!", "api/", "web,", "@", "/web", "api 2 "}) {
    CAPTURE(slip);
    CHECK(code({slip}) == Errc::NotFound);
  }
}

TEST_CASE("each form of a target names what it should") {
  struct Row {
    Words words;
    std::string ids;
  };
  for (const auto& [words, expected] : std::vector<Row>{
           {{"all"}, "0 1 2 3 4 5 6 10 11"},
           {{}, "0 1 2 3 4 5 6 10 11"},
           {{"4"}, "4"},
           {{"id:4"}, "4"},
           {{"api"}, "0 1 2"},
           {{"app:api"}, "0 1 2"},
           {{"api/1"}, "1"},
           {{"app:api/1"}, "1"},
           {{"x"}, "5 6"},
           {{"ns:shop"}, "0 1 2 3"},
           {{"app:shop"}, "5"},
           {{"api*"}, "0 1 2 3"},
           {{"api-?"}, "3"},
           {{"[wd]*"}, "4 6"},
           {{"/^api$/"}, "0 1 2"},
           {{"/b|p/"}, "0 1 2 3 4 5 6"},
           {{"db.main"}, "6"},
           {{"web", "api/0"}, "0 4"},
           {{"api", "api", "0"}, "0 1 2"},
           {{"*"}, "0 1 2 3 4 5 6 10 11"},
       }) {
    CAPTURE(words);
    CHECK(ids(words) == expected);
  }
}

TEST_CASE("what could mean two things shows how to say which") {
  CHECK(code({"shop"}) == Errc::Invalid);
  const std::string text = ids({"shop"});
  CHECK(text.find("app:shop") != std::string::npos);
  CHECK(text.find("ns:shop") != std::string::npos);
  // An id and a namespace.
  CHECK(code({"10"}) == Errc::Invalid);
  CHECK(ids({"10"}).find("id:10") != std::string::npos);
  CHECK(ids({"10"}).find("ns:10") != std::string::npos);
  CHECK(ids({"ns:10"}) == "11");
}

TEST_CASE("an app in a namespace of its own name is one thing") {
  const std::vector<TargetCandidate> one = {{0, "api", "api", 0}};
  const Words words = {"api"};
  CHECK(resolve_targets(words, {}, one).value().size() == 1);
}

TEST_CASE("what matches nothing is an error, never silence") {
  for (const Words& words : std::vector<Words>{{"nope"},
                                               {"99"},
                                               {"id:99"},
                                               {"app:x"},
                                               {"ns:api"},
                                               {"api/9"},
                                               {"api/"},
                                               {"api/x"},
                                               {"zz*"},
                                               {"/zz/"},
                                               {"web", "nope"},
                                               {""},
                                               {"99999999999999999999"},
                                               {"-1"},
                                               {"id:"},
                                               {"app:"},
                                               {"ns:"},
                                               {"API"},
                                               {"id:-1"},
                                               {"id:x"}}) {
    CAPTURE(words);
    CHECK(code(words) == Errc::NotFound);
    CHECK(code({"all"}, words) == Errc::NotFound);
  }
}

TEST_CASE("a slip of the finger is answered with the nearest name") {
  CHECK(ids({"wbe"}) == "wbe: no such app | did you mean web?");
  CHECK(ids({"dbmain"}) == "dbmain: no such app | did you mean db.main?");
  CHECK(ids({"api/7"}) ==
        "api/7: no such instance | there is api/0, api/1, api/2");
  CHECK(ids({"zzzzzz"}) == "zzzzzz: no such app | ");
}

TEST_CASE("who asks for it gets what is there, and is told what is not") {
  const auto partly = [](const Words& words, std::vector<Error>& unknown) {
    const auto chosen = resolve_targets(words, {}, kApps, &unknown);
    return chosen ? std::to_string(chosen->size()) : chosen.error().message;
  };
  std::vector<Error> unknown;
  CHECK(partly({"web", "wbe", "api", "zz"}, unknown) == "4");
  REQUIRE(unknown.size() == 2);
  CHECK(unknown[0].message == "wbe: no such app");
  CHECK(unknown[0].hint == "did you mean web?");
  CHECK(unknown[1].message == "zz: no such app");
  unknown.clear();
  CHECK(partly({"wbe", "zz"}, unknown) == "wbe: no such app");
  unknown.clear();
  CHECK(partly({"web"}, unknown) == "1");
  CHECK(unknown.empty());
  CHECK(partly({"web", "/a(/"}, unknown) != "1");
}

TEST_CASE("a bad pattern is told in the pattern's own words") {
  CHECK(code({"/a(/"}) == Errc::Invalid);
  CHECK(ids({"/a(/"}).find("missing )") != std::string::npos);
}

TEST_CASE("exclude takes away, also what was not selected") {
  CHECK(ids({"api"}, {"api/1"}) == "0 2");
  CHECK(ids({"all"}, {"ns:shop", "10"}).find("id:10") != std::string::npos);
  CHECK(ids({"all"}, {"ns:shop", "id:10"}) == "4 5 6 11");
  CHECK(ids({"web"}, {"api"}) == "4");
  CHECK(ids({}, {"api*"}) == "4 5 6 10 11");
  CHECK(ids({"api"}, {"api"}) == "api: --exclude leaves nothing of it | ");
  CHECK(code({}, {"all"}) == Errc::NotFound);
}

TEST_CASE("of nothing, all is nothing, and a name is an error") {
  CHECK(resolve_targets({}, {}, {}).value().empty());
  const Words all = {"all"};
  CHECK(resolve_targets(all, {}, {}).value().empty());
  const Words name = {"api"};
  CHECK(resolve_targets(name, {}, {}).error().code == Errc::NotFound);
}

TEST_CASE("names that can be given, and those that can't") {
  for (const char* good :
       {"a", "api", "api-2", "A.b_c-d", "0a", "x1", "9-", "alll", "lodge2",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    CHECK_MESSAGE(check_app_name(good).has_value(), good);
  for (const char* bad :
       {"", "1", "007", "all", "lodge", "-a", ".a", "_a", "a b", "a/b", "a:b",
        "a*", "@scope/x", "a\n", "\xc3\xa9", "a\xff", "..", "/etc/passwd",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    CAPTURE(bad);
    const auto status = check_app_name(bad);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == Errc::Invalid);
    // The message shows a valid form.
    CHECK(status.error().hint.find("api-2") != std::string::npos);
  }
  CHECK_FALSE(check_app_name(std::string_view("a\0b", 3)).has_value());
}

TEST_CASE("the nearest word is the one with the fewest edits, or none") {
  const Words known = {"restart", "start", "stop", "list", "logs", ""};
  CHECK(nearest_word("lsit", known) == "list");
  CHECK(nearest_word("log", known) == "logs");
  CHECK(nearest_word("restrat", known) == "restart");
  CHECK(nearest_word("xyz", known).empty());
  CHECK(nearest_word("", known).empty());
  CHECK(nearest_word(std::string(100, 'a'), known).empty());
}

TEST_CASE("no known word is nearer than the nearest word") {
  std::mt19937 random(3);
  const auto word = [&] {
    std::string text(1 + random() % 6, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 300; ++i) {
    Words known;
    for (int k = 0; k < 4; ++k) known.push_back(word());
    const std::string asked = word();
    size_t least = 100;
    for (const auto& one : known)
      least = std::min(least, naive_distance(asked, one));
    const auto nearest = nearest_word(asked, known);
    CAPTURE(asked);
    const size_t limit = asked.size() <= 3 ? 1 : 2;
    if (least > limit)
      CHECK(nearest.empty());
    else
      CHECK(naive_distance(asked, nearest) == least);
  }
}

}  // namespace base
