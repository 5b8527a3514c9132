// What an app may use, and trees that end whole whatever they do.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

namespace fs = std::filesystem;

// The control group (v2) that a process is in: "/lodge-.../0.1".
std::string group_of(pid_t pid) {
  const std::string text = slurp("/proc/" + std::to_string(pid) + "/cgroup");
  const auto at = text.find("0::");
  return at == text.npos ? ""
                         : text.substr(at + 3, text.find('\n', at) - at - 3);
}

// Where that is in the file system; empty when there is no such hierarchy.
std::string directory_of(const std::string& group) {
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"})
    if (fs::exists(mount + group + "/cgroup.procs")) return mount + group;
  return {};
}

}  // namespace

TEST_CASE("limits: files by rlimit, and describe says how each is enforced") {
  const TestHome home;
  home.start("small", "ulimit -n; exec sleep 1000",
             {"--set", "limits.nofile=77", "--set", "limits.memory=200M",
              "--set", "limits.cpu=0.5"});
  CHECK(wait_until(
      [&] { return home.must({"logs", "small", "--raw"}).out == "77\n"; }));
  const auto row = json_of(home.must({"describe", "small", "--json"}).out)[0];
  const auto& limits = row.at("limits");
  CHECK(limits.at("limits.nofile").at("value") == "77");
  CHECK(limits.at("limits.nofile").at("by") == "RLIMIT_NOFILE of each process");
  CHECK(limits.at("limits.memory").at("value") == "200M");
  CHECK_FALSE(limits.at("limits.memory").at("by").get<std::string>().empty());
  CHECK(limits.contains("limits.cpu"));
  CHECK(home.must({"describe", "small"}).out.find("RLIMIT_NOFILE") !=
        std::string::npos);
}

TEST_CASE("node runs within a memory limit") {
  if (!has_program("node")) {
    MESSAGE("SKIPPED: no node");
    return;
  }
  const TestHome home;
  home.work().write("up.js",
                    "console.log('up'); setInterval(() => {}, 1000);\n");
  home.start("up", "up.js", {"--set", "limits.memory=400M"});
  CHECK(wait_until(
      [&] { return home.must({"logs", "up", "--raw"}).out == "up\n"; }));
}

TEST_CASE("what can't be limited so is not started, and says why") {
  const TestHome home;
  const Ran ran = home.lodge({"start", "exec sleep 1000", "--name", "x",
                              "--set", "limits.nofile=99999999999"});
  CHECK(ran.exit == 1);
  CHECK((ran.out + ran.err).find("limits") != std::string::npos);
}

TEST_CASE("a stubborn tree with children in other sessions ends with stop") {
  const TestHome home;
  const std::string mark = home.path() + "-tree";
  home.work().write("stubborn.sh",
                    "trap '' INT TERM HUP\n"
                    "run() { bash -c \"trap '' INT TERM; while :; do sleep "
                    "0.1; done\"; }\n"
                    "(run & run & wait) &\n"
                    "(setsid bash -c \"trap '' INT TERM; while :; do sleep "
                    "0.1; done\" &)\n"
                    "(setsid bash -c \"trap '' INT TERM; while :; do sleep "
                    "0.1; done\" &)\n"
                    "echo up\n"
                    "while :; do sleep 0.1; done\n");
  home.start("first", "exec sleep 1000");
  const auto living = [&] {
    return processes_with_env("TREE_MARK", mark).size();
  };
  for (const auto& more :
       {std::vector<std::string>{},
        std::vector<std::string>{"--set", "limits.nofile=500"}}) {
    std::vector<std::string> words = {"start", "stubborn.sh", "--min-uptime",
                                      "50ms",  "-k",          "500ms"};
    words.insert(words.end(), more.begin(), more.end());
    home.must(words, {.env = {{"TREE_MARK", mark}}});
    CHECK(wait_until([&] { return living() >= 6; }));
    home.must({"stop", "stubborn"});
    CHECK(living() == 0);
    home.must({"delete", "stubborn"});
  }
}

TEST_CASE("a control group of its own: nobody leaves it, and it is removed") {
  const TestHome home;
  // Out of the session, out of the tree, and nothing in the environment.
  home.work().write("hides.sh",
                    "(env -i setsid sh -c 'trap \"\" INT TERM; while :; do "
                    "/bin/sleep 0.1; done' &)\n"
                    "echo up\n"
                    "while :; do sleep 0.1; done\n");
  home.start("hides", "hides.sh",
             {"--set", "limits.nofile=500", "-k", "300ms"});
  CHECK(wait_until(
      [&] { return home.must({"logs", "hides", "--raw"}).out == "up\n"; }));
  const pid_t pid = home.app("hides").pid;
  const std::string group = group_of(pid);
  const std::string dir = directory_of(group);
  if (group.find("/lodge-") == std::string::npos || dir.empty()) {
    MESSAGE("SKIPPED: no control groups here");
    return;
  }
  const auto members = [&] {
    std::vector<pid_t> pids;
    std::istringstream text(slurp(dir + "/cgroup.procs"));
    for (pid_t one; text >> one;) pids.push_back(one);
    return pids;
  };
  CHECK(wait_until([&] { return members().size() >= 3; }));
  const auto all = members();
  // The daemon that ends it need not be the one that started it.
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  home.must({"stop", "hides"});
  for (const pid_t one : all) CHECK_FALSE(is_running(one));
  CHECK(wait_until([&] { return !fs::exists(dir); }));
  // Lives that follow each other leave no groups behind.
  home.must({"start", "hides"});
  for (int i = 0; i < 3; ++i) home.must({"restart", "hides"});
  size_t groups = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(dir).parent_path()))
    groups += entry.is_directory() ? 1 : 0;
  CHECK(groups == 1);
  home.must({"kill"});
  CHECK(wait_until([&] { return !fs::exists(fs::path(dir).parent_path()); }));
}

}  // namespace support
