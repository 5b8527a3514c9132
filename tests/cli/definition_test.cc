// What the flags of `start` make of an app's definition.

#include "cli/definition.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace cli {
namespace {

base::Result<std::string> define(const std::vector<std::string>& flags) {
  const Command& start = *find_command("start");
  auto args = parse_args(start, flags);
  REQUIRE(args);
  CHECK(has_definition_flags(*args));
  auto settings = read_settings(*args, "/srv");
  if (!settings) return base::fail(std::move(settings.error()));
  Script script;
  script.path = "/srv/api.js";
  return make_definition(*settings, script);
}

nlohmann::json defined(const std::vector<std::string>& flags) {
  const auto definition = define(flags);
  REQUIRE(definition);
  return nlohmann::json::parse(*definition);
}

}  // namespace

TEST_CASE("the log flags are keys of the configuration") {
  const auto json =
      defined({"-o", "o.log", "-e", "/e.log", "-l", "true", "--merge-logs",
               "--disable-logs", "--time", "--uid", "www", "--gid", "33"});
  CHECK(json["out_file"] == "o.log");
  CHECK(json["error_file"] == "/e.log");
  CHECK(json["log_file"] == "true");
  CHECK(json["merge_logs"] == true);
  CHECK(json["disable_logs"] == true);
  CHECK(json["time"] == true);
  CHECK(json["uid"] == "www");
  CHECK(json["gid"] == "33");
}

TEST_CASE("what was not said is not in the definition: it stays as it was") {
  const auto json = defined({"--name", "api"});
  for (const auto* key : {"out_file", "error_file", "log_file", "merge_logs",
                          "disable_logs", "time", "uid", "gid", "log"})
    CHECK_FALSE(json.contains(key));
}

TEST_CASE("the flags of restarts are keys of the configuration") {
  const auto json = defined({"--kill-signal",
                             "TERM",
                             "--no-treekill",
                             "--no-autostart",
                             "--errored-retry",
                             "never",
                             "--exp-backoff-restart-delay",
                             "150",
                             "-c",
                             "0 3 * * *",
                             "--cron-tz",
                             "UTC",
                             "--watch=src,lib",
                             "--ignore-watch",
                             "tmp logs",
                             "--ignore-watch",
                             "x,y",
                             "--watch-delay",
                             "1s",
                             "--max-memory-restart",
                             "300M",
                             "-p",
                             "a.pid"});
  CHECK(json["kill_signal"] == "TERM");
  CHECK(json["treekill"] == false);
  CHECK(json["autostart"] == false);
  CHECK(json["errored_retry"] == "never");
  CHECK(json["exp_backoff_restart_delay"] == "150");
  CHECK(json["cron_restart"] == "0 3 * * *");
  CHECK(json["cron_tz"] == "UTC");
  CHECK(json["watch"] == nlohmann::json{"src", "lib"});
  CHECK(json["ignore_watch"] == nlohmann::json{"tmp", "logs", "x", "y"});
  CHECK(json["watch_delay"] == "1s");
  CHECK(json["max_memory_restart"] == "300M");
  CHECK(json["pid_file"] == "a.pid");
  for (const auto* flag : {"--kill-signal=NOPE", "--cron-restart=0 25 * * *",
                           "--max-memory-restart=lots"})
    CHECK_FALSE(define({flag}));
}

TEST_CASE("PM2's other name of --cron-restart, with its value") {
  CHECK(defined({"--cron", "0 3 * * *"})["cron_restart"] == "0 3 * * *");
  CHECK_FALSE(define({"--cron", "0 25 * * *"}));
}

TEST_CASE("instances: as many as said, or so many less than there are CPUs") {
  const int all = defined({"-i", "max"})["instances"];
  CHECK(defined({"-i", "0"})["instances"] == all);
  CHECK(defined({"-i", "-1"})["instances"] == std::max(1, all - 1));
  CHECK(defined({"-i", "-1024"})["instances"] == 1);
  CHECK(defined({"-i", "1024"})["instances"] == 1024);
  for (const auto* bad : {"1025", "-1025", "many", "1.5"}) {
    CAPTURE(bad);
    const auto got = define({"-i", bad});
    REQUIRE_FALSE(got);
    CHECK(got.error().message.ends_with(
        "is neither max nor a number from -1024 to 1024"));
  }
}

TEST_CASE("--watch takes no word after it: that is the script") {
  const Command& start = *find_command("start");
  const auto args =
      parse_args(start, std::vector<std::string>{"--watch", "api.js"});
  REQUIRE(args);
  CHECK(args->words == std::vector<std::string>{"api.js"});
  CHECK(defined({"--watch"})["watch"] == true);
}

TEST_CASE("--set reaches any key, and has the last word") {
  const auto json =
      defined({"--set", "log.rate.bytes=1M", "--set", "log.redact=[\"a=b\"]",
               "--set", "log.pty=true",      "--set", "env.B=two words",
               "--set", "instances=3",       "-i",    "2",
               "--set", "name=web",          "--set", "log.redact=pw=\\S+",
               "--set", "log.mode=0640",     "--set", "out_file="});
  CHECK(json["log"]["rate"]["bytes"] == "1M");
  CHECK(json["log"]["redact"] == R"(pw=\S+)");
  CHECK(json["log"]["pty"] == true);
  CHECK(json["log"]["mode"] == "0640");
  CHECK(json["env"]["B"] == "two words");
  CHECK(json["instances"] == 3);
  CHECK(json["name"] == "web");
  CHECK(json["name_given"] == true);
  CHECK(json["out_file"] == "");
}

TEST_CASE(
    "what --set puts into the environment is text, whatever it looks like") {
  const auto json = defined({"--set", "env.PORT=3000", "--set", "env.ON=true",
                             "--set", "env.LIST=[1]"});
  CHECK(json["env"]["PORT"] == "3000");
  CHECK(json["env"]["ON"] == "true");
  CHECK(json["env"]["LIST"] == "[1]");
}

TEST_CASE("--set reads keys and values as a file would") {
  const auto json = defined({"--set", "cron=0 3 * * *",
                             "--set", "exec_interpreter=node",
                             "--set", "err_file=e.log",
                             "--set", "log=both.log",
                             "--set", "user=nobody",
                             "--set", "port=3",
                             "--set", "env_production.X=1",
                             "--set", "env_production.Y=2",
                             "--set", "instances=max",
                             "--set", "stop_exit_codes=3",
                             "--set", "args=5",
                             "--set", "health.exec=true",
                             "--set", "name_prefix=my-",
                             "--set", "log_type=json",
                             "--set", "log.retain=7",
                             "--set", "log.TZ=UTC",
                             "--set", "watch_delay=null",
                             "--set", "depends_on.db=ready",
                             "--set", "depends_on.mq=started"});
  CHECK(json["cron_restart"] == "0 3 * * *");
  CHECK(json["interpreter"] == "node");
  CHECK(json["error_file"] == "e.log");
  CHECK(json["log_file"] == "both.log");
  CHECK(json["uid"] == "nobody");
  CHECK(json["env"] == nlohmann::json{{"PORT", "3"}});
  CHECK(json["env_variants"] ==
        nlohmann::json{{"production", {{"X", "1"}, {"Y", "2"}}}});
  CHECK(json["instances"].get<int>() >= 1);
  CHECK(json["stop_exit_codes"] == nlohmann::json::array({3}));
  CHECK(json["args"] == nlohmann::json::array({"5"}));
  CHECK(json["health"]["exec"] == "true");
  CHECK(json["name"] == "my-api");
  CHECK(json["log"]["stamp"] == "json");
  CHECK(json["log"]["retain"]["count"] == 7);
  CHECK(json["log"]["tz"] == "UTC");
  CHECK(json["watch_delay"].is_null());
  CHECK(json["depends_on"]["db"] == "ready");
  CHECK(json["depends_on"]["mq"] == "started");
}

TEST_CASE("an object given to --set takes the place of all, a member adds") {
  const auto json = defined(
      {"--set", "env.B=1", "--set", R"(env={"A":1})", "--set", "env.C=x"});
  CHECK(json["env"] == nlohmann::json{{"A", "1"}, {"C", "x"}});
}

TEST_CASE("what --set can't place is wrong usage") {
  for (const auto* bad : {"log", "=1", "log..a=1", ".a=1", "a.=1"}) {
    CAPTURE(bad);
    const auto got = define({"--set", bad});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == base::Errc::Invalid);
    CHECK(got.error().message.find("--set") == 0);
  }
  CHECK_FALSE(
      define({"--set", "depends_on=[\"a\"]", "--set", "depends_on.b=ready"}));
  for (const auto* bad : {"cronn=1", "kill_timeout=soon", "max_restarts=1.5",
                          "env=3", "inherited_env={}", "log.rate=1"}) {
    CAPTURE(bad);
    CHECK_FALSE(define({"--set", bad}));
  }
  CHECK(define({"--set", "log.levl=3"}).error().hint ==
        "did you mean log.level?");
}

}  // namespace cli
