#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

// The findings of one check, "state: says".
std::string findings(const TestHome& home, const std::string& check) {
  std::string text;
  for (const auto& row : json_lines(home.lodge({"doctor", "--json"}).out))
    if (row["check"] == check)
      text += row["state"].get<std::string>() + ": " +
              row["says"].get<std::string>() + "\n";
  return text;
}

}  // namespace

TEST_CASE("doctor finds nothing wrong with a home that is well, or not there") {
  const TestHome home;
  CHECK(findings(home, "home").starts_with("note: "));
  home.start("api", "exec sleep 1000");
  CHECK(findings(home, "home").starts_with("ok: "));
  CHECK(findings(home, "modes").starts_with("ok: "));
  CHECK(findings(home, "daemon").starts_with("ok: version "));
  CHECK(findings(home, "app").find("ok: api: /") == 0);
  CHECK(findings(home, "open files").starts_with("ok: "));
  CHECK(findings(home, "settings").find("ok: logs.cap = automatic (default)") !=
        std::string::npos);
  home.must({"set", "logs.cap", "1G"});
  CHECK(findings(home, "settings").find("(given)") != std::string::npos);
  home.must({"kill"});
  CHECK(findings(home, "daemon") == "note: none runs\n");
  CHECK(findings(home, "app").starts_with("ok: api: /"));
}

TEST_CASE("doctor finds open modes and mends them") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  REQUIRE(::chmod(home.file("apps.json").c_str(), 0644) == 0);
  REQUIRE(::chmod(home.file("logs").c_str(), 0755) == 0);
  const Ran ran = home.lodge({"doctor"});
  INFO(ran.out);
  CHECK(ran.exit == 1);
  CHECK(ran.out.find("2 paths are open to others") != std::string::npos);
  CHECK(ran.out.find("apps.json (0644)") != std::string::npos);
  CHECK(ran.out.find("mend: lodge doctor --fix") != std::string::npos);
  home.lodge({"doctor", "--fix"});
  CHECK(findings(home, "modes").starts_with("ok: "));
  struct ::stat info{};
  REQUIRE(::stat(home.file("logs").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
}

TEST_CASE("doctor finds an app that could not be started again") {
  const TestHome home;
  const auto script = home.work().write("app.sh", "sleep 1000\n");
  home.must({"start", "app.sh", "--name", "api", "--min-uptime", "50ms"});
  REQUIRE(::unlink(script.c_str()) == 0);
  CHECK(findings(home, "app") == "bad: api: " + script + " is not there\n");
  CHECK(home.lodge({"doctor"}).exit == 1);
  const TestHome other;
  other.work().write("app.sh", "sleep 1000\n");
  other.work().write("bash-of-mine", "#!/bin/sh\nexec bash \"$@\"\n", 0755);
  other.must({"start", "app.sh", "--name", "api", "--min-uptime", "50ms",
              "--interpreter", other.work().file("bash-of-mine")});
  REQUIRE(::unlink(other.work().file("bash-of-mine").c_str()) == 0);
  CHECK(findings(other, "app").find("is not on its PATH") != std::string::npos);
}

TEST_CASE("doctor says of a damaged app list that the copy will be taken") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.must({"kill"});
  REQUIRE(::truncate(home.file("apps.json").c_str(), 40) == 0);
  CHECK(findings(home, "app list").starts_with("bad: "));
  CHECK(home.lodge({"doctor"}).out.find("the next start takes") !=
        std::string::npos);
}

TEST_CASE("doctor says of a damaged app list and copy that neither is taken") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.must({"kill"});
  REQUIRE(::truncate(home.file("apps.json").c_str(), 40) == 0);
  REQUIRE(::truncate(home.file("apps.json.bak").c_str(), 40) == 0);
  CHECK(home.lodge({"start", "api"}).exit == 1);
  const auto text = home.lodge({"doctor"}).out;
  CHECK(text.find("the next start takes") == std::string::npos);
  CHECK(text.find("mend or move away") != std::string::npos);
}

TEST_CASE("doctor finds a keeper where no daemon answers, and how to end it") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  REQUIRE(home.keepers().size() == 1);
  const auto keeper = home.keepers()[0].pid;
  REQUIRE(::unlink(home.file("lodge.sock").c_str()) == 0);
  const auto told = findings(home, "daemon");
  CHECK(told.starts_with("bad: none answers at "));
  CHECK(told.find("(pid " + std::to_string(keeper) + ")") != std::string::npos);
  CHECK(home.lodge({"doctor"}).exit == 1);
  // As its mend says.
  REQUIRE(::kill(keeper, SIGTERM) == 0);
  REQUIRE(wait_until([&] { return home.processes().empty(); }));
  CHECK(findings(home, "daemon") == "note: none runs\n");
  home.must({"resurrect"});
  CHECK(home.reaches("api", "online"));
}

}  // namespace support
