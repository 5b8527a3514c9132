#include "query/sums.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <random>

#include "query/sheet.h"

using query::Counts;
using query::SumKeys;
using query_test::kTenFifteen;

namespace {

constexpr int64_t kMinute = 60'000'000;
using std::chrono::minutes;

class ZoneOf {
 public:
  explicit ZoneOf(const char* name) {
    if (const char* const was = ::getenv("TZ")) was_ = was;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~ZoneOf() {
    was_.empty() ? ::unsetenv("TZ") : ::setenv("TZ", was_.c_str(), 1);
    ::tzset();
  }
  ZoneOf(const ZoneOf&) = delete;
  ZoneOf& operator=(const ZoneOf&) = delete;

 private:
  std::string was_;
};

std::string keys(const SumKeys& of, std::string_view text,
                 std::optional<base::Timestamp> time = {},
                 const query::Origin& origin = query_test::origin_of("api")) {
  std::vector<std::string> found;
  of(origin, time, text, found);
  std::string all;
  for (const auto& key : found) all += (all.empty() ? "" : "|") + key;
  return all;
}

std::string bucket(std::chrono::milliseconds size, int64_t us,
                   base::Zone zone = base::Zone::Utc) {
  return keys(query::by_time(size, zone), "", base::Timestamp{us});
}

SumKeys field(std::string_view path) {
  return query::by_field(*query::parse_field_path(path));
}

// A table without times: the counts and keys.
std::string table(query::Sums& sums, query_test::Sheet& sheet) {
  sums.finish();
  std::string text = sheet.text();
  std::string rows;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const auto row = text.substr(0, end);
    rows += row.substr(0, row.find("  ")) + " " +
            row.substr(row.rfind("  ") + 2) + "\n";
    text.erase(0, end + 1);
  }
  return rows;
}

}  // namespace

TEST_CASE("buckets of time begin where the clock is even") {
  const int64_t at = kTenFifteen + 2 * kMinute + 3'456'789;  // 10:17:03.456789
  CHECK(bucket(minutes(1), at) == "2026-11-21T10:17:00.000000Z");
  CHECK(bucket(minutes(5), at) == "2026-11-21T10:15:00.000000Z");
  CHECK(bucket(minutes(60), at) == "2026-11-21T10:00:00.000000Z");
  CHECK(bucket(minutes(24 * 60), at) == "2026-11-21T00:00:00.000000Z");
  CHECK(bucket(std::chrono::seconds(10), at) == "2026-11-21T10:17:00.000000Z");
  CHECK(bucket(std::chrono::milliseconds(100), at) ==
        "2026-11-21T10:17:03.400000Z");
  CHECK(bucket(minutes(1), -1) == "1969-12-31T23:59:00.000000Z");
  CHECK(bucket(minutes(1), kTenFifteen) == "2026-11-21T10:15:00.000000Z");
  CHECK(bucket(minutes(1), kTenFifteen - 1) == "2026-11-21T10:14:00.000000Z");
  CHECK(keys(query::by_time(minutes(1), base::Zone::Utc), "") ==
        query::no_key());
}

TEST_CASE("hours and days begin where those of the zone do") {
  const ZoneOf zone("<+0530>-5:30");
  const auto local = base::Zone::Local;  // it is 15:45 there
  CHECK(bucket(minutes(60), kTenFifteen, local) ==
        "2026-11-21T09:30:00.000000Z");
  CHECK(bucket(minutes(24 * 60), kTenFifteen, local) ==
        "2026-11-20T18:30:00.000000Z");
  // 23:45 the day before, in UTC.
  CHECK(bucket(minutes(24 * 60), kTenFifteen - 630 * kMinute, local) ==
        "2026-11-20T18:30:00.000000Z");
}

TEST_CASE("an hour that the clock shows twice is two, its day is one") {
  // Summer time ends at 01:00 UTC: 02:10 is shown at 00:10 and 01:10.
  const ZoneOf zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const auto local = base::Zone::Local;
  const auto at = [](std::string_view stamp) {
    return base::parse_stamp(stamp)->us;
  };
  const int64_t summer = at("2026-10-25T00:10:00.000000Z");
  const int64_t winter = at("2026-10-25T01:10:00.000000Z");
  CHECK(bucket(minutes(60), summer, local) == "2026-10-25T00:00:00.000000Z");
  CHECK(bucket(minutes(60), winter, local) == "2026-10-25T01:00:00.000000Z");
  for (const int64_t time : {summer, winter, at("2026-10-25T22:59:00.000000Z")})
    CHECK(bucket(minutes(24 * 60), time, local) ==
          "2026-10-24T22:00:00.000000Z");
  CHECK(bucket(minutes(24 * 60), at("2026-10-25T23:00:00.000000Z"), local) ==
        "2026-10-25T23:00:00.000000Z");
}

TEST_CASE("a line is counted as the values of its field, or as -") {
  CHECK(keys(field("a"), R"({"a":"x"})") == "x");
  CHECK(keys(field("a"), R"({"b":"x"})") == query::no_key());
  CHECK(keys(field("a"), "no fields") == query::no_key());
  CHECK(keys(field("a[*]"), R"({"a":[1,2]})") == "1|2");
  CHECK(keys(field("a"), "a=5") == "5");
  const std::string line = "{\"a\":\"" + std::string(100'000, 'x') + "\"}";
  CHECK(keys(field("a"), line) == std::string(1024, 'x'));
}

TEST_CASE("lines are counted by level, app, instance and stream by name") {
  const auto origin =
      query_test::origin_of("api", 2, query::Kind::Error, "api/2");
  CHECK(keys(*query::by_name("level"), "ERROR gone") == "error");
  CHECK(keys(*query::by_name("level"), "gone") == "unknown");
  CHECK(keys(*query::by_name("app"), "", {}, origin) == "api");
  CHECK(keys(*query::by_name("instance"), "", {}, origin) == "api/2");
  CHECK(keys(*query::by_name("stream"), "", {}, origin) == "api/2 error");
  CHECK_FALSE(query::by_name("status"));
}

TEST_CASE("counts are those of a naive map, the most frequent first") {
  std::mt19937_64 random(71);
  for (int round = 0; round < 50; ++round) {
    Counts counts;
    std::map<std::string, std::vector<int64_t>> naive;
    for (size_t n = random() % 300; n > 0; --n) {
      const auto key = std::to_string(random() % 20);
      const auto us = static_cast<int64_t>(random() % 1000);
      counts.add(key, base::Timestamp{us});
      naive[key].push_back(us);
    }
    for (const bool by_key : {false, true}) {
      const auto rows = counts.rows(by_key);
      REQUIRE(rows.size() == naive.size());
      for (size_t i = 0; i < rows.size(); ++i) {
        const auto& times = naive.at(rows[i].key);
        CHECK(rows[i].count == times.size());
        CHECK(rows[i].first->us == *std::ranges::min_element(times));
        CHECK(rows[i].last->us == *std::ranges::max_element(times));
        if (i == 0) continue;
        const auto& before = rows[i - 1];
        CHECK((by_key || before.count == rows[i].count
                   ? before.key < rows[i].key
                   : before.count > rows[i].count));
      }
    }
  }
}

TEST_CASE("what comes when there are too many keys is counted as <other>") {
  Counts counts(2);
  for (const char* key : {"a", "b", "c", "a", "d"}) counts.add(key, {});
  CHECK(counts.contains("a"));
  CHECK_FALSE(counts.contains("c"));
  const auto rows = counts.rows(true);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].key == "<other>");
  CHECK(rows[0].count == 2);
  CHECK(rows[1].count == 2);
  CHECK_FALSE(rows[0].first.has_value());
}

TEST_CASE("a line in pieces is one line, and one without an end is counted") {
  query_test::Sheet sheet;
  query::Sums sums(sheet.output(), field("a"), {});
  const auto origin = query_test::origin_of("api");
  auto piece = query_test::piece_of("{\"a\":");
  piece.ends = false;
  sums.piece(origin, piece);
  piece.begins = false;
  piece.ends = true;
  piece.text = "1}";
  sums.piece(origin, piece);
  piece = query_test::piece_of("{\"a\":2}");
  piece.ends = false;
  sums.piece(origin, piece);
  sums.piece(origin, query_test::piece_of("{\"a\":1}"));  // of another file
  sums.piece(origin, piece);
  CHECK(table(sums, sheet) == "2 1\n2 2\n");
}

TEST_CASE("a line that has not ended is counted before its origin goes") {
  query_test::Sheet sheet;
  query::Sums sums(sheet.output(), *query::by_name("app"), {});
  {
    auto origin = std::make_unique<query::Origin>(query_test::origin_of("api"));
    auto piece = query_test::piece_of("x");
    piece.ends = false;
    sums.piece(*origin, piece);
    sums.settle();
  }
  // What has no beginning is no line.
  auto rest = query_test::piece_of("y");
  rest.begins = false;
  sums.piece(query_test::origin_of("web"), rest);
  CHECK(table(sums, sheet) == "1 api\n");
}

TEST_CASE("context is not counted, in pieces or whole") {
  query_test::Sheet sheet;
  query::Sums sums(sheet.output(), query::by_template(), {});
  const auto origin = query_test::origin_of("api");
  sums.next_is_context();
  auto piece = query_test::piece_of("context");
  piece.ends = false;
  sums.piece(origin, piece);
  piece.begins = false;
  piece.ends = true;
  sums.piece(origin, piece);
  sums.next_is_context();
  sums.piece(origin, query_test::piece_of("context"));
  sums.piece(origin, query_test::piece_of("match 1"));
  sums.piece(origin, query_test::piece_of("match 2"));
  CHECK(table(sums, sheet) == "2 match <n>\n");
}

TEST_CASE("known keys are left out before rows are cut to the most frequent") {
  query_test::Sheet sheet;
  query::SumsOptions options;
  options.most = 2;
  options.known = [](const std::string& key) { return key == "old"; };
  query::Sums sums(sheet.output(), query::by_template(), std::move(options));
  const auto origin = query_test::origin_of("api");
  for (const char* text : {"old", "old", "old", "b", "a", "b", "c", "a", "b"})
    sums.piece(origin, query_test::piece_of(text));
  CHECK(table(sums, sheet) == "3 b\n2 a\n");
}
