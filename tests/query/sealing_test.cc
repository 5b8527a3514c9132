// Following and reading while the directory changes: seals between any two
// looks.

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "query/following.h"
#include "store/epoch.h"
#include "store/live_file.h"
#include "support/sanitized.h"

namespace {

using query_test::Collector;
using query_test::Following;
using query_test::LogDir;
using Texts = std::vector<std::string>;

constexpr int64_t kStart = 1'795'256'100'000'000;

// The writer of one live file, as capture is.
class Writer {
 public:
  Writer(const LogDir& dir, store::SegmentOwner owner, const std::string& name)
      : owner_(std::move(owner)),
        file_(*store::LiveFile::open(dir.file(name))) {}

  void write(int64_t us, std::string_view text) {
    if (file_.size() == 0) first_ = {kStart + us};
    put(base::format_stamp({kStart + us}) + " " + std::string(text) + "\n");
  }
  void put(std::string_view bytes) { CHECK(file_.write_some(bytes)); }
  void rename() {
    const auto path = store::next_segment_path(file_.path(), owner_, first_);
    REQUIRE(path);
    REQUIRE(file_.rename_to(*path));
  }
  void reopen() { REQUIRE(file_.reopen()); }
  void seal() {
    rename();
    reopen();
  }
  void flush() { REQUIRE(file_.replace()); }
  uint64_t size() const { return file_.size(); }

 private:
  store::SegmentOwner owner_;
  store::LiveFile file_;
  base::Timestamp first_;
};

Writer out_of(const LogDir& dir, const std::string& app = "api") {
  return {dir,
          {app, store::SegmentKind::Out, 0},
          store::live_name(app, store::Stream::Out, 0)};
}

}  // namespace

TEST_CASE("a file that is sealed while it is followed is finished, then left") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.write(1, "one");
  Following follow(dir);
  writer.write(2, "two");
  writer.seal();
  writer.write(3, "three");
  follow.wait_for(3);
  writer.write(4, "four");
  writer.seal();
  follow.wait_for(4);
  writer.write(5, "five");
  follow.wait_for(5);
  CHECK(follow.texts() == Texts{"one", "two", "three", "four", "five"});
}

TEST_CASE("lines have the places that they have afterwards, behind seals too") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.write(1, "one");
  Following follow(dir);
  writer.write(2, "two");
  for (int us = 3; us < 6; ++us) {
    writer.seal();
    writer.write(us, "one of a segment");
  }
  follow.wait_for(5);
  SUBCASE("with a live file") {}
  SUBCASE("without") {
    writer.write(6, "six");
    writer.rename();
    follow.wait_for(6);
    writer.reopen();
    writer.write(7, "seven");
    writer.seal();
    writer.write(8, "eight");
    follow.wait_for(8);
  }
  CHECK(follow.cursors() == query_test::cursors_of(dir));
}

TEST_CASE("segments that came and went between two looks are followed") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  Texts wanted;
  const auto write = [&] {
    wanted.push_back(std::to_string(wanted.size()));
    writer.write(static_cast<int64_t>(wanted.size()), wanted.back());
  };
  SUBCASE("from a file") {
    write();
    writer.seal();
    write();
  }
  SUBCASE("from an empty file") {}
  SUBCASE("from no file") {
    write();
    writer.rename();
  }
  Following follow(dir);
  if (!wanted.empty()) {
    follow.wait_for(wanted.size());
    CHECK(follow.texts() == wanted);
  }
  SUBCASE("ending with a file") {
    writer.reopen();
    for (int i = 0; i < 20; ++i) {
      write();
      write();
      writer.seal();
    }
    write();
  }
  SUBCASE("ending with no file") {
    writer.reopen();
    for (int i = 0; i < 5; ++i) {
      writer.reopen();
      write();
      writer.rename();
    }
  }
  follow.wait_for(wanted.size());
  CHECK(follow.texts() == wanted);
  writer.reopen();
  write();
  follow.wait_for(wanted.size());
  CHECK(follow.texts() == wanted);
}

TEST_CASE("flush and seal in any order are followed") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.write(1, "one");
  Following follow(dir);
  writer.write(2, "two");
  SUBCASE("flush, then seal") {
    writer.flush();
    writer.write(3, "three");
    writer.seal();
  }
  SUBCASE("seal, then flush of an empty file") {
    writer.seal();
    writer.flush();
    writer.write(3, "three");
  }
  writer.write(4, "four");
  follow.wait_for(4);
  CHECK(follow.texts() == Texts{"one", "two", "three", "four"});
}

TEST_CASE("who deletes lines waits until a follower has their file open") {
  LogDir dir;
  REQUIRE(store::make_epoch(dir.path()));
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.write(1, "one");
  Following follow(dir);
  follow.wait_until_idle();
  // The follower gets no turn.
  writer.seal();
  writer.write(2, "two");
  writer.flush();
  writer.write(3, "three");
  auto begun = store::GracePeriod::begin(dir.path());
  REQUIRE(begun);
  auto& period = *begun;
  REQUIRE(period);
  CHECK_FALSE(period->is_over());
  follow.wait_until([&] { return period->is_over(); });
  writer.flush();
  writer.write(4, "four");
  follow.wait_for(3);
  // Nobody waited for it at the first flush.
  CHECK(follow.texts() == Texts{"one", "three", "four"});
}

TEST_CASE("a line that was left open is passed, behind files never written") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.put(base::format_stamp({kStart + 1}) + " open");
  Following follow(dir);
  writer.flush();
  follow.wait_until_idle();
  writer.flush();
  writer.write(3, "three");
  follow.wait_for(2);
  CHECK(follow.texts() == Texts{"open", "three"});
}

TEST_CASE("a segment that ends in mid-line is shown so, then the next") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.write(1, "one");
  Following follow(dir);
  writer.put(base::format_stamp({kStart + 2}) + " torn");
  writer.seal();
  writer.write(3, "three");
  writer.seal();
  writer.write(4, "four");
  follow.wait_for(4);
  CHECK(follow.texts() == Texts{"one", "torn", "three", "four"});
}

TEST_CASE("an app that had sealed before it was known is shown whole") {
  LogDir dir;
  dir.add_app("api", 1);
  Following follow(dir);
  Writer writer = out_of(dir, "web");
  for (int i = 0; i < 3; ++i) {
    writer.write(i, std::to_string(i));
    writer.seal();
  }
  writer.write(3, "3");
  dir.add_app("web", 1);
  follow.wait_for(4);
  CHECK(follow.texts() == Texts{"0", "1", "2", "3"});
}

TEST_CASE("joined at the end, segments are not shown") {
  LogDir dir;
  dir.add_app("api", 1);
  Writer writer = out_of(dir);
  writer.write(1, "one");
  writer.seal();
  SUBCASE("behind an empty file") {}
  SUBCASE("behind lines") {
    writer.write(2, "two");
  }
  Following follow(dir, 0);
  writer.write(3, "three");
  follow.wait_for(1);
  CHECK(follow.texts() == Texts{"three"});
}

namespace {

// Numbers of one stream's lines in what was shown; -1 where one is missing,
// doubled or out of order.
int count_lines(const std::vector<query_test::Shown>& shown, query::Kind kind,
                bool from_zero) {
  int next = from_zero ? 0 : -1;
  for (const auto& row : shown) {
    if (row.kind != kind) continue;
    const int number = std::stoi(row.text);
    if (next >= 0 && number != next) return -1;
    next = number + 1;
  }
  return std::max(next, 0);
}

}  // namespace

TEST_CASE("lines sealed under readers and a follower are each there once") {
  LogDir dir;
  dir.add_app("api", 1);
  // Each reads all there is by then.
  constexpr int kReadings = support::kSanitized ? 50 : 150;
  constexpr int kPace = 200;  // lines a reading
  std::atomic<int> readings = 0;
  std::atomic<int> written[2] = {0, 0};
  std::atomic<bool> finished = false;
  std::atomic<int> seals = 0;

  Following follow(dir, 0);
  std::thread writing([&] {
    Writer writers[2] = {
        out_of(dir),
        {dir, {"api", store::SegmentKind::Error, 0}, "api-error.log"}};
    std::mt19937 random(7);
    int64_t time = 0;
    while (readings < kReadings) {
      if (written[0] + written[1] > kPace * (readings + 1)) {
        std::this_thread::yield();
        continue;
      }
      const auto stream = random() % 2;
      Writer& writer = writers[stream];
      const auto batch = random() % 8;
      ++time;
      for (unsigned i = 0; i <= batch; ++i)
        writer.write(time, std::to_string(written[stream]++));
      if (random() % 4 != 0) continue;
      writer.rename();
      if (random() % 2 == 0) std::this_thread::yield();
      writer.reopen();
      ++seals;
    }
    finished = true;
  });
  int faults = 0;
  std::thread reading([&] {
    for (int i = 0; i < kReadings; ++i) {
      query::Query query;
      query.events = false;
      if (i % 3 == 1) query.last = 50;
      const int before[2] = {written[0], written[1]};
      query::Reading all(query, dir.plan(query), false);
      Collector collector;
      all.replay(collector);
      if (!all.problems().empty()) ++faults;
      for (const auto kind : {query::Kind::Out, query::Kind::Error}) {
        const int count = count_lines(collector.shown, kind, !query.last);
        const int known = before[kind == query::Kind::Error ? 1 : 0];
        // The last one counted may not be on disk yet.
        if (!query.last && count < known - 1) ++faults;
        if (count < 0) ++faults;
      }
      ++readings;
    }
  });
  follow.wait_until([&] {
    return finished &&
           follow.texts().size() == static_cast<size_t>(written[0]) +
                                        static_cast<size_t>(written[1]);
  });
  reading.join();
  writing.join();
  CHECK(faults == 0);
  CHECK(seals > kReadings / 10);
  const auto& shown = follow.collector().shown;
  CHECK(count_lines(shown, query::Kind::Out, true) == written[0]);
  CHECK(count_lines(shown, query::Kind::Error, true) == written[1]);
  CHECK(shown.size() == static_cast<size_t>(written[0] + written[1]));
}
