#include "query/cut.h"

#include <doctest/doctest.h>

#include <random>

#include "query/log_dir.h"
#include "support/sanitized.h"

namespace {

using query_test::LogDir;

constexpr int64_t kStart = 1'795'256'100'000'000;
constexpr unsigned kSeeds = support::kSanitized ? 40 : 300;

struct Copied {
  std::string bytes;
  std::vector<store::TimeEntry> times;
};

Copied copied(const query::Origin& origin, const query::Query& query) {
  query::Problems problems;
  auto cut = query::Cut::find(origin, query, problems);
  REQUIRE(cut);
  CHECK(problems.empty());
  Copied copy;
  REQUIRE(cut->copy([&](std::string_view bytes) {
    copy.bytes.append(bytes);
    return base::Status();
  }));
  CHECK(copy.bytes.size() == cut->size());
  copy.times = cut->times();
  return copy;
}

std::string segment_path(const LogDir& dir, uint64_t sequence, bool raw) {
  store::Segment segment;
  segment.sequence = sequence;
  segment.first = {kStart};
  segment.raw = raw;
  const std::string archive = store::archive_dir(dir.path(), "api");
  REQUIRE(base::fs::make_dirs(archive));
  return base::fs::join("archive/api", store::segment_name(segment));
}

struct Written {
  int64_t us = 0;
  std::string bytes;  // as it lies on disk
};

// Lines in segments and a live file, small ones and such as span buffers, a
// few out of order; the last may not have ended.
std::vector<Written> write_log(const LogDir& dir, bool raw,
                               std::mt19937& random) {
  std::vector<Written> lines;
  int64_t us = kStart;
  const uint64_t files = 1 + random() % 4;
  for (uint64_t file = 1; file <= files; ++file) {
    const bool is_live = file == files;
    const std::string name = is_live ? LogDir::name("api", store::Stream::Out,
                                                    0, raw ? "none" : "prefix")
                                     : segment_path(dir, file, raw);
    for (size_t i = random() % 60; i > 0; --i) {
      us += static_cast<int64_t>(random() % 3) * 400'000;
      const int64_t stamp = !raw && random() % 20 == 0 ? us - 300'000 : us;
      std::string text(random() % 40, 'x');
      if (random() % 30 == 0) text.resize(70'000, 'y');
      for (auto& c : text)
        if (random() % 3 == 0) c = static_cast<char>('a' + random() % 26);
      if (!raw) text.insert(0, base::format_stamp({stamp}) + " ");
      if (!is_live || i > 1 || random() % 2 == 0) text += '\n';
      if (text.empty()) continue;
      if (raw)
        dir.append_at(name, stamp, text);
      else
        dir.append(name, text);
      lines.push_back({stamp, text});
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("what is cut out is what a plain look at every line takes") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const bool raw = seed % 3 == 0;
    LogDir dir;
    dir.add_app("api", 1, raw ? "none" : "prefix");
    const auto lines = write_log(dir, raw, random);
    query::Query query;
    query.error = query.events = false;
    const auto plan = dir.plan(query);
    REQUIRE(plan.origins.size() == 1);
    for (int round = 0; round < 6; ++round) {
      const auto moment = [&] {
        return base::Timestamp{kStart + static_cast<int64_t>(random() % 100) *
                                            1'000'000};
      };
      query.since.reset();
      query.until.reset();
      if (random() % 4 != 0) query.since = moment();
      if (random() % 4 != 0) query.until = moment();
      std::string expected;
      std::vector<int64_t> expected_times;
      for (const auto& line : lines) {
        if (query.since && line.us < query.since->us) continue;
        if (query.until && line.us >= query.until->us) continue;
        expected += line.bytes;
        expected_times.push_back(line.us);
      }
      const auto copy = copied(plan.origins[0], query);
      CHECK(copy.bytes == expected);
      if (!raw) {
        CHECK(copy.times.empty());
        continue;
      }
      // Each line's time, by the entries.
      std::vector<int64_t> times;
      size_t entry = 0;
      for (size_t at = 0; at < copy.bytes.size();) {
        while (entry + 1 < copy.times.size() &&
               copy.times[entry + 1].offset <= at)
          ++entry;
        times.push_back(copy.times[entry].time.us);
        const auto end = copy.bytes.find('\n', at);
        at = end == copy.bytes.npos ? end : end + 1;
        if (at == copy.bytes.npos) break;
      }
      CHECK(times == expected_times);
      for (size_t i = 1; i < copy.times.size(); ++i)
        CHECK(copy.times[i - 1].offset < copy.times[i].offset);
    }
  }
}

TEST_CASE("a line that never ended is ended where others are put behind it") {
  LogDir dir;
  dir.add_app("api", 1);
  const std::string stamp = base::format_stamp({kStart}) + " ";
  dir.append(segment_path(dir, 1, false), stamp + "one");
  dir.append("api-out.log", stamp + "two\n" + stamp + "three");
  query::Query query;
  query.error = query.events = false;
  CHECK(copied(dir.plan(query).origins[0], query).bytes ==
        stamp + "one\n" + stamp + "two\n" + stamp + "three");
}

TEST_CASE("a log that is not there has no lines, and is no problem") {
  LogDir dir;
  dir.add_app("api", 1);
  query::Query query;
  query.error = query.events = false;
  CHECK(copied(dir.plan(query).origins[0], query).bytes.empty());
}

TEST_CASE("a file that was emptied between look and copy is an error") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", base::format_stamp({kStart}) + " one\n");
  query::Query query;
  query.error = query.events = false;
  query::Problems problems;
  auto cut = query::Cut::find(dir.plan(query).origins[0], query, problems);
  REQUIRE(cut);
  auto fd = base::fs::open(dir.file("api-out.log"), O_WRONLY);
  REQUIRE((fd && base::fs::truncate(fd->get(), 0, "log")));
  auto copy = cut->copy([](std::string_view) { return base::Status(); });
  CHECK_FALSE(copy);
}
