// Log files that somebody else truncates, moves or removes: who asks for the
// lines that went with them is told.

#include <doctest/doctest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fs.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

namespace fs = base::fs;

constexpr const char* kTicks =
    "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.02; done";

std::string now() {
  return base::format_stamp(base::SystemClock().now());
}

std::vector<nlohmann::json> gaps_in(const std::string& out) {
  std::vector<nlohmann::json> gaps;
  for (const auto& row : json_lines(out))
    if (row.contains("gap")) gaps.push_back(row["gap"]);
  return gaps;
}

// The stamp of the first line that is stored.
std::string first_line(const TestHome& home, const std::string& app) {
  std::string time;
  CHECK(wait_until([&] {
    const auto ran =
        home.lodge({"logs", app, "-n", "all", "--json", "--no-events"});
    const auto rows = json_lines(ran.out);
    if (rows.empty()) return false;
    time = rows.front()["time"];
    return true;
  }));
  return time;
}

}  // namespace

TEST_CASE("a range whose lines went with the live file has a gap") {
  for (const bool removed : {false, true}) {
    CAPTURE(removed);
    const TestHome home;
    const auto since = now();
    home.start("api", kTicks);
    const auto first = first_line(home, "api");
    const auto until = now();
    // Some time of the app's between the range and the loss.
    CHECK(wait_until([&] {
      return home.lodge({"logs", "api", "--since", until, "--raw"}).exit == 0;
    }));
    const auto path = home.log("api-out.log");
    if (removed)
      REQUIRE(fs::unlink(path));
    else
      REQUIRE(::truncate(path.c_str(), 0) == 0);
    CHECK(wait_until([&] { return home.events("api", "lost").size() == 1; }));
    std::vector<std::string> words = {"logs", "api",     "--since",
                                      since,  "--until", until};
    CHECK(home.lodge(words).err.find("lines may be missing") !=
          std::string::npos);
    words.emplace_back("--json");
    const auto gaps = gaps_in(home.lodge(words).out);
    REQUIRE(gaps.size() == 1);
    CHECK(gaps[0]["reason"] == "lost");
    CHECK(gaps[0]["first"] == first);
    CHECK(gaps[0]["last"].get<std::string>() > until);
    // What was written since then is whole.
    CHECK(gaps_in(home.lodge({"logs", "api", "--since", now(), "--json"}).out)
              .empty());
  }
}

TEST_CASE(
    "a live file that goes while its app is stopped is told at its start") {
  const TestHome home;
  const auto since = now();
  home.start("api", kTicks);
  const auto first = first_line(home, "api");
  home.must({"stop", "api"});
  const auto until = now();
  REQUIRE(fs::unlink(home.log("api-out.log")));
  home.must({"start", "api"});
  CHECK(wait_until([&] { return home.events("api", "lost").size() == 1; }));
  const auto gaps = gaps_in(
      home.lodge({"logs", "api", "--since", since, "--until", until, "--json"})
          .out);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0]["reason"] == "lost");
  CHECK(gaps[0]["first"] == first);
}

TEST_CASE("what Lodge itself takes of a stopped app is no loss") {
  const TestHome home;
  home.start("api", kTicks);
  const auto written = [&] {
    (void)first_line(home, "api");
    home.must({"stop", "api"});
  };
  written();
  home.must({"flush", "api"});
  home.must({"start", "api"});
  written();
  home.must({"rotate", "api"});
  home.must({"start", "api"});
  written();
  home.must({"delete", "api", "--logs"});
  home.start("api", kTicks);
  written();
  CHECK(home.events("api", "lost").empty());
}

}  // namespace support
