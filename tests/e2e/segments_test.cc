// Segments in the stories of commands, sealed by the tests' own hand.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "store/live_file.h"
#include "store/segments.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace {

using support::TestHome;
using support::wait_until;

// Prints 0..2 on both streams, then waits.
void start_counter(const TestHome& home) {
  home.start("api",
             "for i in 0 1 2; do echo $i; echo e$i >&2; done; "
             "exec sleep 1000");
  CHECK(wait_until([&] {
    return home.must({"logs", "api", "--raw", "--out"}).out == "0\n1\n2\n" &&
           home.must({"logs", "api", "--raw", "--err"}).out == "e0\ne1\ne2\n";
  }));
}

// Seals a live file of a stopped app.
void seal(const TestHome& home, store::SegmentKind kind,
          const std::string& name) {
  auto file = store::LiveFile::open(home.log(name));
  REQUIRE(file);
  const auto path = store::next_segment_path(file->path(), {"api", kind, 0},
                                             base::SystemClock().now());
  REQUIRE(path);
  REQUIRE(file->seal(*path));
}

// Without how far back that reaches, which time changes.
std::string footer(const TestHome& home) {
  const std::string out = home.must({"list"}).out;
  const auto at = out.rfind("logs ");
  return at == out.npos ? out : out.substr(at, out.find(", back to", at) - at);
}

}  // namespace

TEST_CASE("logs show segments and live file as one, in all shapes") {
  const TestHome home;
  start_counter(home);
  home.must({"stop", "api"});
  seal(home, store::SegmentKind::Out, "api-out.log");
  home.must({"start", "api"});
  CHECK(wait_until([&] {
    return home.must({"logs", "api", "--raw", "--out", "-n", "all"}).out ==
           "0\n1\n2\n0\n1\n2\n";
  }));
  CHECK(home.must({"logs", "api", "--raw", "--out", "-n", "4"}).out ==
        "2\n0\n1\n2\n");
  CHECK(home.must({"logs", "api", "--raw", "--out", "--since", "1h"}).out ==
        "0\n1\n2\n0\n1\n2\n");
  const auto json = home.must({"logs", "api", "--json", "--out", "-n", "5"});
  CHECK(std::ranges::count(json.out, '\n') == 5);
  CHECK(json.out.find(R"("generation":1)") != std::string::npos);
  CHECK(json.out.find(R"("generation":2)") != std::string::npos);
}

TEST_CASE("flush leaves segments, list counts them, delete --logs takes them") {
  const TestHome home;
  start_counter(home);
  home.must({"stop", "api"});
  const auto before = home.list();
  const std::string stored = footer(home);
  seal(home, store::SegmentKind::Out, "api-out.log");
  seal(home, store::SegmentKind::Error, "api-error.log");
  CHECK(stored.starts_with(footer(home)));
  home.must({"flush"});
  CHECK(stored.starts_with(footer(home)));
  CHECK(home.must({"logs", "api", "--raw", "--out"}).out == "0\n1\n2\n");
  home.must({"delete", "api", "--logs"});
  CHECK_FALSE(stored.starts_with(footer(home)));
  const auto left = store::list_segments(home.file("logs"), "api");
  REQUIRE(left);
  CHECK(left->empty());
  CHECK(::access(home.log("api-out.log").c_str(), F_OK) != 0);
}

TEST_CASE("delete keeps segments and says how much they are") {
  const TestHome home;
  start_counter(home);
  home.must({"stop", "api"});
  seal(home, store::SegmentKind::Out, "api-out.log");
  seal(home, store::SegmentKind::Error, "api-error.log");
  const auto ran = home.must({"delete", "api"});
  INFO(ran.out);
  CHECK(ran.out.find("of logs stay") != std::string::npos);
  CHECK(home.must({"logs", "api", "--raw", "--err"}).out == "e0\ne1\ne2\n");
}
