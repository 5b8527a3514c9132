#include "query/gaps.h"

#include <doctest/doctest.h>

#include "query/log_dir.h"
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

std::vector<query::Gap> gaps(const LogDir& dir, int64_t since) {
  query::Problems problems;
  auto found =
      query::find_gaps(dir.plan({}).origins, {kStart + since}, problems);
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
  CHECK(found[0].flushed == base::Timestamp{kStart + 60});
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
