// What a tutorial of PM2 tells to type, with `lodge` in the place of `pm2`.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {

TEST_CASE("the commands of a PM2 tutorial do what it says") {
  const TestHome home;
  home.work().write("app.sh",
                    "echo \"$NODE_ENV $PORT $*\"; while :; do sleep 1; done\n");
  const auto wrote = [&](const std::string& app, const std::string& text) {
    return wait_until([&] {
      return home.must({"logs", app, "--raw", "--nostream"}).out == text;
    });
  };
  home.must({"start", "app.sh", "--min-uptime", "50ms", "--", "one", "two"},
            {.env = {{"PORT", "3000"}, {"NODE_ENV", "production"}}});
  CHECK(wrote("app", "production 3000 one two\n"));
  home.must({"start", "app.sh", "--name", "api", "-i", "2", "--namespace",
             "shop", "--time", "--restart-delay", "100ms", "--max-restarts",
             "3", "--min-uptime", "50", "-k", "1600", "--no-color"});
  for (const std::string command :
       {"list", "ls", "l", "ps", "status", "jlist", "prettylist"})
    CHECK(home.must({command}).out.find("api") != std::string::npos);
  for (const std::string command : {"show", "describe", "desc", "info"})
    CHECK(home.must({command, "api"}).out.find("app.sh") != std::string::npos);
  for (const std::string command :
       {"restart", "reload", "gracefulReload", "reset", "stop"})
    home.must({command, "shop"});
  CHECK(home.app("api").status == "stopped");
  home.must({"restart", "all", "--update-env"}, {.env = {{"PORT", "80"}}});
  CHECK(home.app("api").status == "online");
  CHECK(wait_until([&] {
    return home.must({"logs", "app", "--raw", "--lines", "1"}).out ==
           " 80 one two\n";
  }));
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"logs", "app", "--lines", "5", "--nostream", "--format"},
           {"logs", "app", "--lines", "5", "--timestamp", "HH:mm"},
           {"logs", "app", "--lines", "5", "--highlight", "one"},
           {"log", "app", "--lines", "5", "--out", "--json"}})
    CHECK(home.must(args).out.find("one two") != std::string::npos);
  home.must({"flush"});
  CHECK(home.must({"logs", "all", "--raw", "--nostream"}).out.empty());
  home.must({"reloadLogs"});
  home.must({"ping"});
  home.must({"scale", "api", "3"});
  home.must({"delete", "api"});
  home.must({"del", "all"});
  CHECK(home.list().empty());
  home.must({"kill"});
}

TEST_CASE("--set takes PM2's names; what means nothing here is said") {
  const TestHome home;
  home.work().write("app.sh", "echo $PORT $1 $MODE; exec sleep 1000\n");
  const Ran ran =
      home.must({"start", "echo no", "--name", "app", "--min-uptime", "1ms",
                 "--set", "exec=app.sh", "--set", "port=3", "--set", "args=5",
                 "--set", "env_blue.MODE=blue", "--set", "vizion=false"});
  CHECK(ran.err.find("--set: vizion: no version control is looked at") !=
        std::string::npos);
  const auto says = [&](const std::string& line) {
    return wait_until([&] {
      return home.must({"logs", "app", "--raw", "-n", "1"}).out == line;
    });
  };
  CHECK(says("3 5\n"));
  home.must({"restart", "app", "--env", "blue"});
  CHECK(says("3 5 blue\n"));
}

TEST_CASE("arguments of the interpreter come before the script") {
  const TestHome home;
  home.work().write("app.sh", "echo $-; sleep 1000\n");
  home.must({"start", "app.sh", "--min-uptime", "50ms", "--interpreter", "bash",
             "--interpreter-args", "-u -f"});
  CHECK(wait_until([&] {
    const auto flags = home.must({"logs", "app", "--raw"}).out;
    return flags.find('u') != flags.npos && flags.find('f') != flags.npos;
  }));
}

}  // namespace support
