// What commands say of what is and what is not there.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/test_home.h"

namespace support {

TEST_CASE("all of no apps is an error where something was to be done") {
  const TestHome home;
  CHECK(home.lodge({"start", "all"}).exit == 1);
  home.start("api", "exec sleep 1000");
  const Ran none = home.lodge({"stop", "all", "--exclude", "api"});
  CHECK(none.exit == 1);
  CHECK(none.err == "lodge: stop: all: --exclude leaves nothing of it\n");
  home.must({"delete", "all"});
  for (const std::string command : {"stop", "restart", "delete", "start"}) {
    const Ran ran = home.lodge({command, "all"});
    CHECK(ran.exit == 1);
    CHECK(ran.out.empty());
    CHECK(
        ran.err.starts_with("lodge: " + command + ": all: there are no apps"));
  }
  CHECK(home.must({"list"}).out.find("│ id ") != std::string::npos);
  home.must({"list", "--json"});
  home.must({"flush"});
}

TEST_CASE("a stderr that is closed or full does not change how it ends") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  const std::vector<std::vector<std::string>> commands = {
      {"stop", "nosuch"},        {"logs", "api", "--grep", "("},
      {"grep", "nosuch", "api"}, {"run", "./nosuch"},
      {"validate", "nosuch"},    {"list"}};
  for (const auto& words : commands) {
    const int exit = home.lodge(words).exit;
    for (const std::string_view where : {"2>&-", "2>/dev/full"}) {
      CAPTURE(words);
      CAPTURE(where);
      std::vector<std::string> argv = {
          "sh", "-c", "exec \"$0\" \"$@\" " + std::string(where),
          lodge_binary()};
      argv.insert(argv.end(), words.begin(), words.end());
      CHECK(run(argv, home.in_home()).exit == exit);
    }
  }
}

TEST_CASE("what is printed goes to no file of ours when stdout is closed") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  const Ran ran = run({"sh", "-c", "exec \"$0\" logs api >&-", lodge_binary()},
                      home.in_home());
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("Bad file descriptor") != std::string::npos);
  // The daemon's socket would have been our stdout.
  const Ran rotated =
      run({"sh", "-c", "exec \"$0\" rotate api >&- 2>&- <&-", lodge_binary()},
          home.in_home());
  CHECK(rotated.exit == 1);
  CHECK(home.must({"logs", "api", "--raw"}).out == "hello\n");
}

TEST_CASE("a target of which nothing is left is an error, to readers too") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  home.must({"rotate"});
  struct Row {
    std::vector<std::string> command;
    int exit;
  };
  for (const auto& [command, exit] :
       std::vector<Row>{{{"logs"}, 2},
                        {{"grep", "x"}, 2},
                        {{"events"}, 2},
                        {{"archive", "ls"}, 2},
                        {{"archive", "verify"}, 2},
                        {{"archive", "export"}, 2},
                        {{"archive", "retention"}, 2},
                        {{"archive", "prune", "--to", "0"}, 1},
                        {{"flush"}, 1},
                        {{"rotate"}, 1},
                        {{"list"}, 1}}) {
    auto words = command;
    words.insert(words.end(), {"api", "--exclude", "api"});
    CAPTURE(words);
    const Ran ran = home.lodge(words);
    CHECK(ran.exit == exit);
    CHECK(ran.out.empty());
    CHECK(ran.err.find("api: --exclude leaves nothing of it") !=
          std::string::npos);
  }
  CHECK(home.must({"logs", "api", "--raw"}).out == "hello\n");
  // Lodge's own events are no app's.
  home.must({"set", "logs.follow", "false"});
  CHECK(home.must({"events", "--exclude", "api"}).out.find("lodge") !=
        std::string::npos);
  const Ran both = home.lodge({"logs", "lodge", "api"});
  CHECK(both.exit == 2);
  CHECK(both.err.find("no such app") == std::string::npos);
  CHECK(both.err.find("· lodge logs lodge") != std::string::npos);
}

TEST_CASE("a home that is none is said by those who read") {
  const TestHome home;
  home.work().write("file", "");
  for (const auto* name : {"typo", "file", "file/below"}) {
    const std::string root = home.work().file(name);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"logs"},
          {"logs", "all"},
          {"grep", "x"},
          {"events"},
          {"why", "all"},
          {"report", "--since", "1h"},
          {"archive", "ls"},
          {"archive", "verify"},
          {"archive", "export"},
          {"archive", "retention"}}) {
      auto words = command;
      words.insert(words.end(), {"--home", root});
      CAPTURE(words);
      const Ran ran = home.lodge(words);
      CHECK(ran.exit == 2);
      CHECK(ran.out.empty());
      CHECK(ran.err.find(root) != std::string::npos);
    }
  }
  // One without apps is one.
  home.work().write("empty/file", "");
  home.must({"logs", "--home", home.work().file("empty")});
}

TEST_CASE("readers that can't write their answer exit 2") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  home.must({"rotate"});
  struct Row {
    std::string words;
    int exit;
  };
  for (const auto& [words, exit] :
       std::vector<Row>{{"logs api", 2},
                        {"grep hello api", 2},
                        {"events", 2},
                        {"archive ls", 2},
                        {"archive verify", 2},
                        {"archive retention", 2},
                        {"archive prune --to 10G", 1},
                        {"list", 1}}) {
    CAPTURE(words);
    const Ran ran = run(
        {"sh", "-c", "exec \"$0\" " + words + " >/dev/full", lodge_binary()},
        home.in_home());
    CHECK(ran.exit == exit);
    CHECK(ran.err.find("No space left") != std::string::npos);
  }
}

TEST_CASE("a range that ends before it begins is said with both its times") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"logs"}, {"events"}, {"report"}}) {
    auto words = command;
    words.insert(words.end(),
                 {"--since", "2026-01-02", "--until", "2026-01-01 10:15"});
    const Ran ran = home.lodge(words);
    CHECK(ran.exit == 2);
    CHECK(ran.err ==
          "lodge: " + command[0] +
              ": --until 2026-01-01 10:15: 2026-01-01 10:15:00 is not after "
              "--since 2026-01-02, 2026-01-02 00:00:00\n");
  }
}

TEST_CASE("on a terminal the range that was meant is said, of a search, too") {
  const TestHome home;
  home.start("api", "echo hello; exec sleep 1000");
  for (const std::string command : {"logs api", "grep hello api"}) {
    CAPTURE(command);
    const Ran ran = run(
        {"script", "-qec",
         lodge_binary() + " " + command + " --since 2020-01-02", "/dev/null"},
        home.in_home());
    CHECK(ran.out.find("2020-01-02 00:00:00 to now, ") != std::string::npos);
  }
  CHECK(home.must({"grep", "hello", "api", "--since", "2020-01-02"})
            .err.find("to now") == std::string::npos);
}

TEST_CASE("the footer of list counts what deleted apps left") {
  const TestHome home;
  home.start("api", "head -c 30000 /dev/zero | tr '\\0' x; exec sleep 1000");
  CHECK(wait_until(
      [&] { return home.must({"logs", "api", "--raw"}).out.size() == 30000; }));
  home.must({"delete", "api"});
  const std::string out = home.must({"list"}).out;
  INFO(out);
  CHECK(out.find("\nlogs 29.3 KB of ") != std::string::npos);
}

TEST_CASE("a known app is started by its name without a daemon") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.start("web", "exec sleep 1000");
  home.start("old", "exec sleep 1000");
  home.must({"stop", "api", "web"});
  home.must({"delete", "old"});
  home.must({"kill"});
  const Ran gone = home.lodge({"start", "old"});
  CHECK(gone.exit == 1);
  CHECK(gone.err.find("old: no such file") != std::string::npos);
  CHECK(home.processes().empty());  // and no daemon was started for it
  home.must({"start", "api"});
  CHECK(home.app("api").status == "online");
  CHECK(home.app("web").status == "stopped");
}

TEST_CASE("a known app wins over a file of its name; a path is a file") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.must({"stop", "api"});
  home.work().write("api", "not a program");
  home.must({"start", "api"}, {.cwd = home.work().path()});
  CHECK(home.app("api").status == "online");
  const Ran ran = home.lodge({"start", "./api"}, {.cwd = home.work().path()});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("neither executable") != std::string::npos);
}

TEST_CASE("flags of start are applied to a known app, and the rest stays") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"--set", "env_blue.MODE=blue"});
  const int pid = home.app("api").pid;
  Ran ran = home.must({"start", "api", "--watch", "--kill-timeout", "3s"},
                      {.cwd = "/"});
  CHECK(ran.out.find("api: applied (") != std::string::npos);
  CHECK(home.app("api").pid == pid);
  const auto setting = [&](const std::string& key) {
    const auto all = json_of(home.must({"describe", "api", "--json"}).out);
    return all.at(0).at("settings").at(key).at("value").get<std::string>();
  };
  CHECK(setting("watch") == "true");
  CHECK(setting("kill_timeout") == "3000");
  CHECK(setting("script") == "exec sleep 1000");
  CHECK(setting("cwd") == home.work().path());
  home.must({"start", "api", "-i", "2", "--watch=false"});
  CHECK(home.list().size() == 2);
  CHECK(setting("watch") == "false");
  CHECK(setting("kill_timeout") == "3000");
  // Its environments are those that it has.
  ran = home.lodge({"start", "api", "--time", "--env", "green"});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("did you mean") == std::string::npos);
  CHECK(ran.err.find("it has blue") != std::string::npos);
  home.must({"start", "api", "--time", "--env", "blue"});
  CHECK(home.must({"env", "api/0"}).out.find("MODE=blue") != std::string::npos);
  // A name that is given is one of something to run.
  ran = home.lodge({"start", "api", "--name", "web", "--watch"});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("api: no such file") != std::string::npos);
  // Without a daemon it is known, too.
  home.must({"kill"});
  ran = home.must({"start", "api", "--max-memory-restart", "900M"});
  CHECK(home.list().size() == 2);
  CHECK(setting("max_memory_restart") == "900M");
}

TEST_CASE("start --update-env of a known app gives it the new environment") {
  const TestHome home;
  home.start("api", "echo color=$COLOR; exec sleep 1000");
  const Ran ran = home.lodge({"start", "api", "--update-env"},
                             {.env = {{"COLOR", "blue"}}});
  INFO(ran.out, ran.err);
  CHECK(ran.exit == 0);
  CHECK(wait_until([&] {
    return home.must({"logs", "api", "--raw"}).out.ends_with("color=blue\n");
  }));
}

TEST_CASE("a range that reaches back behind a flush says where logs begin") {
  const TestHome home;
  home.start("api", "while :; do date +%N; sleep 0.05; done");
  const auto wrote = [&] {
    return !home.must({"logs", "api", "--raw"}).out.empty();
  };
  CHECK(wait_until(wrote));
  const Ran whole = home.must({"logs", "api", "--since", "-1h"});
  CHECK(whole.err.empty());
  home.must({"flush", "api"});
  CHECK(wait_until(wrote));
  const Ran cut = home.must({"logs", "api", "--since", "-1h"});
  CHECK(cut.err.starts_with("lodge: api: logs begin 20"));
  CHECK(cut.err.find("(older: flushed 20") != std::string::npos);
  const auto lines =
      json_lines(home.must({"logs", "api", "--since", "-1h", "--json"}).out);
  REQUIRE_FALSE(lines.empty());
  CHECK(lines[0]["gap"]["app"] == "api");
  CHECK(lines[0]["gap"]["reason"] == "flushed");
  // Who asks for a number or nothing gets that alone.
  for (const bool json : {false, true}) {
    std::vector<std::string> args = {"grep", "[0-9]", "--since", "-1h"};
    if (json) args.emplace_back("--json");
    auto quiet = args;
    quiet.emplace_back("-q");
    const Ran silent = home.must(quiet);
    CHECK(silent.out + silent.err == "");
    for (const char* flag : {"-c", "-l", "--files", "--by=1m"}) {
      auto counting = args;
      counting.emplace_back(flag);
      const Ran ran = home.must(counting);
      CHECK(ran.out.find("gap") == std::string::npos);
      CHECK(ran.err.find("flushed") != std::string::npos);
      if (json) CHECK(json_of(ran.err)["gap"]["app"] == "api");
    }
  }
}

TEST_CASE("exit codes with a daemon are those of the contract") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.start("down", "exec sleep 1000");
  home.must({"stop", "down"});
  struct Row {
    std::vector<std::string> args;
    int exit;
  };
  for (const auto& [args, exit] : std::vector<Row>{
           {{"list"}, 0},
           {{"jlist"}, 0},
           {{"ping"}, 0},
           {{"describe", "api"}, 0},
           {{"describe", "nope"}, 1},
           {{"pid", "api"}, 0},
           {{"pid", "down"}, 1},
           {{"pid", "nope"}, 1},
           {{"stop", "down"}, 0},
           {{"stop", "nope"}, 1},
           {{"restart", "nope"}, 1},
           {{"delete", "nope"}, 1},
           {{"start", "nope"}, 1},
           {{"flush", "api"}, 0},
           {{"flush", "nope"}, 1},
           {{"logs", "api"}, 0},
           {{"logs", "api", "--until", "2020-01-01"}, 1},
           {{"logs", "nope"}, 2},
           {{"events", "api"}, 0},
           {{"events", "api", "--since", "2099-01-01"}, 1},
           {{"events", "nope"}, 2},
           {{"describe"}, 2},
           {{"start", "api", "--wait"}, 2},
       }) {
    const Ran ran = home.lodge(args);
    INFO(command_line(args), "\n", ran.out, ran.err);
    CHECK(ran.exit == exit);
    if (exit == 0) CHECK(ran.err.empty());
  }
}

TEST_CASE("apps that are named need no current directory") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  const auto from_nowhere = [&](const std::string& words) {
    return run({"sh", "-c",
                "mkdir gone && cd gone && rmdir ../gone && exec " +
                    lodge_binary() + " " + words},
               home.in_home());
  };
  for (const std::string command :
       {"list", "pid api", "restart api", "stop api", "start api", "logs api"})
    CHECK_MESSAGE(from_nowhere(command).exit == 0, command);
  for (const std::string command :
       {"stop lodge.config.json", "start ./app.sh", "start", "validate"}) {
    const Ran ran = from_nowhere(command);
    CHECK_MESSAGE(ran.exit != 0, command);
    CHECK_MESSAGE(
        ran.err.find("the current directory is gone") != std::string::npos,
        ran.err);
  }
}

}  // namespace support
