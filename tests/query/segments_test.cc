#include <dirent.h>
#include <doctest/doctest.h>

#include <random>

#include "query/gaps.h"
#include "query/last_lines.h"
#include "query/log_dir.h"
#include "query/raw_printer.h"
#include "query/reading.h"
#include "support/sanitized.h"

namespace {

using query::Query;
using query_test::Collector;
using query_test::LogDir;
using query_test::Shown;
using Texts = std::vector<std::string>;

constexpr int64_t kStart = 1'795'256'100'000'000;
constexpr unsigned kSeeds = support::kSanitized ? 15 : 60;

std::string stamped(int64_t us, std::string_view text) {
  return base::format_stamp({us}) + " " + std::string(text);
}

store::SegmentOwner owner_of(const std::string& app, store::Stream stream,
                             int instance = 0) {
  return {app,
          stream == store::Stream::Out ? store::SegmentKind::Out
                                       : store::SegmentKind::Error,
          instance};
}

// Writes `bytes` as a segment.
void add_segment(const LogDir& dir, const store::SegmentOwner& owner,
                 uint64_t sequence, int64_t first_us, std::string_view bytes) {
  store::Segment segment;
  segment.kind = owner.kind;
  segment.instance = owner.instance;
  segment.sequence = sequence;
  segment.first = {first_us};
  const std::string archive = store::archive_dir(dir.path(), owner.app);
  REQUIRE(base::fs::make_dirs(archive));
  // Not create_file: thousands of fsyncs would take a minute.
  auto fd =
      base::fs::open(base::fs::join(archive, store::segment_name(segment)),
                     O_WRONLY | O_CREAT | O_EXCL);
  REQUIRE(fd);
  REQUIRE(base::fs::write_all(fd->get(), bytes, "segment"));
}

// The same lines twice: whole, and cut into segments at random line ends.
class Twins {
 public:
  explicit Twins(unsigned seed) : random_(seed) {
    for (auto* dir : {&whole, &cut}) {
      dir->add_app("api", 2);
      dir->add_app("web", 1);
    }
    for (const auto stream : {store::Stream::Out, store::Stream::Error}) {
      fill("api", stream, 0);
      fill("api", stream, 1);
      fill("web", stream, 0);
    }
  }
  int number(int from, int to) {
    return std::uniform_int_distribution<int>(from, to)(random_);
  }
  LogDir whole;
  LogDir cut;

 private:
  std::string text() {
    const int size = number(0, 40) > 0 ? number(0, 60) : number(3000, 90'000);
    std::string bytes(static_cast<size_t>(size), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(number(0, 255));
      if (c == '\n') c = 'n';
    }
    return bytes;
  }
  void fill(const std::string& app, store::Stream stream, int instance) {
    const std::string name = store::live_name(app, stream, instance);
    std::string all;
    struct File {
      int64_t first = 0;
      std::string bytes;
    };
    std::vector<File> files(1);
    int64_t time = kStart + number(0, 1000);
    const int lines = number(0, 5) == 0 ? 0 : number(1, 200);
    const int cuts = number(1, 60);
    for (int i = 0; i < lines; ++i) {
      if (number(0, 2) > 0) time += number(1, 300'000);
      std::string line =
          number(0, 6) == 0 ? "foreign " + text() : stamped(time, text());
      line += '\n';
      if (i > 0 && number(0, cuts) == 0) files.emplace_back();
      if (files.back().bytes.empty()) files.back().first = time;
      files.back().bytes += line;
      all += line;
    }
    if (number(0, 2) == 0) {
      const std::string open = stamped(time + 7, "prompt> ");
      files.back().bytes += open;
      all += open;
    } else if (number(0, 2) == 0) {
      files.emplace_back();  // sealed, and nothing written since
    }
    if (lines == 0 && all.empty()) return;
    whole.append(name, all);
    const auto owner = owner_of(app, stream, instance);
    // Numbers count, not the order in which the files were made.
    std::vector<size_t> order(files.size() - 1);
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, random_);
    const auto base = static_cast<uint64_t>(number(1, 300));
    for (const size_t i : order)
      add_segment(cut, owner, base + i, files[i].first, files[i].bytes);
    if (!files.back().bytes.empty() || number(0, 1) == 0)
      cut.append(name, files.back().bytes);
  }

  std::mt19937 random_;
};

std::vector<Shown> read(const LogDir& dir, const Query& query) {
  query::Reading reading(query, dir.plan(query), false);
  Collector collector;
  reading.replay(collector);
  CHECK(reading.problems().empty());
  return std::move(collector.shown);
}

void check_same(const std::vector<Shown>& shown,
                const std::vector<Shown>& wanted) {
  const auto [a, b] = std::ranges::mismatch(shown, wanted);
  CAPTURE(a - shown.begin());
  if (a != shown.end() && b != wanted.end()) {
    CHECK(a->label == b->label);
    CHECK(a->kind == b->kind);
    CHECK((a->time == b->time));
    CHECK(a->text.substr(0, 80) == b->text.substr(0, 80));
    CHECK(a->ended == b->ended);
    REQUIRE((*a == *b));
  }
  REQUIRE(shown.size() == wanted.size());
}

std::string raw(const LogDir& dir, Query query) {
  const std::string path = dir.file("raw");
  auto fd = base::fs::open(path, O_RDWR | O_CREAT | O_TRUNC);
  query::Output output(fd->get());
  const auto plan = dir.plan(query);
  query::Reading reading(query, plan, false);
  query::RawPrinter printer(
      output, query::find_line_endings(plan.origins, reading.problems()));
  reading.replay(printer);
  return query_test::read_whole(path);
}

size_t open_descriptors() {
  return base::fs::list_dir("/proc/self/fd")->size();
}

}  // namespace

TEST_CASE("cut into segments, logs show what they showed as one file") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    Twins logs(seed);
    Query query;
    query.events = false;
    check_same(read(logs.cut, query),
               query_test::naive_query(logs.whole.plan(query), query));
    for (int i = 0; i < 12; ++i) {
      query = {};
      query.events = false;
      if (logs.number(0, 2) > 0)
        query.last = static_cast<uint64_t>(logs.number(0, 300));
      if (logs.number(0, 1) > 0)
        query.since = {{kStart + logs.number(0, 30'000'000)}};
      if (logs.number(0, 1) > 0)
        query.until = {{kStart + logs.number(0, 30'000'000)}};
      if (logs.number(0, 3) == 0) query.error = false;
      if (logs.number(0, 3) == 0) query.targets = {"app:api/1"};
      CAPTURE(query.last.value_or(12345));
      CAPTURE(query.since.value_or(base::Timestamp{}).us - kStart);
      CAPTURE(query.until.value_or(base::Timestamp{}).us - kStart);
      check_same(read(logs.cut, query),
                 query_test::naive_query(logs.whole.plan(query), query));
    }
    query = {};
    query.targets = {"app:api/0"};
    query.error = false;
    CHECK(raw(logs.cut, query) == raw(logs.whole, query));
  }
}

TEST_CASE(
    "the newline that ended a child's last line is left out in segments") {
  for (const bool sealed : {false, true}) {
    LogDir dir;
    dir.add_app("api", 1);
    const std::string lines =
        stamped(kStart, "whole\n") + stamped(kStart + 9, "no newline\n");
    if (sealed)
      add_segment(dir, owner_of("api", store::Stream::Out), 1, kStart, lines);
    else
      dir.append("api-out.log", lines);
    store::Event event;
    event.kind = store::EventKind::LineEnded;
    event.time = {kStart + 20};
    event.app = "api";
    event.instance = 0;
    event.stream = store::Stream::Out;
    event.line = base::Timestamp{kStart + 9};
    dir.append("api-events.log", store::format_event(event) + "\n");
    dir.append("api-out.log", stamped(kStart + 30, "next\n"));
    CHECK(raw(dir, {}) == "whole\nno newlinenext\n");
  }
}

TEST_CASE("a clock that was set back hides no segment from a time range") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto out = owner_of("api", store::Stream::Out);
  constexpr int64_t kHour = 3'600'000'000;
  add_segment(dir, out, 1, kStart,
              stamped(kStart, "a\n") + stamped(kStart + 2 * kHour, "late\n"));
  add_segment(dir, out, 2, kStart + 1, stamped(kStart + kHour, "b\n"));
  add_segment(dir, out, 3, kStart + kHour + 2, stamped(kStart + kHour, "c\n"));
  Query query;
  query.since = base::Timestamp{kStart + 2 * kHour};
  auto shown = read(dir, query);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].text == "late");
  query.last = 5;
  CHECK(read(dir, query).size() == 1);
}

TEST_CASE("a thousand segments are not a thousand descriptors") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto out = owner_of("api", store::Stream::Out);
  for (int i = 1; i <= 1000; ++i)
    add_segment(dir, out, static_cast<uint64_t>(i), kStart + i,
                stamped(kStart + i, std::to_string(i) + "\n"));
  Query query;
  query.events = false;
  SUBCASE("all") {}
  SUBCASE("the last ones") {
    query.last = 900;
  }
  SUBCASE("of a time") {
    query.since = base::Timestamp{kStart + 100};
  }
  class Counter final : public query::Printer {
   public:
    void piece(const query::Origin&, const store::Piece&) override {
      ++lines;
      most = std::max(most, open_descriptors());
    }
    bool event(const query::Origin&, const store::Event&) override {
      return false;
    }
    void settle() override {}
    bool wants_more() const override { return true; }
    size_t lines = 0;
    size_t most = 0;
  };
  const size_t before = open_descriptors();
  query::Reading reading(query, dir.plan(query), false);
  Counter counter;
  reading.replay(counter);
  CHECK(counter.lines >= 900);
  CHECK(counter.most <= before + 3);
}

TEST_CASE("one segment that can't be read costs its own lines alone") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto out = owner_of("api", store::Stream::Out);
  add_segment(dir, out, 1, kStart, stamped(kStart, "one\n"));
  add_segment(dir, out, 3, kStart + 2, stamped(kStart + 2, "three\n"));
  const auto archive = store::archive_dir(dir.path(), "api");
  REQUIRE(base::fs::make_dir(
      base::fs::join(archive, "out.0000000002.20261121T101502Z.log")));
  dir.append("api-out.log", stamped(kStart + 3, "four\n"));
  Query query;
  query::Reading reading(query, dir.plan(query), false);
  Collector collector;
  reading.replay(collector);
  CHECK(reading.problems().size() == 1);
  REQUIRE(collector.shown.size() == 3);
  CHECK(collector.shown[1].text == "three");
  CHECK(collector.shown[2].text == "four");
}

TEST_CASE("segments of an app whose live file is gone are still read") {
  LogDir dir;
  dir.add_app("api", 1);
  add_segment(dir, owner_of("api", store::Stream::Error), 7, kStart,
              stamped(kStart, "last words\n"));
  const auto lines = query::last_lines(dir.path(), "api", 0, {kStart - 5}, 3);
  REQUIRE(lines);
  REQUIRE(lines->size() == 1);
  CHECK(lines->front().text == "last words");
}

TEST_CASE("a flush between segments is a gap within the range") {
  LogDir dir;
  dir.add_app("api", 1);
  constexpr int64_t kMinute = 60'000'000;
  const auto out = owner_of("api", store::Stream::Out);
  add_segment(dir, out, 1, kStart, stamped(kStart, "old\n"));
  add_segment(dir, out, 2, kStart + 3 * kMinute,
              stamped(kStart + 3 * kMinute, "sealed since\n"));
  dir.append("api-out.log", stamped(kStart + 4 * kMinute, "live\n"));
  store::Event event;
  event.time = {kStart + 2 * kMinute};
  event.kind = store::EventKind::Flush;
  event.app = "api";
  dir.append("api-events.log", store::format_event(event) + "\n");
  query::Problems problems;
  const auto found = query::find_gaps(dir.plan({}).origins,
                                      {{kStart + kMinute}, {}}, problems);
  CHECK(problems.empty());
  REQUIRE(found.size() == 1);
  CHECK(found[0].begin == base::Timestamp{kStart + 3 * kMinute});
  CHECK(found[0].kept == base::Timestamp{kStart});
}

TEST_CASE("a file that was written through a flush has no gap") {
  LogDir dir;
  dir.add_app("api", 1);
  add_segment(dir, owner_of("api", store::Stream::Out), 1, kStart,
              stamped(kStart, "a\n") + stamped(kStart + 90, "b\n"));
  dir.append("api-out.log", stamped(kStart + 100, "live\n"));
  store::Event event;
  event.time = {kStart + 50};
  event.kind = store::EventKind::Flush;
  event.app = "api";
  dir.append("api-events.log", store::format_event(event) + "\n");
  query::Problems problems;
  CHECK(query::find_gaps(dir.plan({}).origins, {{kStart + 10}, {}}, problems)
            .empty());
}
