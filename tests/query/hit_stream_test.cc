#include "query/hit_stream.h"

#include <doctest/doctest.h>

#include <string>

#include "query/counted_log.h"

namespace {

using query_test::CountedLog;
constexpr std::string_view kStamp = "2026-11-21T10:15:02.123456Z";

// The times of all hits of `word`.
std::vector<std::optional<base::Timestamp>> times_of(
    CountedLog& log, const std::string& word, query::Direction direction) {
  query::LineQuery lines;
  lines.text.any = {word};
  const auto filter = query::LineFilter::compile(lines);
  REQUIRE(filter);
  query::SearchPool pool(*filter, false, 1);
  const std::vector<store::Segment> none;
  query::HitStream::Files files;
  files.segments = &none;
  files.live = &log;
  files.live_end = *log.size();
  query::SearchStats stats;
  const query::SearchProgress progress;
  query::HitStream hits(pool, std::move(files), direction,
                        {.ahead = 1, .unit = 1 << 20}, stats, progress);
  std::vector<std::optional<base::Timestamp>> times;
  for (;;) {
    const auto more = hits.next();
    REQUIRE(more);
    if (!*more) return times;
    times.push_back(hits.line().time);
  }
}

}  // namespace

TEST_CASE("a line has the stamp of a line however far before it") {
  std::string bytes = std::string(kStamp) + " begin\n";
  for (int i = 0; i < 150'000; ++i) bytes += "foreign\n";
  bytes += "found here\n";
  for (const auto direction :
       {query::Direction::Forward, query::Direction::Backward}) {
    CountedLog log(bytes, false);
    const auto times = times_of(log, "found", direction);
    REQUIRE(times.size() == 1);
    CHECK(times[0] == base::parse_stamp(kStamp));
  }
}

TEST_CASE("where no line has a stamp none is looked for twice") {
  for (const auto direction :
       {query::Direction::Forward, query::Direction::Backward}) {
    std::string bytes;
    while (bytes.size() < 200'000) bytes += "a hit in each foreign line\n";
    CountedLog log(bytes, false);
    const auto times = times_of(log, "hit", direction);
    CHECK(times.size() > 5000);
    CHECK(log.read < 4 * bytes.size());
  }
}
