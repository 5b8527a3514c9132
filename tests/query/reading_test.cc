#include "query/reading.h"

#include <doctest/doctest.h>

#include <array>
#include <random>

#include "query/last_lines.h"
#include "query/log_dir.h"
#include "store/names.h"
#include "support/sanitized.h"

namespace {

using query::Query;
using query_test::Collector;
using query_test::LogDir;
using query_test::naive_query;

constexpr int64_t kStart = 1'795'256'100'000'000;
constexpr unsigned kSeeds = support::kSanitized ? 15 : 60;

std::string stamped(int64_t us, std::string_view text) {
  return base::format_stamp({us}) + " " + std::string(text);
}

// Files with all that may be in them; stamps in order within each file.
class RandomLogs {
 public:
  RandomLogs(LogDir& dir, unsigned seed) : dir_(dir), random_(seed) {}

  void make() {
    const int apps = number(1, 3);
    for (int a = 0; a < apps; ++a) {
      const std::string app = "app" + std::to_string(a);
      const int instances = number(1, 3);
      const std::string stamp = std::array{
          "prefix", "json", "none"}[static_cast<size_t>(number(0, 2))];
      dir_.add_app(app, instances, stamp);
      for (int i = 0; i < instances; ++i)
        for (const auto stream : {store::Stream::Out, store::Stream::Error}) {
          const std::string name = LogDir::name(app, stream, i, stamp);
          if (stamp == "none")
            fill_unstamped(name);
          else
            fill(name, stamp == "json");
        }
    }
  }
  int number(int from, int to) {
    return std::uniform_int_distribution<int>(from, to)(random_);
  }

 private:
  std::string text() {
    const int kind = number(0, 99);
    const int size = kind < 80   ? number(0, 40)
                     : kind < 98 ? number(0, 3000)
                                 : number(60'000, 140'000);
    std::string bytes(static_cast<size_t>(size), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(number(0, 255));
      if (c == '\n') c = 'n';
    }
    return bytes;
  }
  // Batches that end anywhere, of any number of lines.
  void fill_unstamped(const std::string& name) {
    if (number(0, 5) == 0) return;
    if (number(0, 9) == 0) dir_.append(name, "from before\n");
    std::string bytes;
    const int lines = number(0, 120);
    for (int i = 0; i < lines; ++i) bytes += text() + "\n";
    if (number(0, 2) == 0) bytes += "prompt> ";
    int64_t time = kStart + number(0, 1000);
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = static_cast<size_t>(number(1, 20'000));
      dir_.append_at(name, time, bytes.substr(at, size));
      at += size;
      time += number(1, 400'000);
    }
    if (number(0, 9) == 0)
      (void)base::fs::unlink(store::sidecar_name(dir_.file(name)));
  }
  static std::string object(int64_t time, std::string_view text) {
    return "{\"@lodge\":\"" + base::format_stamp({time}) + "\"," +
           std::string(text) + "}";
  }
  void fill(const std::string& name, bool objects) {
    if (number(0, 5) == 0) return;  // no such file
    std::string bytes;
    int64_t time = kStart + number(0, 1000);
    const int lines = number(0, 5) == 0 ? 0 : number(1, 120);
    for (int i = 0; i < lines; ++i) {
      // Batches share a stamp, also with other files: ties must be stable.
      if (number(0, 2) > 0) time += number(1, 200'000);
      bytes += number(0, 9) == 0              ? "foreign " + text()
               : objects && number(0, 1) == 0 ? object(time, text())
                                              : stamped(time, text());
      bytes += '\n';
    }
    if (number(0, 2) == 0) bytes += stamped(time + 7, "prompt> ");
    dir_.append(name, bytes);
  }

  LogDir& dir_;
  std::mt19937 random_;
};

std::vector<query_test::Shown> read(const LogDir& dir, const Query& query) {
  query::Reading reading(query, dir.plan(query), false);
  Collector collector;
  reading.replay(collector);
  CHECK(reading.problems().empty());
  return std::move(collector.shown);
}

// Says where the two part, rather than that they do.
void check_same(const std::vector<query_test::Shown>& shown,
                const std::vector<query_test::Shown>& wanted) {
  const auto [a, b] = std::ranges::mismatch(shown, wanted);
  CAPTURE(a - shown.begin());
  if (a != shown.end() && b != wanted.end()) {
    CHECK(a->label == b->label);
    CHECK(a->kind == b->kind);
    CHECK((a->time == b->time));
    CHECK(a->text.size() == b->text.size());
    CHECK(a->ended == b->ended);
    REQUIRE((*a == *b));
  }
  REQUIRE(shown.size() == wanted.size());
}

}  // namespace

TEST_CASE("every selection shows what reading and sorting everything shows") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    LogDir dir;
    RandomLogs logs(dir, seed);
    logs.make();
    Query query;
    query.events = false;
    check_same(read(dir, query), naive_query(dir.plan(query), query));
    for (int i = 0; i < 8; ++i) {
      query.last.reset();
      query.since.reset();
      query.until.reset();
      if (logs.number(0, 2) > 0)
        query.last = static_cast<uint64_t>(logs.number(0, 200));
      if (logs.number(0, 1) > 0)
        query.since = {{kStart + logs.number(0, 12'000'000)}};
      if (logs.number(0, 1) > 0)
        query.until = {{kStart + logs.number(0, 12'000'000)}};
      check_same(read(dir, query), naive_query(dir.plan(query), query));
    }
  }
}

TEST_CASE("a long file is searched by stamp, with every line in range found") {
  LogDir dir;
  dir.add_app("api", 1);
  std::string bytes;
  for (int i = 0; i < 40'000; ++i) {
    bytes += stamped(kStart + i * 1'000, "line " + std::to_string(i)) + "\n";
    if (i % 7 == 0) bytes += "    at a stack trace\n";
  }
  dir.append("api-out.log", bytes);
  for (const int from : {0, 1, 1999, 20'000, 39'998, 39'999, 40'000}) {
    CAPTURE(from);
    Query query;
    query.events = false;
    query.since = {{kStart + from * 1'000}};
    check_same(read(dir, query), naive_query(dir.plan(query), query));
    query.until = {{kStart + from * 1'000 + 5'000}};
    check_same(read(dir, query), naive_query(dir.plan(query), query));
    query.last = 3;
    check_same(read(dir, query), naive_query(dir.plan(query), query));
  }
}

TEST_CASE("a long file without stamps is searched by its sidecar") {
  LogDir dir;
  dir.add_app("api", 1, "none");
  std::string bytes;
  auto times = store::TimesFile::open(dir.file("api-out.raw.idx"));
  REQUIRE(times.has_value());
  for (int i = 0; i < 8'000; ++i) {
    // Batches begin anywhere in a line.
    (void)times->append(bytes.size() - static_cast<size_t>(i % 3),
                        {kStart + i * 1'000});
    bytes +=
        std::to_string(i) + std::string(20, 'x') + (i % 5 == 0 ? "\n\n" : "\n");
    if (i == 5'000) bytes += std::string(200'000, 'x') + "\n";
  }
  dir.append("api-out.raw.log", bytes);
  for (const int from : {0, 1, 1999, 5'000, 5'001, 7'999, 8'000}) {
    CAPTURE(from);
    Query query;
    query.events = false;
    query.since = {{kStart + from * 1'000}};
    check_same(read(dir, query), naive_query(dir.plan(query), query));
    query.until = {{kStart + from * 1'000 + 5'000}};
    check_same(read(dir, query), naive_query(dir.plan(query), query));
    query.last = 3;
    check_same(read(dir, query), naive_query(dir.plan(query), query));
  }
}

TEST_CASE("a file whose clock went back is scanned, not searched") {
  LogDir dir;
  dir.add_app("api", 1);
  std::string bytes;
  for (int i = 0; i < 20'000; ++i)
    bytes += stamped(kStart + i * 10'000, "before") + "\n";
  for (int i = 0; i < 5'000; ++i)
    bytes += stamped(kStart + i * 10'000, "after") + "\n";
  dir.append("api-out.log", bytes);
  Query query;
  query.events = false;
  query.since = {{kStart + 190'000'000}};
  CHECK(read(dir, query).size() == 1'000);
  query.since = {{kStart + 40'000'000}};
  query.until = {{kStart + 41'000'000}};
  CHECK(read(dir, query).size() == 200);
}

TEST_CASE("a line longer than any buffer comes whole") {
  LogDir dir;
  dir.add_app("api", 1);
  const std::string text(3'000'000, 'x');
  dir.append("api-out.log", stamped(kStart, "a") + "\n" +
                                stamped(kStart + 1, text) + "\n" +
                                stamped(kStart + 2, "b") + "\n");
  Query query;
  query.last = 2;
  const auto shown = read(dir, query);
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].text == text);
  CHECK(shown[1].text == "b");
}

TEST_CASE("a stamp cut off by the end of the file is no line") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log",
             stamped(kStart, "a") + "\n" + base::format_stamp({kStart}));
  Query query;
  query.last = 1;
  const auto shown = read(dir, query);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].text == "a");
}

TEST_CASE("events are shown from the first line shown on") {
  LogDir dir;
  dir.add_app("api", 1);
  for (int i = 0; i < 10; ++i) {
    dir.append("api-out.log",
               stamped(kStart + i * 10, std::to_string(i)) + "\n");
    store::Event event;
    event.time = {kStart + i * 10 + 1};
    event.app = "api";
    event.kind = store::EventKind::Stop;
    event.reason = std::to_string(i);
    (void)store::append_event(dir.path(), event);
  }
  Query query;
  query.last = 2;
  std::vector<std::string> texts;
  for (const auto& row : read(dir, query)) texts.push_back(row.text);
  CHECK(texts ==
        std::vector<std::string>{"8", "stopping (8)", "9", "stopping (9)"});
}

TEST_CASE("earlier events are shown before those of today") {
  LogDir dir;
  dir.add_app("api", 1);
  for (int i = 0; i < 6; ++i) {
    store::Event event;
    event.time = {kStart + i};
    event.app = "api";
    event.kind = store::EventKind::Stop;
    event.reason = std::to_string(i);
    (void)store::append_event(dir.path(), event);
    if (i == 3) REQUIRE(store::turn_events(dir.path(), "api", {}, 1));
  }
  Query query;
  const auto texts = [&] {
    std::string all;
    for (const auto& row : read(dir, query)) all += row.text + "\n";
    return all;
  };
  query.last = 3;
  CHECK(texts() == "stopping (3)\nstopping (4)\nstopping (5)\n");
  query.last.reset();
  query.since = base::Timestamp{kStart + 1};
  query.until = base::Timestamp{kStart + 5};
  CHECK(texts() == "stopping (1)\nstopping (2)\nstopping (3)\nstopping (4)\n");
  // Nothing was told since: there is no file of today.
  query = {};
  query.since = base::Timestamp{kStart + 5};
  REQUIRE(store::turn_events(dir.path(), "api", {kStart + 9}, 1));
  CHECK(texts().starts_with("stopping (5)\n"));
}

TEST_CASE("of an app that wrote nothing the last events are shown") {
  LogDir dir;
  dir.add_app("api", 1);
  for (int i = 0; i < 10; ++i) {
    store::Event event;
    event.time = {kStart + i};
    event.app = "api";
    event.kind = store::EventKind::Stop;
    (void)store::append_event(dir.path(), event);
  }
  Query query;
  query.last = 4;
  CHECK(read(dir, query).size() == 4);
}

TEST_CASE("events of other instances are not those of the one asked for") {
  LogDir dir;
  dir.add_app("api", 2);
  for (int i = 0; i < 2; ++i) {
    store::Event event;
    event.time = {kStart + i};
    event.app = "api";
    event.instance = i;
    event.kind = store::EventKind::Stop;
    event.reason = std::to_string(i);
    (void)store::append_event(dir.path(), event);
  }
  Query query;
  query.targets = {"api/1"};
  const auto shown = read(dir, query);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].text == "stopping (1)");
}

TEST_CASE("the last lines of a life are those of both streams since it began") {
  LogDir dir;
  dir.add_app("api", 2);
  dir.append("api-out-1.log", stamped(kStart, "of another life\n") +
                                  stamped(kStart + 10, "starting\n"));
  dir.append("api-error-1.log", stamped(kStart + 11, "no port\n"));
  dir.append("api-out.log", stamped(kStart + 12, "other instance\n"));
  auto lines = query::last_lines(dir.path(), "api", 1, {kStart + 5}, 10);
  REQUIRE(lines);
  REQUIRE(lines->size() == 2);
  CHECK((*lines)[0].text == "starting");
  CHECK((*lines)[1].text == "no port");
  CHECK((*lines)[1].stream == store::Stream::Error);
  CHECK(query::last_lines(dir.path(), "none", 0, {0}, 10)->empty());
}
