#include "query/gaps.h"

#include <doctest/doctest.h>

#include "query/log_dir.h"
#include "query/losses.h"
#include "query/reading.h"
#include "store/archive_log.h"
#include "store/archive_writer.h"
#include "store/line.h"

namespace {

using query_test::LogDir;

constexpr int64_t kStart = 1'795'256'100'000'000;  // 2026-11-21T10:15:00Z

std::string stamped(int64_t us, std::string_view text) {
  return base::format_stamp({kStart + us}) + " " + std::string(text);
}

void flush_event(const LogDir& dir, const std::string& app, int64_t us) {
  store::Event event;
  event.time = {kStart + us};
  event.kind = store::EventKind::Flush;
  event.app = app;
  event.bytes = 1;
  dir.append(app + "-events.log", store::format_event(event) + "\n");
}

store::Event event(store::EventKind kind, int64_t us,
                   std::string_view reason = {}) {
  store::Event event;
  event.time = {kStart + us};
  event.kind = kind;
  event.app = "api";
  event.reason = reason;
  return event;
}

store::Event drop(int64_t first, int64_t last, std::string_view reason,
                  store::Stream stream = store::Stream::Out) {
  auto told = event(store::EventKind::Drop, last, reason);
  told.first = {kStart + first};
  told.last = {kStart + last};
  told.lines = 10;
  told.stream = stream;
  return told;
}

void tell(const LogDir& dir, const store::Event& event) {
  dir.append("api-events.log", store::format_event(event) + "\n");
}

std::string segment_file(const LogDir& dir, uint64_t sequence, int64_t us) {
  store::Segment segment;
  segment.sequence = sequence;
  segment.first = {kStart + us};
  return base::fs::join(store::archive_dir(dir.path(), "api"),
                        store::segment_name(segment));
}

// Sealed and deleted again.
void removed(const LogDir& dir, uint64_t sequence, int64_t first, int64_t seal,
             int64_t remove, std::string_view reason) {
  auto told = event(store::EventKind::Seal, seal);
  told.file = segment_file(dir, sequence, first);
  tell(dir, told);
  told = event(store::EventKind::Remove, remove, reason);
  told.file = store::archive_path(segment_file(dir, sequence, first));
  tell(dir, told);
}

constexpr int64_t kSecond = 1'000'000;
constexpr int kArchived = 60;  // lines, a second from each other

// An archive of frames of some ten lines. Answers its path.
std::string archive_lines(const LogDir& dir) {
  std::string lines;
  for (int i = 0; i < kArchived; ++i)
    lines += stamped(i * kSecond, "request " + std::to_string(i)) + "\n";
  const auto segment = segment_file(dir, 1, 0);
  REQUIRE(base::fs::make_dirs(store::archive_dir(dir.path(), "api")));
  auto from = base::fs::open(segment, O_RDWR | O_CREAT | O_EXCL);
  REQUIRE(from);
  REQUIRE(base::fs::write_all(from->get(), lines, segment));
  const auto path = store::archive_path(segment);
  auto to = base::fs::open(path, O_RDWR | O_CREAT | O_EXCL);
  REQUIRE(to);
  store::ArchiveOptions options;
  options.frame_size = 400;
  REQUIRE(store::write_archive(from->get(), segment, true, {}, *to, path,
                               options, {}));
  REQUIRE(base::fs::unlink(segment));
  return path;
}

void flip(const std::string& path, uint64_t at) {
  auto fd = base::fs::open(path, O_RDWR);
  REQUIRE(fd);
  char byte = 0;
  REQUIRE(base::fs::pread(fd->get(), {&byte, 1}, at, path));
  byte = static_cast<char>(byte ^ 1);
  REQUIRE(::pwrite(fd->get(), &byte, 1, static_cast<off_t>(at)) == 1);
}

std::vector<store::ArchiveFrame> frames_of(const std::string& path) {
  const auto archive = store::open_archive(path);
  REQUIRE(archive);
  return archive->frames();
}

// What a reading says is missing, and whether it has problems, too.
std::vector<query::Gap> damage(const LogDir& dir, query::Query query,
                               bool search) {
  query.events = false;
  query::Reading reading(query, dir.plan(query), false);
  query_test::Collector lines;
  if (search) {
    const auto filter = query::LineFilter::compile(query.lines);
    REQUIRE(filter);
    reading.search(lines, *filter);
  } else {
    reading.replay(lines);
  }
  auto found = query::damage_gaps(reading.sources());
  CHECK(found.empty() == reading.problems().empty());
  return found;
}

std::vector<query::Gap> gaps(const LogDir& dir, int64_t since) {
  query::Problems problems;
  auto found =
      query::find_gaps(dir.plan({}).origins, {{kStart + since}, {}}, problems);
  CHECK(problems.empty());
  return found;
}

}  // namespace

TEST_CASE("a range that begins before the last flush has a gap") {
  LogDir dir;
  dir.add_app("api", 2);
  dir.add_app("web", 1);
  flush_event(dir, "api", 50);
  flush_event(dir, "api", 60);
  dir.append("api-out-1.log", stamped(90, "later\n"));
  dir.append("api-error.log", stamped(80, "first\n"));
  dir.append("web-out.log", stamped(85, "young, but whole\n"));
  const auto found = gaps(dir, 10);
  REQUIRE(found.size() == 1);
  CHECK(found[0].app == "api");
  CHECK(found[0].begin == base::Timestamp{kStart + 80});
  CHECK(found[0].when == base::Timestamp{kStart + 60});
  CHECK(gaps(dir, 70).empty());  // nothing of this range was flushed
}

TEST_CASE(
    "what was flushed and wrote nothing since has a gap without a begin") {
  LogDir dir;
  dir.add_app("api", 1);
  flush_event(dir, "api", 50);
  const auto found = gaps(dir, 10);
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].begin);
}

TEST_CASE("lines older than the range are no gap, whatever was flushed") {
  LogDir dir;
  dir.add_app("api", 1);
  flush_event(dir, "api", 50);
  dir.append("api-out.log", stamped(1, "kept\n"));
  CHECK(gaps(dir, 10).empty());
}

TEST_CASE("a range that begins before the oldest file that is left is cut") {
  LogDir dir;
  dir.add_app("api", 1);
  removed(dir, 1, 0, 10 * kSecond, 60 * kSecond, "older than 7 d");
  removed(dir, 2, 10 * kSecond, 20 * kSecond, 70 * kSecond, "older than 8 d");
  dir.append("api-out.log", stamped(20 * kSecond, "oldest\n"));
  auto found = gaps(dir, 5 * kSecond);
  REQUIRE(found.size() == 1);
  CHECK(query::gap_reason(found[0]) == "retention");
  CHECK(found[0].words == "older than 8 d");
  CHECK(found[0].begin == base::Timestamp{kStart + 20 * kSecond});
  CHECK(found[0].when == base::Timestamp{kStart + 70 * kSecond});
  // What was deleted is older than the range: the app wrote nothing.
  dir.flush("api-out.log");
  CHECK(gaps(dir, 21 * kSecond).empty());
  CHECK(gaps(dir, 15 * kSecond).size() == 1);
  dir.append("api-out.log", stamped(14 * kSecond, "older\n"));
  CHECK(gaps(dir, 15 * kSecond).empty());
}

TEST_CASE(
    "a deleted file behind one that is left doesn't move where logs begin") {
  LogDir dir;
  dir.add_app("api", 1);
  removed(dir, 3, 10 * kSecond, 20 * kSecond, 70 * kSecond, "pruned");
  REQUIRE(base::fs::make_dirs(store::archive_dir(dir.path(), "api")));
  const auto fd =
      base::fs::open(segment_file(dir, 2, 8 * kSecond), O_WRONLY | O_CREAT);
  REQUIRE(fd);
  REQUIRE(base::fs::write_all(fd->get(), stamped(8 * kSecond, "old\n"), "old"));
  CHECK(gaps(dir, 0).empty());
  removed(dir, 1, 0, 8 * kSecond, 71 * kSecond, "pruned");
  const auto found = gaps(dir, 0);
  REQUIRE(found.size() == 1);
  CHECK(query::gap_reason(found[0]) == "pruned");
  CHECK(found[0].begin == base::Timestamp{kStart + 8 * kSecond});
}

TEST_CASE("what was pruned is known by what was sealed and is not there") {
  LogDir dir;
  dir.add_app("api", 1);
  auto told = event(store::EventKind::Seal, 20 * kSecond);
  told.file = segment_file(dir, 1, 0);
  tell(dir, told);
  dir.append("api-out.log", stamped(20 * kSecond, "oldest\n"));
  CHECK(gaps(dir, 0).empty());  // nobody says that it was deleted
  tell(dir, event(store::EventKind::Flush, 30 * kSecond, "pruned"));
  const auto found = gaps(dir, 0);
  REQUIRE(found.size() == 1);
  CHECK(query::gap_reason(found[0]) == "pruned");
  CHECK(found[0].begin == base::Timestamp{kStart + 20 * kSecond});
  CHECK(found[0].when == base::Timestamp{kStart + 30 * kSecond});
  CHECK(gaps(dir, 25 * kSecond).empty());
}

TEST_CASE("a flush hides none that was before it") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto seal = [&](uint64_t sequence, int64_t first, int64_t end) {
    auto told = event(store::EventKind::Seal, end);
    told.file = segment_file(dir, sequence, first);
    tell(dir, told);
    return told.file;
  };
  seal(1, 0, 10 * kSecond);
  const auto kept = seal(2, 10 * kSecond, 20 * kSecond);
  REQUIRE(base::fs::make_dirs(store::archive_dir(dir.path(), "api")));
  REQUIRE(base::fs::replace_file(kept, stamped(10 * kSecond, "kept\n")));
  // The first segment, then the live file.
  flush_event(dir, "api", 30 * kSecond);
  flush_event(dir, "api", 40 * kSecond);
  for (const bool goes_on : {false, true}) {
    CAPTURE(goes_on);
    if (goes_on) dir.append("api-out.log", stamped(50 * kSecond, "later\n"));
    const auto found = gaps(dir, 5 * kSecond);
    REQUIRE(found.size() == 2);
    CHECK(query::gap_reason(found[0]) == "flushed");
    CHECK_FALSE(found[0].kept);
    CHECK(found[0].begin == base::Timestamp{kStart + 10 * kSecond});
    CHECK(found[0].when == base::Timestamp{kStart + 30 * kSecond});
    CHECK(query::gap_reason(found[1]) == "flushed");
    CHECK(found[1].kept == base::Timestamp{kStart + 10 * kSecond});
    CHECK(found[1].when == base::Timestamp{kStart + 40 * kSecond});
  }
}

TEST_CASE("each flush of a live file is a gap, those in a row are one") {
  LogDir dir;
  dir.add_app("api", 1);
  REQUIRE(base::fs::make_dirs(store::archive_dir(dir.path(), "api")));
  const auto segment = [&](uint64_t sequence, int64_t us) {
    REQUIRE(base::fs::replace_file(segment_file(dir, sequence, us),
                                   stamped(us, "kept\n")));
  };
  segment(1, 0);
  flush_event(dir, "api", 10 * kSecond);
  flush_event(dir, "api", 11 * kSecond);
  segment(2, 20 * kSecond);
  flush_event(dir, "api", 30 * kSecond);
  dir.append("api-out.log", stamped(40 * kSecond, "now\n"));
  const auto found = gaps(dir, -1);
  REQUIRE(found.size() == 2);
  CHECK(found[0].kept == base::Timestamp{kStart});
  CHECK(found[0].begin == base::Timestamp{kStart + 20 * kSecond});
  CHECK(found[0].when == base::Timestamp{kStart + 11 * kSecond});
  CHECK(found[1].kept == base::Timestamp{kStart + 20 * kSecond});
  CHECK(found[1].begin == base::Timestamp{kStart + 40 * kSecond});
}

TEST_CASE("drops in a row are one gap, within the range alone") {
  LogDir dir;
  dir.add_app("api", 1);
  tell(dir, drop(0, 1 * kSecond, "overflow"));
  tell(dir, drop(100 * kSecond, 110 * kSecond, "disk_full"));
  tell(dir, drop(120 * kSecond, 130 * kSecond, "disk_full"));
  tell(dir, drop(121 * kSecond, 122 * kSecond, "rate"));
  tell(dir,
       event(store::EventKind::Lost, 140 * kSecond, "a read was cut short"));
  const auto found = gaps(dir, 2 * kSecond);
  REQUIRE(found.size() == 3);
  CHECK(query::gap_reason(found[0]) == "disk_full");
  CHECK(found[0].lines == 20);
  CHECK(found[0].kept == base::Timestamp{kStart + 100 * kSecond});
  CHECK(found[0].begin == base::Timestamp{kStart + 130 * kSecond});
  CHECK(query::gap_reason(found[1]) == "rate");
  CHECK(query::gap_reason(found[2]) == "lost");
  CHECK(gaps(dir, 0).size() == 4);
  query::Problems problems;
  CHECK(query::find_gaps(
            dir.plan({}).origins,
            {{kStart + 2 * kSecond}, base::Timestamp{kStart + 50 * kSecond}},
            problems)
            .empty());
  query::Query errors;
  errors.out = false;
  CHECK(query::find_gaps(dir.plan(errors).origins, {{kStart + 2 * kSecond}, {}},
                         problems)
            .size() == 1);  // the streams' drops are another's
}

TEST_CASE("however often lines are dropped, a few gaps hold them all") {
  query::Losses losses({{kStart}, {}});
  for (int64_t i = 0; i < 500; ++i)
    losses.add(drop(i * 600 * kSecond, (i * 600 + 1) * kSecond,
                    i % 2 == 0 ? "rate" : "overflow"));
  const auto found = losses.of("api");
  CHECK(found.size() == 6);
  uint64_t lines = 0;
  for (const auto& gap : found) lines += gap.lines;
  CHECK(lines == 5000);
  CHECK(losses.of("apj").empty());
}

TEST_CASE("a damaged frame is a gap, however it is come to") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto path = archive_lines(dir);
  const auto frames = frames_of(path);
  REQUIRE(frames.size() > 4);
  query::Query all;
  query::Query search;
  search.lines.text.any = {"request"};
  query::Query last;
  last.last = kArchived - 20;
  query::Query last_found = search;
  last_found.last = kArchived - 20;
  query::Query backward = search;
  backward.reverse = true;
  const auto in_all_ways = [&](const auto& check) {
    check(damage(dir, all, false));
    check(damage(dir, last, false));
    check(damage(dir, search, true));
    check(damage(dir, backward, true));
    check(damage(dir, last_found, true));
  };
  in_all_ways([](const auto& found) { CHECK(found.empty()); });
  const auto& bad = frames[3];
  flip(path, bad.offset + bad.stored / 2);
  in_all_ways([&](const auto& found) {
    REQUIRE(found.size() == 1);
    CHECK(query::gap_reason(found[0]) == "damaged");
    CHECK(found[0].app == "api");
    CHECK(found[0].kept == bad.first);
    CHECK(found[0].begin == bad.last);
    CHECK(found[0].lines == bad.lines);
    CHECK(found[0].words == path);
  });
  // Of other lines nothing is missing.
  query::Query after;
  after.since = frames[4].last;
  CHECK(damage(dir, after, false).empty());
  after.lines = search.lines;
  CHECK(damage(dir, after, true).empty());
}

TEST_CASE("damaged frames in a row are one gap, others are not") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto path = archive_lines(dir);
  const auto frames = frames_of(path);
  REQUIRE(frames.size() > 4);
  for (const size_t i : {0, 1, 3})
    flip(path, frames[i].offset + frames[i].stored / 2);
  const auto found = damage(dir, {}, false);
  REQUIRE(found.size() == 2);
  CHECK(found[0].kept == frames[0].first);
  CHECK(found[0].begin == frames[1].last);
  CHECK(found[0].lines == frames[0].lines + frames[1].lines);
  CHECK(found[1].lines == frames[3].lines);
}

TEST_CASE("what no index tells of damage is unknown") {
  LogDir dir;
  dir.add_app("api", 1);
  const auto path = archive_lines(dir);
  const auto frames = frames_of(path);
  const auto bytes = query_test::read_whole(path);
  // Cut off in its third frame: no index, no seek table.
  REQUIRE(base::fs::replace_file(
      path, std::string_view(bytes).substr(
                0, frames[2].offset + frames[2].stored / 2)));
  query::Query search;
  search.lines.text.any = {"request"};
  for (const auto& found :
       {damage(dir, {}, false), damage(dir, search, true)}) {
    REQUIRE(found.size() == 1);
    CHECK(!found[0].kept);
    CHECK(!found[0].begin);
    CHECK(found[0].lines == 0);
  }
}
