// What counts as ready, and what sd_notify says.
#include "supervisor/readiness.h"

#include <doctest/doctest.h>

#include "supervisor/life.h"

using std::chrono::seconds;
using supervisor::Notice;
using supervisor::parse_notice;
using supervisor::ready_by;
using supervisor::ReadyBy;

TEST_CASE("ready is the strictest that is configured") {
  config::AppSpec spec;
  CHECK(ready_by(spec) == ReadyBy::Uptime);
  spec.wait_ready = true;
  CHECK(ready_by(spec) == ReadyBy::Word);
  spec.health.tcp = "127.0.0.1:1";
  CHECK(ready_by(spec) == ReadyBy::Health);
}

TEST_CASE("a start period of health is longer than listen_timeout or nothing") {
  config::AppSpec spec;
  spec.listen_timeout = seconds{3};
  spec.health.start_period = seconds{60};
  CHECK(supervisor::ready_limit(spec) == seconds{3});
  spec.health.exec = "true";
  CHECK(supervisor::ready_limit(spec) == seconds{60});
  spec.health.start_period = seconds{1};
  CHECK(supervisor::ready_limit(spec) == seconds{3});
}

TEST_CASE("why it was not ready says what was waited for") {
  config::AppSpec spec;
  spec.listen_timeout = seconds{3};
  spec.wait_ready = true;
  CHECK(supervisor::not_ready_words(spec, "").find("READY=1") !=
        std::string::npos);
  spec.health.exec = "true";
  CHECK(supervisor::not_ready_words(spec, "health.exec: exited with code 1")
            .ends_with(": health.exec: exited with code 1"));
  CHECK_FALSE(supervisor::not_ready_words(spec, "").empty());
}

TEST_CASE("datagrams of sd_notify") {
  CHECK(parse_notice("READY=1").ready);
  CHECK(parse_notice("STATUS=up\nREADY=1\n") ==
        Notice{.ready = true, .status = "up"});
  CHECK_FALSE(parse_notice("READY=0").ready);
  CHECK_FALSE(parse_notice("READY=10").ready);
  CHECK_FALSE(parse_notice("XREADY=1").ready);
  CHECK(parse_notice("STOPPING=1").stopping);
  CHECK(parse_notice("MAINPID=4711").main_pid == 4711);
  for (const auto* bad :
       {"MAINPID=", "MAINPID=-1", "MAINPID=1x", "MAINPID=99999999999999"})
    CHECK(parse_notice(bad).main_pid == 0);
  CHECK(parse_notice("") == Notice{});
  CHECK(parse_notice("\n\n=\nnonsense") == Notice{});
  CHECK(parse_notice("FDSTORE=1\nWATCHDOG=1\nBARRIER=1\nERRNO=2") == Notice{});
}

TEST_CASE("a status is cut between characters, and is text") {
  // 199 bytes, then one character of two.
  const std::string text = std::string(199, 'x') + "é" + "tail";
  CHECK(parse_notice("STATUS=" + text).status == std::string(199, 'x'));
  CHECK(parse_notice("STATUS=a\xff").status == "");
  CHECK(parse_notice("STATUS=").status == "");
}

TEST_CASE("a label keeps who was ready, and why one is being ended") {
  supervisor::Life life;
  life.app = "api";
  life.ready = true;
  life.unfit = "was not healthy any more: answered 500";
  const auto read = supervisor::parse_label(supervisor::print_label(life));
  REQUIRE(read);
  CHECK(read->ready);
  CHECK(read->unfit == life.unfit);
  // Whatever a check printed, it fits into a frame of the keeper.
  life.unfit = std::string(10'000, '\xff');
  const auto label = supervisor::print_label(life);
  CHECK(label.size() < 4096);
  CHECK(supervisor::parse_label(label));
  // As an earlier version wrote it.
  const auto old = supervisor::parse_label(
      R"({"v":1,"app":"api","id":0,"instance":0,"generation":1})");
  REQUIRE(old);
  CHECK_FALSE(old->ready);
}
