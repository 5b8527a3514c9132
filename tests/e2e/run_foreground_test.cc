// `lodge run`: apps in the foreground, as in a container.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "support/test_home.h"

namespace support {
namespace {

Ran foreground(const TestHome& home, std::vector<std::string> words,
               RunOptions options = {}) {
  words.insert(words.begin(), "run");
  return home.lodge(std::move(words), std::move(options));
}

Ran foreground_of_file(const TestHome& home, const std::string& apps) {
  home.work().write("apps.yaml", apps);
  return foreground(home, {home.work().file("apps.yaml")});
}

std::string text_of(const std::string& path) {
  auto text = base::fs::read_file(path);
  return text ? *text : std::string();
}

// Until the script has said that it is there.
bool is_up(const TestHome& home) {
  return wait_until([&] { return text_of(home.work().file("up")) == "up\n"; });
}

}  // namespace

TEST_CASE("an app alone has our stdout, stderr and stdin, byte for byte") {
  const TestHome home;
  const Ran ran = foreground(home,
                             {"cat; printf 'no end'; printf '\\0\\377' >&2",
                              "--no-autorestart", "--silent"},
                             {.input = "in\n"});
  CHECK(ran.exit == 0);
  CHECK(ran.out == "in\nno end");
  CHECK(ran.err == std::string("\0\377", 2));
  // No home is made, no daemon started.
  CHECK(home.daemons().empty());
  CHECK_FALSE(base::fs::exists(home.file("logs")));
}

TEST_CASE("the exit code is the last app's own, or tells the signal") {
  const TestHome home;
  CHECK(foreground(home, {"exit 3", "--no-autorestart"}).exit == 3);
  CHECK(foreground(home, {"kill -9 $$", "--no-autorestart"}).exit == 128 + 9);
  // A crash is restarted, and given up after so many.
  const Ran ran = foreground(home, {"echo life; exit 4", "--max-restarts", "2",
                                    "--restart-delay", "1ms"});
  CHECK(ran.exit == 4);
  CHECK(ran.out == "life\nlife\nlife\n");
  CHECK(ran.err.find("exited with code 4") != std::string::npos);
  CHECK(ran.err.find("given up") != std::string::npos);
  CHECK(foreground(home, {"sh", "--interpreter", "none", "--no-autorestart",
                          "--", "-c", "exit 5"})
            .exit == 5);
}

TEST_CASE("what can't be run is told before anything is started") {
  const TestHome home;
  const Ran missing = foreground(home, {"./nosuch", "echo started"});
  CHECK(missing.exit == 1);
  CHECK(missing.out.empty());
  CHECK(missing.err.find("nosuch") != std::string::npos);
  const Ran bad = foreground(home, {"true", "--set", "max_restart=3"});
  CHECK(bad.exit == 2);
  CHECK(bad.err.find("max_restarts") != std::string::npos);
  CHECK(foreground(home, {}).exit == 2);
}

TEST_CASE(
    "apps that can't run, or not together, are refused as a daemon does") {
  const TestHome home;
  struct Case {
    std::string_view second;
    int exit;
    std::string_view why;
  };
  for (const auto& [second, exit, why] : {
           Case{"uid: nobody-of-that-name", 1, "uid: nobody-of-that-name"},
           Case{"interpreter: nosuch-interpreter", 1, "nosuch-interpreter"},
           Case{"cron_tz: Nowhere/Land", 2, "cron_tz"},
           Case{"depends_on: [nosuch]", 2, "no such app"},
           Case{"depends_on: [a]", 2, "a cycle"},
       }) {
    CAPTURE(second);
    const Ran ran = foreground_of_file(
        home, fmt::format("apps:\n"
                          "  - {{name: a, script: echo started, "
                          "depends_on: [b]}}\n"
                          "  - {{name: b, script: echo started, {}}}\n",
                          second));
    CHECK(ran.exit == exit);
    CHECK(ran.out.empty());
    CHECK(ran.err.find(why) != std::string::npos);
  }
  home.work().write("one.yaml", "apps: [{name: a, script: echo started}]\n");
  home.work().write("two.yaml", "apps: [{name: a, script: echo too}]\n");
  const Ran twice = foreground(
      home, {home.work().file("one.yaml"), home.work().file("two.yaml")});
  CHECK(twice.exit == 2);
  CHECK(twice.out.empty());
  CHECK(twice.err.find("two apps of that name") != std::string::npos);
}

TEST_CASE("what waits for an app that failed does not keep us from ending") {
  const TestHome home;
  const Ran ran =
      foreground_of_file(home,
                         "apps:\n"
                         "  - {name: a, script: exit 0, autorestart: false}\n"
                         "  - {name: b, script: echo b, depends_on: {a: ready},"
                         " autorestart: false}\n"
                         "  - {name: c, script: echo c, depends_on: [b]}\n");
  CHECK(ran.exit == 127);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("b: not started: it depends on a") != std::string::npos);
  CHECK(ran.err.find("c: not started: it depends on b") != std::string::npos);
}

TEST_CASE("several apps with --prefix: whole lines, each under its name") {
  const TestHome home;
  const Ran ran = foreground(
      home, {"--prefix", "--no-autorestart", "--silent",
             "for i in $(seq 2000); do echo left $i; done; printf tail",
             "for i in $(seq 2000); do echo right $i; done"});
  CHECK(ran.exit == 0);
  int left = 0;
  int right = 0;
  std::string_view text = ran.out;
  bool whole = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (line.ends_with(fmt::format(" | left {}", left + 1)))
      ++left;
    else if (line.ends_with(fmt::format(" | right {}", right + 1)))
      ++right;
    else
      whole = whole && line.ends_with(" | tail");
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  CHECK(whole);
  CHECK(left == 2000);
  CHECK(right == 2000);
}

TEST_CASE("a signal to us is the app's, and its answer our exit code") {
  const TestHome home;
  home.work().write("app.sh",
                    "trap 'echo term; exit 7' TERM\n"
                    "trap 'echo usr1' USR1\n"
                    "echo up > up\n"
                    "while :; do sleep 0.05; done\n");
  Child child = home.background({"run", "app.sh", "--silent"});
  REQUIRE(is_up(home));
  child.signal(SIGUSR1);
  CHECK(wait_until([&] { return child.out() == "usr1\n"; }));
  child.signal(SIGTERM);
  const Ran ran = child.wait();
  CHECK(ran.exit == 7);
  CHECK(ran.out == "usr1\nterm\n");
}

TEST_CASE(
    "nothing is left of a tree that ignores signals and changes session") {
  const TestHome home;
  home.work().write(
      "app.sh",
      "trap '' TERM INT\n"
      "setsid sh -c 'trap \"\" TERM; echo $$ > a; exec sleep 1000' &\n"
      "(trap '' TERM; echo $BASHPID > b; exec sleep 1000) &\n"
      "while [ ! -s a ] || [ ! -s b ]; do sleep 0.01; done\n"
      "echo up > up\n"
      "while :; do sleep 0.05; done\n");
  Child child = home.background({"run", "app.sh", "-k", "300ms", "--silent"});
  REQUIRE(is_up(home));
  child.signal(SIGTERM);
  CHECK(child.wait().exit == 128 + SIGKILL);
  for (const char* name : {"a", "b"}) {
    const int pid = std::stoi(text_of(home.work().file(name)));
    CHECK(wait_until([&] { return !is_running(pid); }));
  }
}

TEST_CASE("as PID 1 of a read-only root: signals, orphans, exit codes") {
  if (::geteuid() != 0 || !has_program("unshare")) {
    MESSAGE("SKIPPED: needs root and unshare");
    return;
  }
  const TestHome home;
  // Everything is read-only but a directory in which the app may tell.
  home.work().write(
      "inside.sh",
      "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind / 2>/dev/null\n"
      "export LODGE_HOME=/nonexistent\n"
      "exec " +
          lodge_binary() + " run \"$1/app.sh\" --silent\n");
  home.work().write("app.sh",
                    "trap 'wait; exit 9' TERM\n"
                    "echo \"parent $PPID\"\n"
                    // An orphan: its parent ends at once.
                    "(sh -c 'sleep 0.2' & )\n"
                    "sleep 0.6\n"
                    "echo \"zombies $(grep -l '^State:.Z' /proc/[0-9]*/status "
                    "2>/dev/null | wc -l)\"\n"
                    "echo up > up\n"
                    "while :; do sleep 0.05; done\n");
  Child child(
      {"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
       "sh", home.work().file("inside.sh"), home.work().path()},
      home.in_home());
  REQUIRE(is_up(home));
  // The first process of the name space, seen from here.
  const auto inside = descendants(child.pid());
  const auto one = std::ranges::find_if(inside, [&](const auto& process) {
    return process.parent == child.pid();
  });
  REQUIRE(one != inside.end());
  ::kill(one->pid, SIGTERM);
  const Ran ran = child.wait();
  INFO(ran.err);
  CHECK(ran.exit == 9);
  CHECK(ran.out == "parent 1\nzombies 0\n");
}

TEST_CASE("--files keeps what the apps write as a daemon would, beside ours") {
  const TestHome home;
  const Ran ran = foreground(
      home, {"--files", "--name", "job",
             "printf 'one\\ntwo\\n'; printf 'bad\\n' >&2; printf 'no end'; "
             "exit 3",
             "--no-autorestart", "--silent"});
  CHECK(ran.exit == 3);
  CHECK(ran.out == "one\ntwo\nno end");
  CHECK(ran.err == "bad\n");
  CHECK(home.daemons().empty());
  // No list of apps: a later daemon must not start them.
  CHECK_FALSE(base::fs::exists(home.file("apps.json")));
  CHECK(home.must({"logs", "job", "--raw", "--out"}).out == "one\ntwo\nno end");
  CHECK(home.must({"grep", "bad", "job", "-c"}).out.find('1') !=
        std::string::npos);
  const Ran events = home.must({"events", "job", "--json"});
  CHECK(events.out.find("\"exit\"") != std::string::npos);
}

TEST_CASE("--files: nothing is lost at full speed, over restarts and seals") {
  const TestHome home;
  home.work().write("app.sh",
                    "n=$(cat lives 2>/dev/null || echo 0)\n"
                    "echo $((n + 1)) > lives\n"
                    "seq -f \"life $n line %.0f of what is written\" 60000\n"
                    "[ $n = 2 ] && exit 0\n"
                    "exit 1\n");
  const Ran ran =
      foreground(home, {"--files", "app.sh", "--silent", "--stop-exit-codes",
                        "0", "--set", "log.max_size=1M"});
  CHECK(ran.exit == 0);
  CHECK(std::ranges::count(ran.out, '\n') == 180000);
  const Ran kept = home.must({"logs", "app", "--raw", "--out", "-n", "all"});
  CHECK(kept.out == ran.out);
  CHECK_FALSE(base::fs::list_dir(home.log("archive/app")).value().empty());
}

TEST_CASE("--files: whoever stops reading us costs the files nothing") {
  const TestHome home;
  home.work().write("app.sh", "seq 100000\n");
  Child child({"sh", "-c",
               lodge_binary() + " run --files app.sh --no-autorestart --silent "
                                "2>/dev/null | head -1"},
              home.in_home());
  CHECK(child.wait().out == "1\n");
  CHECK(wait_until([&] {
    return home.must({"logs", "app", "--raw", "-n", "1"}).out == "100000\n";
  }));
  CHECK(home.must({"logs", "app", "-c"}).out.find("100000") !=
        std::string::npos);
}

TEST_CASE("--files: what an app left behind and is quiet stops nobody") {
  const TestHome home;
  home.work().write("a.sh", "sleep 1000 & exit 0\n");
  home.work().write("b.sh", "until grep -q '\"exit\"' " +
                                home.log("a-events.log") +
                                "; do sleep 0.02; done; seq 50000\n");
  const Ran ran = foreground(
      home, {"--files", "a.sh", "b.sh", "--silent", "--no-autorestart"});
  CHECK(ran.exit == 0);
  CHECK(std::ranges::count(ran.out, '\n') == 50000);
}

TEST_CASE("--prefix: a reader that is slow gets all of it") {
  const TestHome home;
  Child child(
      {"sh", "-c",
       lodge_binary() + " run --prefix --name a --no-autorestart 'seq 30000' "
                        "--silent | (sleep 2; cat)"},
      home.in_home());
  const Ran ran = child.wait();
  CHECK(std::ranges::count(ran.out, '\n') == 30000);
  CHECK(ran.out.ends_with("a | 30000\n"));
}

TEST_CASE("nobody reads what we say of the apps either") {
  const TestHome home;
  home.work().write("b.sh", "until [ -e gone ]; do sleep 0.02; done; exit 3\n");
  Child child({"sh", "-c",
               "(" + lodge_binary() +
                   " run --prefix --name a b.sh --no-autorestart; echo $? > "
                   "code) 2>&1 | (exec <&-; echo > gone)"},
              home.in_home());
  child.wait();
  CHECK(wait_until([&] { return text_of(home.work().file("code")) == "3\n"; }));
}

TEST_CASE("--prefix: nobody reads us any more, and that is the end") {
  const TestHome home;
  Child child(
      {"sh", "-c", lodge_binary() + " run --prefix 'yes' --silent | head -1"},
      home.in_home());
  CHECK(child.wait().out == "yes | y\n");
}

TEST_CASE("--files: a reader that is stuck does not keep us from ending") {
  const TestHome home;
  home.work().write("app.sh", "echo up > up; exec yes\n");
  auto pipe = base::fs::make_pipe().value();
  Child child(
      {"sh", "-c",
       "exec " + lodge_binary() + " run --files app.sh --silent >/proc/" +
           std::to_string(::getpid()) + "/fd/" +
           std::to_string(pipe.write.get())},
      home.in_home());
  REQUIRE(is_up(home));
  REQUIRE(wait_until([&] {
    return !home.lodge({"logs", "app", "--raw", "-n", "3"}).out.empty();
  }));
  child.signal(SIGTERM);
  CHECK(child.wait().exit == 128 + SIGTERM);
}

TEST_CASE(
    "--files: a damaged catalog is set aside, and two apps are kept apart") {
  const TestHome home;
  foreground(home, {"--files", "true", "--name", "a", "--no-autorestart"});
  REQUIRE(base::fs::replace_file(home.log("catalog.json"), "{"));
  home.work().write("a.sh", "echo from a\n");
  home.work().write("b.sh", "echo from b >&2\n");
  CHECK(
      foreground(home, {"--files", "a.sh", "b.sh", "--no-autorestart"}).exit ==
      0);
  CHECK(base::fs::exists(home.log("catalog.json.damaged")));
  CHECK(home.must({"logs", "a", "--raw"}).out == "from a\n");
  CHECK(home.must({"logs", "b", "--raw", "--err"}).out == "from b\n");
  // One file, two apps.
  const Ran ran =
      foreground(home, {"--files", "a.sh", "b.sh", "--no-autorestart", "--set",
                        "out_file=same.log"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("same.log") != std::string::npos);
}

TEST_CASE("--files: an exit has the app's last words") {
  const TestHome home;
  foreground(home, {"--files", "--name", "app",
                    "echo working; echo the last words >&2; exit 7",
                    "--no-autorestart", "--silent"});
  CHECK(home.must({"why", "app"}).out.find("the last words") !=
        std::string::npos);
}

TEST_CASE("--files where a daemon keeps the logs is refused before any start") {
  const TestHome home;
  home.must({"start", "sleep 1000", "--name", "other", "--no-wait"});
  const Ran ran = foreground(home, {"--files", "touch started"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("a daemon keeps the logs of") != std::string::npos);
  CHECK_FALSE(base::fs::exists(home.work().file("started")));
}

}  // namespace support
