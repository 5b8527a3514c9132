// Orders and shapes of the list.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

std::vector<std::string> names(const TestHome& home, const std::string& order) {
  std::vector<std::string> all;
  for (const auto& row :
       json_of(home.must({"list", "--json", "--sort", order}).out))
    all.push_back(row["app"]);
  return all;
}

}  // namespace

TEST_CASE("list is sorted by any field, both ways") {
  const TestHome home;
  using Names = std::vector<std::string>;
  home.start("b", "exec sleep 1000");
  home.start("c",
             "python3 -c 'x = bytearray(60 << 20); import time; "
             "time.sleep(1000)'");
  home.start("a", "exec sleep 1000");
  CHECK(names(home, "name") == Names{"a", "b", "c"});
  CHECK(names(home, "name:desc") == Names{"c", "b", "a"});
  CHECK(names(home, "id") == Names{"b", "c", "a"});
  CHECK(names(home, "status") == Names{"b", "c", "a"});
  CHECK(wait_until([&] { return names(home, "mem:desc")[0] == "c"; }));
  const Ran wrong = home.lodge({"list", "--sort", "memry"});
  CHECK(wrong.exit == 2);
  CHECK(wrong.err.find("did you mean memory?") != std::string::npos);
  CHECK(home.lodge({"list", "--sort", "name:up"}).exit == 2);
}

TEST_CASE("list --watch goes on until it is left, and ends with the daemon") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  Child watching = home.background({"list", "--watch"});
  const auto tables = [&] {
    const auto out = watching.out();
    size_t count = 0;
    for (size_t at = out.find("\u2502 id "); at != out.npos;
         at = out.find("\u2502 id ", at + 1))
      ++count;
    return count;
  };
  CHECK(wait_until([&] { return tables() >= 2; }));
  watching.signal(SIGINT);
  CHECK(watching.wait().exit == 0);
  Child other = home.background({"list", "--watch", "--json"});
  CHECK(wait_until([&] { return !other.out().empty(); }));
  home.must({"kill"});
  CHECK(other.wait().exit == 3);
}

TEST_CASE("jlist has the keys that programs around PM2 read") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"--namespace", "shop"});
  const auto rows = json_of(home.must({"jlist"}).out);
  REQUIRE(rows.size() == 1);
  const auto& row = rows[0];
  for (const auto* key : {"pid", "name", "pm2_env", "pm_id", "monit"})
    CHECK(row.contains(key));
  CHECK(row["monit"].contains("memory"));
  CHECK(row["monit"].contains("cpu"));
  const auto& env = row["pm2_env"];
  for (const auto* key : {"name",
                          "namespace",
                          "version",
                          "status",
                          "pm_id",
                          "pm_uptime",
                          "created_at",
                          "restart_time",
                          "unstable_restarts",
                          "exit_code",
                          "exec_mode",
                          "exec_interpreter",
                          "instances",
                          "NODE_APP_INSTANCE",
                          "username",
                          "args",
                          "pm_exec_path",
                          "pm_cwd",
                          "pm_out_log_path",
                          "pm_err_log_path",
                          "autorestart",
                          "merge_logs",
                          "kill_timeout",
                          "restart_delay",
                          "min_uptime"})
    CHECK_MESSAGE(env.contains(key), key);
  CHECK(env["autorestart"] == true);
  CHECK(env["kill_timeout"] == 10'000);
  CHECK_FALSE(env.contains("env"));
  const std::string pretty = home.must({"prettylist"}).out;
  CHECK(json_of(pretty)[0]["name"] == "api");
  CHECK(std::ranges::count(pretty, '\n') > 20);
}

TEST_CASE("describe tells settings, history and environment") {
  const TestHome home;
  home.must({"start", "exec sleep 1000", "--name", "api", "--min-uptime",
             "50ms", "-k", "3s"},
            {.env = {{"COLOR", "blue"}, {"API_KEY", "hunter2"}}});
  home.must({"restart", "api"});
  const std::string text = home.must({"describe", "api"}).out;
  INFO(text);
  for (const auto* part :
       {"kill_timeout", "3s", "given", "restart_delay", "default", "history",
        "lodge restart api", "environment", "COLOR=blue", "API_KEY=***",
        "api-out.log", "api-error.log", "api-events.log"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  CHECK(text.find("hunter2") == std::string::npos);
  const auto row = json_of(home.must({"describe", "api", "--json"}).out)[0];
  CHECK(row["settings"]["kill_timeout"]["source"] == "given");
  CHECK(row["settings"]["max_restarts"]["source"] == "default");
  CHECK(row["history"].size() >= 3);
  CHECK(row["env"]["API_KEY"] == "***");
}

}  // namespace support
