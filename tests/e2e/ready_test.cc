// When an app counts as ready: what it says of itself by sd_notify or over
// node's channel, in time or not, and over a daemon's death.

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/test_home.h"

namespace support {
namespace {

// Speaks sd_notify: says what comes, line by line, in the file `say`; each line
// is one datagram, with '|' for a newline. SIGINT ends it.
constexpr std::string_view kSpeaker = R"(
import os, signal, socket, sys, time
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
name = os.environ['NOTIFY_SOCKET']
assert name[0] == '@', name
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
done = 0
print('up', flush=True)
while True:
    if os.path.exists('say'):
        lines = open('say').read().split('\n')[:-1]
        for line in lines[done:]:
            peer.sendto(line.replace('|', '\n').encode(), '\0' + name[1:])
            print('said ' + line, flush=True)
        done = len(lines)
    time.sleep(0.01)
)";

void say(const TestHome& home, const std::string& words) {
  std::ofstream(home.work().path() + "/say", std::ios::app) << words << "\n";
}

bool logged(const TestHome& home, const std::string& app,
            const std::string& words) {
  return home.lodge({"logs", app, "--raw", "-n", "all"}).out.find(words) !=
         std::string::npos;
}

std::string variable_of(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  std::stringstream all;
  all << file.rdbuf();
  const std::string text = '\0' + all.str();
  const auto at = text.find('\0' + name + "=");
  if (at == text.npos) return {};
  const auto begin = at + name.size() + 2;
  return text.substr(begin, text.find('\0', begin) - begin);
}

// A process of ours, which belongs to no app, says it.
void say_from_outside(const std::string& socket, const std::string& words) {
  const auto ran = run({"python3", "-c",
                        "import socket,sys,time\n"
                        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                        "s.connect('\\0' + sys.argv[1][1:])\n"
                        "s.send(sys.argv[2].encode())\n"
                        // It is still there to be looked at.
                        "time.sleep(0.3)\n",
                        socket, words});
  REQUIRE(ran.exit == 0);
}

nlohmann::json described(const TestHome& home, const std::string& app) {
  return json_of(home.must({"describe", app, "--json"}).out).at(0);
}

bool has_node() {
  if (has_program("node")) return true;
  MESSAGE("SKIPPED: no node on this machine");
  return false;
}

}  // namespace

TEST_CASE("an app is launching until it says READY=1, and start waits for it") {
  const TestHome home;
  home.work().write("app.py", kSpeaker);
  auto start = home.background({"start", "app.py", "--wait-ready"});
  REQUIRE(wait_until([&] { return logged(home, "app", "up"); }));
  CHECK(home.app("app").status == "launching");
  say(home, "STATUS=opening the database");
  CHECK(wait_until([&] {
    return described(home, "app").at("said") == "opening the database";
  }));
  CHECK(home.must({"list"}).out.find("opening the database") !=
        std::string::npos);
  CHECK(home.app("app").status == "launching");
  say(home, "READY=1|STATUS=serving");
  const Ran ran = start.wait();
  CHECK(ran.exit == 0);
  CHECK(ran.out.find("ready in") != std::string::npos);
  CHECK(home.app("app").status == "online");
  CHECK(described(home, "app").at("said") == "serving");
  CHECK(home.events("app", "ready").size() == 1);
}

TEST_CASE("only a process of the app's own tree can say that it is ready") {
  const TestHome home;
  home.work().write("app.py", kSpeaker);
  home.must({"start", "app.py", "--wait-ready", "--no-wait"});
  REQUIRE(wait_until([&] { return logged(home, "app", "up"); }));
  const auto socket = variable_of(home.app("app").pid, "NOTIFY_SOCKET");
  REQUIRE_FALSE(socket.empty());
  say_from_outside(socket, "READY=1\nSTATUS=forged");
  // A word of its own that came later was heard: so was the other's.
  say(home, "STATUS=true");
  REQUIRE(
      wait_until([&] { return described(home, "app").at("said") == "true"; }));
  CHECK(home.app("app").status == "launching");
  say(home, "READY=1");
  CHECK(home.reaches("app", "online"));
}

TEST_CASE("a child of the app may say it, in a session of its own") {
  const TestHome home;
  home.work().write("child.py", std::string(kSpeaker));
  home.work().write("app.sh", "setsid python3 child.py & wait\n");
  say(home, "READY=1");
  CHECK(home.lodge({"start", "app.sh", "--wait-ready"}).exit == 0);
  CHECK(home.app("app").status == "online");
}

TEST_CASE("who does not become ready in time has failed, with the reason") {
  const TestHome home;
  home.work().write("app.py", kSpeaker);
  const Ran ran = home.lodge({"start", "app.py", "--wait-ready",
                              "--listen-timeout", "1s", "--no-autorestart"});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("was not ready within 1") != std::string::npos);
  CHECK(ran.err.find("READY=1") != std::string::npos);
  CHECK(home.reaches("app", "errored"));
  CHECK(home.app("app").pid == 0);
  // Also to a daemon that did not see it.
  home.kill_daemon();
  REQUIRE(home.reaches("app", "errored"));
  CHECK(described(home, "app")
            .at("reason")
            .get<std::string>()
            .starts_with("was not ready within 1"));
  // The policy's turn: without max_restarts it would come up again.
  const Ran again =
      home.lodge({"start", "app.py", "--name", "two", "--wait-ready",
                  "--listen-timeout", "500ms", "--max-restarts", "1"});
  CHECK(again.exit == 1);
  REQUIRE(home.reaches("two", "errored"));
  CHECK(home.app("two").restarts == 1);
  const auto exits = home.events("two", "exit");
  REQUIRE(exits.size() == 2);
  CHECK(exits[0].at("reason").get<std::string>().find("was not ready") == 0);
}

TEST_CASE("a daemon's death loses neither who is ready nor who is not yet") {
  const TestHome home;
  home.work().write("app.py", kSpeaker);
  home.must({"start", "app.py", "--name", "done", "--wait-ready", "--no-wait",
             "--listen-timeout", "10m"});
  REQUIRE(wait_until([&] { return logged(home, "done", "up"); }));
  say(home, "READY=1");
  REQUIRE(home.reaches("done", "online"));
  run({"rm", home.work().path() + "/say"});
  home.must({"start", "app.py", "--name", "slow", "--wait-ready", "--no-wait",
             "--listen-timeout", "10m"});
  REQUIRE(wait_until([&] { return logged(home, "slow", "up"); }));
  const AppRow done = home.app("done");
  const AppRow slow = home.app("slow");
  home.kill_daemon();
  // Said while nobody hears: it waits in the keeper's socket.
  say(home, "READY=1|STATUS=at last");
  CHECK(home.reaches("slow", "online"));
  CHECK(home.app("done").status == "online");
  CHECK(home.app("done").pid == done.pid);
  CHECK(home.app("slow").pid == slow.pid);
  CHECK(described(home, "slow").at("said") == "at last");
}

TEST_CASE("an app is heard under the same name after keeper and daemon died") {
  const TestHome home;
  home.work().write("app.py", kSpeaker);
  say(home, "READY=1");
  home.must({"start", "app.py", "--wait-ready"});
  const AppRow before = home.app("app");
  home.kill_daemon_and_keeper();
  home.work().write("other.py", "import time\ntime.sleep(1000)\n");
  home.start("other", "other.py");
  CHECK(home.app("app").pid == before.pid);
  CHECK(home.app("app").status == "online");
  say(home, "STATUS=still here");
  CHECK(wait_until(
      [&] { return described(home, "app").at("said") == "still here"; }));
}

TEST_CASE("an app that is not asked to gets no socket, not even the caller's") {
  const TestHome home;
  RunOptions options;
  options.env = {{"NOTIFY_SOCKET", "/run/systemd/notify"}};
  home.must({"start", "sleep 1000", "--name", "app", "--min-uptime", "1ms"},
            options);
  CHECK(variable_of(home.app("app").pid, "NOTIFY_SOCKET").empty());
}

TEST_CASE("node says ready by process.send, and any amount of other messages") {
  if (!has_node()) return;
  const TestHome home;
  home.work().write(
      "app.js",
      "process.on('SIGINT', () => process.exit(0));\n"
      "process.on('disconnect', () => console.log('disconnected'));\n"
      "setInterval(() => {}, 1000);\n"
      "let sent = 0;\n"
      "const text = 'x'.repeat(1000);\n"
      "const more = () => {\n"
      "  if (sent === 5000) {\n"
      "    process.send('ready', () => console.log('all sent'));\n"
      "    return;\n"
      "  }\n"
      "  process.send({ n: sent++, text }, more);\n"
      "};\n"
      "more();\n"
      "process.on('SIGUSR2', () => process.send({ after: text },\n"
      "  (e) => { console.log('again ' + (e ? e.code : 'ok'));\n"
      "    process.disconnect(); }));\n");
  const Ran ran = home.lodge({"start", "app.js", "--wait-ready"});
  CHECK(ran.exit == 0);
  CHECK(home.app("app").status == "online");
  CHECK(wait_until([&] { return logged(home, "app", "all sent"); }));
  home.kill_daemon();
  REQUIRE(home.reaches("app", "online"));
  const AppRow row = home.app("app");
  CHECK_FALSE(logged(home, "app", "disconnected"));
  REQUIRE(::kill(row.pid, SIGUSR2) == 0);
  CHECK(wait_until([&] { return logged(home, "app", "again ok"); }));
  CHECK(wait_until([&] { return logged(home, "app", "disconnected"); }));
  CHECK(home.app("app").pid == row.pid);
}

TEST_CASE(
    "shutdown_with_message: node is told over its channel, without a signal") {
  if (!has_node()) return;
  const TestHome home;
  home.work().write("app.js",
                    "process.on('SIGINT', () => { console.log('signal'); "
                    "process.exit(9); });\n"
                    "process.on('message', (m) => {\n"
                    "  console.log('message ' + m);\n"
                    "  if (m === 'shutdown') process.exit(0);\n"
                    "});\n"
                    "process.send('ready');\n");
  home.must({"start", "app.js", "--wait-ready", "--shutdown-with-message"});
  home.kill_daemon();
  REQUIRE(home.reaches("app", "online"));
  home.must({"stop", "app"});
  CHECK(logged(home, "app", "message shutdown"));
  CHECK_FALSE(logged(home, "app", "signal"));
  const auto exits = home.events("app", "exit");
  REQUIRE(exits.size() == 1);
  CHECK(exits[0].at("code") == 0);
}

TEST_CASE("an app that does not listen to the message is killed in time") {
  if (!has_node()) return;
  const TestHome home;
  home.work().write("app.js",
                    "process.on('message', () => {});\n"
                    "process.send('ready');\n");
  home.must({"start", "app.js", "--wait-ready", "--shutdown-with-message",
             "--kill-timeout", "200ms"});
  const pid_t pid = home.app("app").pid;
  home.must({"stop", "app"});
  CHECK_FALSE(is_running(pid));
  CHECK(home.events("app", "exit").at(0).at("signal") == SIGKILL);
}

TEST_CASE("without a channel shutdown_with_message is the signal") {
  const TestHome home;
  home.work().write("app.sh",
                    "trap 'echo got INT; exit 0' INT\n"
                    "echo up\nwhile :; do sleep 0.05; done\n");
  home.start("app", "app.sh", {"--shutdown-with-message"});
  REQUIRE(wait_until([&] { return logged(home, "app", "up"); }));
  home.must({"stop", "app"});
  CHECK(logged(home, "app", "got INT"));
}

}  // namespace support
