// The boot unit: what it says, that its commands work as a service manager
// runs them, and who may install it.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "e2e/reboot.h"
#include "support/test_home.h"

namespace support {
namespace {

// Values of a key in a unit, quotes and escapes taken off.
std::vector<std::string> values_of(const std::string& unit,
                                   const std::string& key) {
  std::vector<std::string> values;
  std::istringstream lines(unit);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key + "=")) continue;
    std::string value;
    for (size_t i = key.size() + 1; i < line.size(); ++i) {
      if (line[i] == '"') continue;
      if ((line[i] == '\\' || line[i] == '%') && i + 1 < line.size()) ++i;
      value += line[i];
    }
    values.push_back(value);
  }
  return values;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// Runs a line of the unit with nothing but what systemd would give it.
Ran run_line(const TestHome& home, const std::string& unit,
             const std::string& key, const std::string& notify_socket) {
  const auto lines = values_of(unit, key);
  REQUIRE(lines.size() == 1);
  std::vector<std::string> argv = {"env", "-i"};
  argv.push_back("TEST_OF_LODGE=" + home.path());
  argv.push_back("HOME=" + home.work().path());
  argv.insert(argv.end(), {"USER=root", "LOGNAME=root", "SHELL=/bin/sh",
                           "LANG=C.UTF-8", "INVOCATION_ID=1"});
  argv.push_back("NOTIFY_SOCKET=" + notify_socket);
  for (const auto& variable : values_of(unit, "Environment"))
    argv.push_back(variable);
  const bool may_fail = lines.front().starts_with('-');
  CHECK(may_fail == (key == "ExecStop"));
  for (const auto& word : words_of(lines.front().substr(may_fail ? 1 : 0)))
    argv.push_back(word);
  return run(argv, {.cwd = "/"});
}

std::string dry_run(const TestHome& home, std::vector<std::string> words = {},
                    RunOptions options = {}) {
  std::vector<std::string> args = {"startup", "systemd", "--dry-run"};
  args.insert(args.end(), words.begin(), words.end());
  const auto text = home.must(std::move(args), std::move(options)).out;
  const auto end = text.find("\n# then");
  REQUIRE(end != text.npos);
  return text.substr(0, end);
}

// A program that stands for systemctl and notes what it was asked.
std::string fake_program(const TestHome& home, const std::string& name) {
  home.work().write("bin/" + name,
                    "#!/bin/sh\necho \"" + name + " $*\" >> '" +
                        home.work().file("asked") + "'\n",
                    0755);
  return home.work().file("bin") + ":/usr/bin:/bin";
}

// Where a machine's /etc and /run are that was booted with systemd.
std::string a_machine(const TestHome& home) {
  const auto root = home.work().file("root");
  std::filesystem::create_directories(root + "/run/systemd/system");
  return root;
}

bool is_root() {
  if (::geteuid() == 0) return true;
  MESSAGE("SKIPPED: not root");
  return false;
}

}  // namespace

TEST_CASE("the unit's commands: ready with the apps, reload, stop to nothing") {
  const TestHome home;
  home.start("up", "exec sleep 1000");
  home.start("down", "exec sleep 1000");
  home.must({"stop", "down"});
  const auto unit = dry_run(home);
  lose_power(home);
  const ServiceManager manager(home.work().file("n"));

  const Ran start = run_line(home, unit, "ExecStart", manager.path());
  INFO(start.out, start.err);
  REQUIRE(start.exit == 0);
  REQUIRE(home.keepers().size() == 1);
  const pid_t keeper = home.keepers()[0].pid;
  // Told before the command ended, in one message.
  CHECK(manager.was_told("READY=1"));
  CHECK(manager.was_told("MAINPID=" + std::to_string(keeper)));
  CHECK(manager.was_told("STATUS=2 instances came back, 0 failed"));
  const auto up = home.app("up");
  CHECK(up.status == "online");
  CHECK(up.id == 0);
  CHECK(home.app("down").status == "stopped");
  CHECK(home.app("down").id == 1);

  const pid_t daemon = home.daemon_pid();
  const Ran reload = run_line(home, unit, "ExecReload", manager.path());
  INFO(reload.out, reload.err);
  CHECK(reload.exit == 0);
  CHECK(home.daemon_pid() != daemon);
  CHECK(home.keepers()[0].pid == keeper);
  CHECK(home.app("up").pid == up.pid);

  const Ran stop = run_line(home, unit, "ExecStop", manager.path());
  INFO(stop.out, stop.err);
  CHECK(stop.exit == 0);
  CHECK(home.processes().empty());
  CHECK(manager.was_told("EXTEND_TIMEOUT_USEC=40000000"));
}

TEST_CASE("a keeper's successor tells the manager who it is; an app does not") {
  const TestHome home;
  // Started by some other service's command, whose socket is not the app's.
  home.must({"start",
             "echo \"socket=$NOTIFY_SOCKET$LODGE_NOTIFY_SOCKET.\"; exec sleep "
             "1000",
             "--name", "show", "--min-uptime", "50ms"},
            {.env = {{"NOTIFY_SOCKET", home.work().file("other")}}});
  lose_power(home);
  const ServiceManager manager(home.work().file("n"));
  REQUIRE(run_line(home, dry_run(home), "ExecStart", manager.path()).exit == 0);
  const auto app = home.app("show");
  REQUIRE(home.keepers().size() == 1);
  const pid_t keeper = home.keepers()[0].pid;
  ::kill(keeper, SIGKILL);
  CHECK(wait_until([&] {
    const auto now = home.keepers();
    return now.size() == 1 && now[0].pid != keeper &&
           manager.was_told("MAINPID=" + std::to_string(now[0].pid));
  }));
  CHECK(home.app("show").pid == app.pid);
  CHECK(home.must({"logs", "show", "--raw", "-n", "all"}).out ==
        "socket=.\nsocket=.\n");
}

TEST_CASE("units are what systemd takes them for, odd paths too") {
  if (!has_program("systemd-analyze")) {
    MESSAGE("SKIPPED: no systemd-analyze");
    return;
  }
  const TestHome home("od%d \"ho$me\"");
  for (const std::string kind : {"system", "user"}) {
    CAPTURE(kind);
    std::vector<std::string> words;
    if (kind == "user") words = {"--user"};
    const auto unit = dry_run(home, words);
    CHECK(values_of(unit, "Environment").front() ==
          "LODGE_HOME=" + home.path());
    const auto path = home.work().write(kind + "/lodge-x.service", unit);
    const Ran ran =
        run({"systemd-analyze", "verify", "--man=no", "--" + kind, path},
            {.env = {{"XDG_RUNTIME_DIR", home.work().path()}}});
    INFO(unit, ran.out, ran.err);
    CHECK(ran.exit == 0);
    CHECK(ran.err.empty());
  }
}

TEST_CASE("startup as root installs, once more is no harm, unstartup removes") {
  if (!is_root()) return;
  const TestHome home;
  const auto root = a_machine(home);
  const RunOptions options = {
      .env = {{"LODGE_SYSROOT", root},
              {"PATH", fake_program(home, "systemctl")}}};
  const auto path = root + "/etc/systemd/system/lodge-root.service";
  for (int i = 0; i < 2; ++i) {
    const Ran ran = home.must({"startup"}, options);
    CHECK(ran.out ==
          "[lodge] " + path + " written: the apps of root come back at boot\n");
  }
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0644);
  CHECK(slurp(path) == home.must({"startup", "--dry-run"}, options)
                           .out.substr(path.size() + 3, slurp(path).size()));
  home.must({"unstartup"}, options);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(home.must({"unstartup"}, options).out.find("there is no boot unit") !=
        std::string::npos);
  const std::string twice =
      "systemctl daemon-reload\nsystemctl enable lodge-root.service\n";
  CHECK(slurp(home.work().file("asked")) ==
        twice + twice +
            "systemctl disable lodge-root.service\nsystemctl daemon-reload\n");
}

TEST_CASE("startup leaves another's unit alone, and says who failed") {
  if (!is_root()) return;
  const TestHome home;
  const auto root = a_machine(home);
  const auto path = home.work().write(
      "root/etc/systemd/system/lodge-root.service", "[Unit]\n");
  const RunOptions options = {
      .env = {{"LODGE_SYSROOT", root},
              {"PATH", fake_program(home, "systemctl")}}};
  const Ran ran = home.lodge({"startup"}, options);
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("another unit is there") != std::string::npos);
  CHECK(slurp(path) == "[Unit]\n");
  home.work().write("bin/systemctl", "#!/bin/sh\nexit 4\n", 0755);
  const Ran failed = home.lodge({"startup", "--service-name", "mine"}, options);
  CHECK(failed.exit == 1);
  CHECK(failed.err.find("systemctl daemon-reload: exit code 4") !=
        std::string::npos);
}

TEST_CASE("without root startup shows the command, --user needs none") {
  if (!is_root() || !has_program("setpriv")) return;
  const TestHome home;
  ::chmod(home.work().path().c_str(), 0777);
  const auto root = a_machine(home);
  const auto as_nobody = [&](std::vector<std::string> words) {
    std::vector<std::string> argv = {"setpriv",     "--reuid", "65534",
                                     "--regid",     "65534",   "--clear-groups",
                                     lodge_binary()};
    argv.insert(argv.end(), words.begin(), words.end());
    const auto nobodys = home.work().file("nobody");
    return run(argv, {.env = {{"LODGE_SYSROOT", root},
                              {"HOME", nobodys},
                              {"PATH", fake_program(home, "systemctl")}},
                      .cwd = "/"});
  };
  const Ran ran = as_nobody({"startup"});
  if (ran.exit == 127) return;  // nobody may not enter the build
  INFO(ran.out, ran.err);
  CHECK(ran.exit == 1);
  CHECK(ran.out.starts_with("[lodge] this needs root:\nsudo env 'PATH="));
  CHECK(ran.out.find(lodge_binary() + " startup systemd -u nobody --hp " +
                     home.work().file("nobody") + "\n") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(root + "/etc"));
  ::mkdir(home.work().file("nobody").c_str(), 0777);
  ::chmod(home.work().file("nobody").c_str(), 0777);
  const Ran user = as_nobody({"startup", "--user"});
  INFO(user.out, user.err);
  CHECK(user.exit == 0);
  CHECK(user.out.find("loginctl enable-linger nobody") != std::string::npos);
  CHECK(slurp(home.work().file("nobody/.config/systemd/user/lodge.service"))
            .find("WantedBy=default.target") != std::string::npos);
  CHECK(slurp(home.work().file("asked")) ==
        "systemctl --user daemon-reload\n"
        "systemctl --user enable lodge.service\n");
}

TEST_CASE("startup's wrong words are told, nothing is written") {
  const TestHome home;
  const auto root = a_machine(home);
  const RunOptions options = {.env = {{"LODGE_SYSROOT", root}}};
  const Ran user = home.lodge({"startup", "root"}, options);
  CHECK(user.exit == 2);
  CHECK(user.err.find("neither systemd nor openrc") != std::string::npos);
  CHECK(user.err.find("-u root") != std::string::npos);
  CHECK(home.lodge({"startup", "-u", "no-such-user"}, options).exit == 1);
  CHECK(home.lodge({"startup", "--service-name", "../x"}, options).exit == 2);
  CHECK(home.lodge({"startup", "--hp", "x"}, options).exit == 2);
  const RunOptions bare = {
      .env = {{"LODGE_SYSROOT", home.work().file("none")}}};
  const Ran none = home.lodge({"startup"}, bare);
  CHECK(none.exit == 1);
  CHECK(none.err.find("container") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(root + "/etc"));
}

TEST_CASE("the OpenRC script starts, reloads, tells and stops") {
  if (!is_root()) return;
  const TestHome home;
  home.start("up", "exec sleep 1000");
  lose_power(home);
  const auto text = home.must({"startup", "openrc", "--dry-run"}).out;
  const auto begin = text.find("#!/sbin/openrc-run");
  REQUIRE(begin != text.npos);
  CHECK(text.find("rc-update add lodge-root default") != text.npos);
  const auto script = home.work().write(
      "lodge-root", text.substr(begin, text.find("\n# then") - begin));
  const auto call = [&](const std::string& function) {
    return run({"env", "-i", "TEST_OF_LODGE=" + home.path(), "sh", "-c",
                "ebegin() { :; }; eend() { return $1; }; . " + script + "; " +
                    function},
               {.cwd = "/"});
  };
  CHECK(call("status").exit == 3);
  const Ran start = call("start");
  INFO(start.out, start.err);
  CHECK(start.exit == 0);
  CHECK(home.app("up").status == "online");
  CHECK(call("status").exit == 0);
  const pid_t daemon = home.daemon_pid();
  CHECK(call("reload").exit == 0);
  CHECK(home.daemon_pid() != daemon);
  CHECK(call("stop").exit == 0);
  CHECK(home.processes().empty());
}

TEST_CASE("start says once that nothing is started at boot, if that is so") {
  const TestHome home;
  const RunOptions options = {.env = {{"LODGE_SYSROOT", a_machine(home)}}};
  const std::string words = "[lodge] not started at boot: lodge startup\n";
  const auto start = [&](const TestHome& where, const std::string& name) {
    return where
        .must({"start", "exec sleep 1000", "--name", name, "--min-uptime",
               "50ms"},
              options)
        .out;
  };
  CHECK(start(home, "a").find(words + "┌") != std::string::npos);
  CHECK(start(home, "b").find(words) == std::string::npos);
  const TestHome other;
  other.work().write("x", "");
  const auto unit = dry_run(other);
  home.work().write("root/etc/systemd/system/lodge-other.service", unit);
  CHECK(start(other, "a").find(words) == std::string::npos);
  const TestHome container;
  CHECK(container
            .must({"start", "exec sleep 1000", "--name", "a", "--min-uptime",
                   "50ms"},
                  {.env = {{"LODGE_SYSROOT", container.work().file("none")}}})
            .out.find(words) == std::string::npos);
}

TEST_CASE("after a reboot: same apps, same ids, stopped stopped, no save") {
  const TestHome home;
  home.start("gone", "exec sleep 1000");
  home.start("up", "exec sleep 1000", {"-i", "2"});
  home.start("down", "exec sleep 1000");
  home.start("once", "sleep 0.2; exit 0", {"--no-autorestart"});
  CHECK(home.lodge({"start", "exit 1", "--name", "broken", "--min-uptime",
                    "10s", "--max-restarts", "0"})
            .exit == 1);
  CHECK(home.reaches("broken", "errored"));
  CHECK(home.reaches("once", "stopped"));
  home.must({"stop", "down"});
  home.must({"delete", "gone"});
  const auto before = home.list();
  lose_power(home);
  const Ran ran = home.lodge({"resurrect", "--boot"});
  INFO(ran.out, ran.err);
  CHECK(ran.exit == 0);
  const auto after = home.list();
  REQUIRE(after.size() == before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    CHECK(after[i].name == before[i].name);
    CHECK(after[i].id == before[i].id);
    CHECK(after[i].out_file == before[i].out_file);
  }
  CHECK(home.app("up").status == "online");
  CHECK(home.app("down").status == "stopped");
  CHECK(home.app("once").status == "stopped");
  CHECK(ran.out.find("[lodge] down: kept stopped\n") != std::string::npos);
  // Tried again, once, and given up again.
  CHECK(home.reaches("broken", "errored"));
  CHECK(home.events("broken", "start").size() == 2);
  CHECK(ran.err.find("lodge: resurrect: broken: ") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(home.file("dump")));
}

TEST_CASE("an interpreter of the caller's PATH alone is found at boot") {
  const TestHome home;
  // As nvm has it: node in a directory that only that shell knows of.
  const auto bin = home.work().file("nvm/versions/node/v20/bin");
  home.work().write("nvm/versions/node/v20/bin/node",
                    "#!/bin/sh\necho \"ran by $0 with $1\"\nexec sleep 1000\n",
                    0755);
  const auto script = home.work().write("api.js", "// for node\n");
  const auto tool = home.work().write("tool", "#!/usr/bin/env node\n", 0755);
  const RunOptions shell = {.env = {{"PATH", bin + ":/usr/bin:/bin"}}};
  home.must({"start", script, "--min-uptime", "50ms"}, shell);
  home.must({"start", tool, "--min-uptime", "50ms"}, shell);
  const auto unit = dry_run(home, {}, {.env = {{"PATH", "/usr/bin:/bin"}}});
  lose_power(home);
  const ServiceManager manager(home.work().file("n"));
  const Ran ran = run_line(home, unit, "ExecStart", manager.path());
  INFO(ran.out, ran.err);
  REQUIRE(ran.exit == 0);
  for (const auto& [name, path] :
       {std::pair{"api", script}, std::pair{"tool", tool}}) {
    CHECK(home.app(name).status == "online");
    const std::string line = "ran by " + bin + "/node with " + path + "\n";
    CHECK(wait_until([&] {
      return home.must({"logs", name, "--raw", "-n", "all"}).out == line + line;
    }));
  }
}

TEST_CASE("a list cut off anywhere gives way to its copy, and that is said") {
  const TestHome home;
  const RunOptions bare = {.env = {{"PATH", "/usr/bin:/bin"}}};
  home.start("up", "exec sleep 1000");
  home.start("down", "exec sleep 1000");
  home.must({"stop", "down"});
  home.must({"stop", "down"});  // the copy says the same
  lose_power(home);
  const auto list = slurp(home.file("apps.json"));
  const auto copy = slurp(home.file("apps.json.bak"));
  REQUIRE(list.size() > 100);
  // Every byte is tests/supervisor/app_list_test's; here some, in a daemon.
  for (const size_t size : {size_t{0}, size_t{1}, size_t{20}, list.size() / 2,
                            list.size() - 3, list.size() - 1}) {
    CAPTURE(size);
    home.work().write("list", list.substr(0, size));
    home.work().write("copy", copy);
    run({"cp", home.work().file("list"), home.file("apps.json")});
    run({"cp", home.work().file("copy"), home.file("apps.json.bak")});
    run({"truncate", "-s", "0", home.file("lodge.log")});
    const Ran ran = home.must({"resurrect", "--boot"});
    CHECK(ran.err.find("apps.json") != std::string::npos);
    CHECK(ran.err.find("using") != std::string::npos);
    CHECK(home.app("up").status == "online");
    CHECK(home.app("up").id == 0);
    CHECK(home.app("down").status == "stopped");
    CHECK(home.must({"list"}).err.find("apps.json") != std::string::npos);
    CHECK(slurp(home.file("lodge.log")).find("apps.json") != std::string::npos);
    CHECK(slurp(home.log("lodge-events.log")).find("apps.json") !=
          std::string::npos);
    // Whole again, and the damaged one did not become the copy.
    CHECK(slurp(home.file("apps.json.damaged")) == list.substr(0, size));
    lose_power(home);
    const Ran again = home.must({"resurrect", "--boot"});
    CHECK(again.err.empty());
    CHECK(home.app("down").status == "stopped");
    lose_power(home);
  }
}

}  // namespace support
