#include <doctest/doctest.h>
#include <signal.h>

#include "config/app_spec.h"

using config::parse_spec;

namespace {

std::string with(const std::string& member) {
  return R"({"name":"api","script":"/srv/api.js","cwd":"/srv",)" + member + "}";
}

base::Result<config::KeepSettings> keep(const std::string& member) {
  auto spec = parse_spec(with(member));
  if (!spec) return base::fail(std::move(spec.error()));
  return spec->keep;
}

}  // namespace

TEST_CASE("signals have names with and without SIG, and numbers") {
  for (const auto* text : {"\"SIGTERM\"", "\"TERM\"", "\"15\"", "15"}) {
    CAPTURE(text);
    const auto read = keep(std::string(R"("kill_signal":)") + text);
    REQUIRE(read);
    CHECK(read->kill_signal == SIGTERM);
  }
  for (const auto* text :
       {"\"SIGNOPE\"", "\"term\"", "0", "-1", "99", "\"15x\"", "true"}) {
    CAPTURE(text);
    CHECK_FALSE(keep(std::string(R"("kill_signal":)") + text));
  }
  CHECK(keep(R"("treekill":false)")->kill_signal == SIGINT);
}

TEST_CASE("what is off is said in any of PM2's ways") {
  for (const auto* text : {"0", "\"\"", "false", "\"0\"", "null"}) {
    CAPTURE(text);
    const std::string off = text;
    CHECK(keep(R"("cron_restart":)" + off)->cron.empty());
    CHECK(keep(R"("max_memory_restart":)" + off)->max_memory == 0);
    CHECK_FALSE(keep(R"("watch":)" + off)->watch.on);
    if (off != "null")
      CHECK(keep(R"("exp_backoff_restart_delay":)" + off)->exp_backoff ==
            std::chrono::milliseconds(0));
  }
  // Off is another thing here than Lodge's own way.
  for (const auto* text : {"null", "\"auto\""})
    CHECK_FALSE(keep(std::string(R"("exp_backoff_restart_delay":)") + text)
                    ->exp_backoff.has_value());
}

TEST_CASE("errored_retry is a time of a second or more, or never") {
  using namespace std::chrono_literals;
  CHECK(keep(R"("treekill":true)")->errored_retry == 5min);
  CHECK(keep(R"("errored_retry":"30s")")->errored_retry == 30s);
  CHECK_FALSE(keep(R"("errored_retry":"never")")->errored_retry);
  CHECK_FALSE(keep(R"("errored_retry":"0.5s")"));
  CHECK_FALSE(keep(R"("errored_retry":"2000w")"));
}

TEST_CASE("cron_restart is checked when it is read, seconds too") {
  CHECK(keep(R"("cron_restart":"0 3 * * *")")->cron == "0 3 * * *");
  CHECK(keep(R"("cron_restart":"*/5 0 3 * * *")"));
  CHECK_FALSE(keep(R"("cron_restart":"0 25 * * *")"));
  CHECK_FALSE(keep(R"("cron_restart":"61 0 3 * * *")"));
  CHECK_FALSE(keep(R"("cron_restart":"0 3")"));
}

TEST_CASE("watch is all, or paths; its options are chokidar's") {
  CHECK(keep(R"("watch":true)")->watch.on);
  CHECK(keep(R"("watch":true)")->watch.paths.empty());
  CHECK(keep(R"("watch":["a","b"])")->watch.paths.size() == 2);
  CHECK(keep(R"("watch":"src")")->watch.paths.size() == 1);
  CHECK_FALSE(keep(R"("watch":[])")->watch.on);
  const auto read = keep(
      R"("watch":true,"watch_options":{"followSymlinks":false,"usePolling":true})");
  REQUIRE(read);
  CHECK_FALSE(read->watch.follow_links);
  CHECK(read->watch.polling);
  const auto typo = keep(R"("watch_options":{"followSymlink":false})");
  REQUIRE_FALSE(typo);
  CHECK(typo.error().hint == "did you mean followSymlinks?");
}

TEST_CASE("limits: processors as a number or in percent, counts from 1 on") {
  const auto read =
      keep(R"("limits":{"memory":"200M","cpu":"50%","nofile":1024,"core":0})");
  REQUIRE(read);
  CHECK(read->limits.memory == uint64_t{200} << 20);
  CHECK(read->limits.cpu == 0.5);
  CHECK(read->limits.nofile == 1024);
  CHECK(read->limits.core == 0);
  for (const auto* wrong :
       {R"({"nofile":0})", R"({"nofile":-1})", R"({"cpu":0})",
        R"({"cpu":"much"})", R"({"memory":"lots"})", R"({"memry":1})"}) {
    CAPTURE(wrong);
    CHECK_FALSE(keep(std::string(R"("limits":)") + wrong));
  }
}

TEST_CASE("what is said is read again from what is printed") {
  const auto spec = parse_spec(with(
      R"("kill_signal":"TERM","treekill":false,"autostart":false,)"
      R"("errored_retry":"never","exp_backoff_restart_delay":150,)"
      R"("cron_restart":"0 3 * * *","cron_tz":"Europe/Rome",)"
      R"("max_memory_restart":"300M","pid_file":"a.pid","watch":["src"],)"
      R"("ignore_watch":["x"],"watch_delay":"1s",)"
      R"("watch_options":{"depth":2,"interval":500},)"
      R"("limits":{"memory":"1G","cpu":1.5,"nofile":64,"nproc":9,"core":"1M"})"));
  REQUIRE(spec);
  const auto again = parse_spec(print_spec(*spec));
  REQUIRE(again);
  CHECK(*again == *spec);
}
