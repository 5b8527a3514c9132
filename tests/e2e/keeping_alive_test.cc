// How an app is ended, and when it is restarted unasked.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

bool has_line(const TestHome& home, const std::string& app,
              const std::string& line) {
  return home.must({"logs", app, "--raw", "-n", "all"}).out.find(line + "\n") !=
         std::string::npos;
}

// Whether some event of that kind has a reason that begins so.
bool has_reason(const TestHome& home, const std::string& app,
                std::string_view kind, std::string_view beginning) {
  return std::ranges::any_of(home.events(app, kind), [&](const auto& event) {
    return event.value("reason", "").starts_with(beginning);
  });
}

size_t starts(const TestHome& home, const std::string& app) {
  return home.events(app, "start").size();
}

}  // namespace

TEST_CASE("kill_signal is the signal that an app gets") {
  const TestHome home;
  home.work().write("traps.sh",
                    "trap 'echo got int' INT\n"
                    "trap 'echo got usr2; exit 0' USR2\n"
                    "echo up\n"
                    "while :; do sleep 0.01; done\n");
  home.start("traps", "traps.sh", {"--kill-signal", "USR2"});
  CHECK(wait_until([&] { return has_line(home, "traps", "up"); }));
  home.must({"stop", "traps"});
  CHECK(has_line(home, "traps", "got usr2"));
  CHECK_FALSE(has_line(home, "traps", "got int"));
  const Ran wrong = home.lodge(
      {"start", "exec sleep 1000", "--name", "x", "--kill-signal", "SIGNOPE"});
  CHECK(wrong.exit == 2);
  CHECK(wrong.err.find("kill_signal: SIGNOPE is no signal") !=
        std::string::npos);
}

TEST_CASE("without treekill what the first process leaves lives on") {
  const TestHome home;
  home.work().write("leaves.sh",
                    "sleep 1000 &\n"
                    "echo child $!\n"
                    "trap 'exit 0' INT\n"
                    "while :; do sleep 0.01; done\n");
  home.start("leaves", "leaves.sh", {"--no-treekill"});
  CHECK(wait_until([&] {
    return home.must({"logs", "leaves", "--raw"}).out.ends_with("\n");
  }));
  const std::string said = home.must({"logs", "leaves", "--raw"}).out;
  const pid_t child = std::stoi(said.substr(said.find(' ') + 1));
  home.must({"stop", "leaves"});
  CHECK(home.app("leaves").status == "stopped");
  CHECK(is_running(child));
  ::kill(child, SIGKILL);
}

TEST_CASE("an app without autostart is listed, and started by its name") {
  const TestHome home;
  const Ran ran = home.must({"start", "exec sleep 1000", "--name", "later",
                             "--no-autostart", "--min-uptime", "20ms"});
  CHECK(ran.out.find("later: listed") != std::string::npos);
  CHECK(home.app("later").status == "stopped");
  CHECK(home.app("later").pid == 0);
  home.must({"start", "later"});
  CHECK(home.app("later").status == "online");
  // Defined again it stays as it is.
  home.must({"stop", "later"});
  home.must({"start", "exec sleep 1000", "--name", "later", "--no-autostart"});
  CHECK(home.app("later").status == "stopped");
}

TEST_CASE("errored_retry: tried again when it says, or never") {
  const TestHome home;
  home.lodge({"start", "exit 3", "--name", "never", "--max-restarts", "0",
              "--errored-retry", "never"});
  home.lodge({"start", "exit 3", "--name", "soon", "--max-restarts", "0",
              "--errored-retry", "1s"});
  CHECK(wait_until([&] { return starts(home, "soon") >= 2; }));
  CHECK(starts(home, "never") == 1);
  const auto rows = json_of(home.must({"list", "--json"}).out);
  for (const auto& row : rows)
    if (row.at("app") == "never") CHECK(row.at("next_start_ms").is_null());
}

TEST_CASE("exp_backoff_restart_delay: the first restart waits, too") {
  const TestHome home;
  home.start("waits", "exec sleep 1000",
             {"--exp-backoff-restart-delay", "150ms"});
  ::kill(home.app("waits").pid, SIGKILL);
  CHECK(wait_until([&] { return !home.events("waits", "wait").empty(); }));
  const auto delay =
      home.events("waits", "wait").front().at("delay_ms").get<int>();
  CHECK(delay >= 135);
  CHECK(delay <= 165);
  CHECK(home.reaches("waits", "online"));
}

TEST_CASE("cron_restart restarts what runs, says so, and starts nothing else") {
  const TestHome home;
  home.start("ticks", "exec sleep 1000", {"--cron-restart", "* * * * * *"});
  home.start("down", "exec sleep 1000", {"--cron-restart", "* * * * * *"});
  home.must({"stop", "down"});
  const size_t before = starts(home, "down");
  // A job: at its times, not when it is defined.
  home.must({"start", "echo ran", "--name", "job", "--no-autostart",
             "--no-autorestart", "--cron-restart", "* * * * * *"});
  CHECK(wait_until([&] {
    return has_reason(home, "ticks", "start", "cron * * * * * *") &&
           starts(home, "job") >= 2;
  }));
  CHECK(has_reason(home, "ticks", "stop", "cron * * * * * *"));
  const auto restarts = home.events("ticks", "start");
  CHECK(restarts.back().at("actor") == "lodge");
  CHECK(restarts.back().at("command") == "cron_restart");
  CHECK(starts(home, "down") == before);
  CHECK(home.app("down").status == "stopped");
  home.must({"stop", "job"});
  const size_t jobs = starts(home, "job");
  const size_t ticks = starts(home, "ticks");
  CHECK(wait_until([&] { return starts(home, "ticks") > ticks; }));
  CHECK(starts(home, "job") == jobs);
}

TEST_CASE("a wrong cron_restart or zone makes no app") {
  const TestHome home;
  const Ran cron = home.lodge({"start", "exec sleep 1000", "--name", "x",
                               "--cron-restart", "0 25 * * *"});
  CHECK(cron.exit == 2);
  CHECK(cron.err.find("cron_restart") != std::string::npos);
  const Ran zone =
      home.lodge({"start", "exec sleep 1000", "--name", "x", "--cron-restart",
                  "0 3 * * *", "--cron-tz", "Europe/Atlantis"});
  CHECK(zone.exit == 2);
  CHECK(zone.err.find("cron_tz") != std::string::npos);
  CHECK(home.list().empty());
}

TEST_CASE("watch restarts at a change, names it, and not for its own log") {
  const TestHome home;
  home.work().write("src.js", "1");
  // It writes into its own directory all the time.
  home.start("dev", "while :; do echo line; sleep 0.02; done",
             {"--watch", "--watch-delay", "20ms", "--output", "dev.log", "-k",
              "500ms"});
  home.start("other", "exec sleep 1000");
  CHECK(wait_until([&] {
    home.work().write("src.js", "2");
    return has_reason(home, "dev", "start", "watch: src.js changed");
  }));
  for (const auto& event : home.events("dev", "start"))
    CHECK(event.value("reason", "").find("dev.log") == std::string::npos);
  CHECK(starts(home, "other") == 1);
  const auto rows = json_of(home.must({"jlist"}).out);
  for (const auto& row : rows)
    CHECK(row.at("pm2_env").at("watch") == (row.at("name") == "dev"));
  CHECK(home.must({"list"}).out.find("watching") != std::string::npos);
  // What is stopped is not watched; restarted it is again.
  home.must({"stop", "dev", "--watch"});
  home.work().write("src.js", "3");
  CHECK(home.app("dev").status == "stopped");
  home.must({"restart", "dev"});
  const size_t before = starts(home, "dev");
  CHECK(wait_until([&] {
    home.work().write("src.js", "4");
    return starts(home, "dev") > before;
  }));
}

TEST_CASE("watch goes on with the next daemon") {
  const TestHome home;
  home.start("dev", "exec sleep 1000", {"--watch", "--watch-delay", "20ms"});
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  CHECK(wait_until([&] {
    home.work().write("a.js", "1");
    return has_reason(home, "dev", "start", "watch: a.js changed");
  }));
}

TEST_CASE("too much memory in the whole tree restarts, with the figure") {
  const TestHome home;
  home.work().write("grows.py",
                    "import os, time\n"
                    "if os.fork() == 0:\n"
                    "    os.setsid()\n"
                    "    block = bytearray(os.urandom(1)) * (96 << 20)\n"
                    "while True: time.sleep(1)\n");
  home.start("grows", "grows.py", {"--max-memory-restart", "64M"});
  home.start("small", "exec sleep 1000", {"--max-memory-restart", "64M"});
  CHECK(
      wait_until([&] { return has_reason(home, "grows", "start", "memory"); }));
  const auto reason =
      home.events("grows", "stop").front().at("reason").get<std::string>();
  CHECK(reason.ends_with("over max_memory_restart 64M"));
  CHECK(starts(home, "small") == 1);
}

TEST_CASE("a pid file or a watched path without a directory is told") {
  const TestHome home;
  const Ran ran =
      home.must({"start", "exec sleep 1000", "--name", "api", "--min-uptime",
                 "1ms", "--pid", "none/x.pid", "--watch=lib,/nowhere,*.js"});
  CHECK(ran.err.find("api: pid_file: none: no such directory") !=
        std::string::npos);
  CHECK(ran.err.find("api: watch: lib: no such file") != std::string::npos);
  CHECK(ran.err.find("api: watch: /nowhere: no such file") !=
        std::string::npos);
  CHECK(ran.err.find("*.js") == std::string::npos);
  home.work().write("there", "");
  CHECK(home.must({"start", "exec sleep 1000", "--name", "web", "--min-uptime",
                   "1ms", "--pid", "x.pid", "--watch=there"})
            .err.find("no such") == std::string::npos);
}

TEST_CASE("a pid file is there while the app runs") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"--pid", "api.pid", "-i", "2"});
  const auto pid_of = [&](const std::string& name) {
    return slurp(home.work().file(name));
  };
  const auto is_right = [&] {
    int first = 0;
    for (const auto& row : home.list())
      if (row.id == 0) first = row.pid;
    return pid_of("api.pid") == std::to_string(first) + "\n";
  };
  CHECK(wait_until(is_right));
  CHECK(wait_until([&] { return !pid_of("api-1.pid").empty(); }));
  struct ::stat info;
  REQUIRE(::stat(home.work().file("api.pid").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0644);
  home.must({"restart", "api"});
  CHECK(wait_until(is_right));
  // The next daemon takes it away all the same.
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  home.must({"stop", "api"});
  CHECK(wait_until([&] { return pid_of("api.pid").empty(); }));
  CHECK(wait_until([&] { return pid_of("api-1.pid").empty(); }));
}

}  // namespace support
