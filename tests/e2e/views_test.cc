// What commands show: shapes that people and scripts rely on.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "store/catalog.h"
#include "store/events.h"
#include "support/test_home.h"

namespace support {
namespace {

ino_t inode(const std::string& path) {
  struct ::stat info{};
  ::stat(path.c_str(), &info);
  return info.st_ino;
}

// An app that has said three lines on each stream and stays.
void start_talker(const TestHome& home, const std::string& name = "talker") {
  home.start(name,
             "for i in 1 2 3; do echo out$i; echo err$i >&2; done;"
             " exec sleep 1000");
  CHECK(wait_until([&] {
    const auto lines = home.must({"logs", name, "--raw", "-n", "all"}).out;
    return std::count(lines.begin(), lines.end(), '\n') == 6;
  }));
}

}  // namespace

TEST_CASE("list shows PM2's columns, in a box, and nothing on stderr") {
  const TestHome home;
  start_talker(home);
  const Ran ran = home.must({"list"});
  for (const std::string column :
       {"id", "name", "namespace", "version", "mode", "pid", "uptime", "↺",
        "status", "cpu", "mem", "logs", "talker", "online", "┌", "└"})
    CHECK_MESSAGE(ran.out.find(column) != std::string::npos, column);
  CHECK(ran.out.find("\x1b[") == std::string::npos);  // no terminal, no colour
  CHECK(ran.err.empty());
  for (const std::string alias : {"ls", "status", "ps"})
    CHECK(home.must({alias}).out.find("talker") != std::string::npos);
}

TEST_CASE("list --json is one array with the states of every instance") {
  const TestHome home;
  home.start("a", "exec sleep 1000", {"-i", "2"});
  const auto rows = json_of(home.must({"list", "--json"}).out);
  REQUIRE(rows.is_array());
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("status") == "online");
}

TEST_CASE("jlist has PM2's shape, JSON alone, and no secrets") {
  const TestHome home;
  home.must({"start", "exec sleep 1000", "--name", "api", "--min-uptime",
             "50ms", "--namespace", "shop"},
            {.env = {{"API_SECRET", "s3cr3t-value"}}});
  const Ran ran = home.must({"jlist"});
  CHECK(ran.err.empty());
  CHECK(ran.out.find("s3cr3t-value") == std::string::npos);
  const auto apps = json_of(ran.out);
  REQUIRE(apps.size() == 1);
  const auto& app = apps[0];
  CHECK(app.at("name") == "api");
  CHECK(app.at("pm_id") == 0);
  CHECK(is_running(app.at("pid")));
  CHECK(app.at("monit").at("memory") > 100'000);
  CHECK(app.at("monit").at("cpu").is_number());
  const auto& env = app.at("pm2_env");
  CHECK(env.at("status") == "online");
  CHECK(env.at("namespace") == "shop");
  CHECK(env.at("restart_time") == 0);
  CHECK(env.at("unstable_restarts") == 0);
  CHECK(env.at("instances") == 1);
  CHECK(env.at("pm_uptime") > 1'700'000'000'000);
  CHECK(env.at("pm_out_log_path") == home.log("api-out.log"));
  CHECK(env.at("pm_err_log_path") == home.log("api-error.log"));
  CHECK(env.contains("exec_mode"));
  // As in PM2: there once something has ended, at the latest.
  home.must({"restart", "api"});
  CHECK(json_of(home.must({"jlist"}).out)[0]
            .at("pm2_env")
            .at("exit_code")
            .is_number());
}

TEST_CASE("describe shows settings with their source, and masks secrets") {
  const TestHome home;
  home.must({"start", "exec sleep 1000", "--name", "api", "--min-uptime",
             "50ms", "--kill-timeout", "7s"},
            {.env = {{"API_SECRET", "s3cr3t-value"}}});
  const std::string text = home.must({"describe", "api"}).out;
  for (const std::string word :
       {"api", "online", "kill_timeout", "given", "default", "api-out.log"})
    CHECK_MESSAGE(text.find(word) != std::string::npos, word);
  CHECK(text.find("s3cr3t-value") == std::string::npos);
  const auto json = json_of(home.must({"describe", "api", "--json"}).out);
  CHECK(json.is_array());
  CHECK(json.dump().find("s3cr3t-value") == std::string::npos);
}

TEST_CASE("pid prints the pid and nothing else") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  CHECK(home.must({"pid", "api"}).out ==
        std::to_string(home.app("api").pid) + "\n");
}

TEST_CASE("flush empties live files of all, by a new file, as an event") {
  const TestHome home;
  start_talker(home);
  const std::string file = home.log("talker-out.log");
  const ino_t before = inode(file);
  const Ran dry = home.must({"flush", "--dry-run"});
  CHECK(dry.out.find("talker-out.log") != std::string::npos);
  CHECK(inode(file) == before);
  CHECK_FALSE(slurp(file).empty());
  home.must({"flush"});
  CHECK(slurp(file).empty());
  CHECK(slurp(home.log("talker-error.log")).empty());
  // Never truncated: a follower finishes the old file.
  CHECK(inode(file) != before);
  CHECK(home.must({"logs", "talker", "--raw", "-n", "all"}).out.empty());
  CHECK_FALSE(home.events("talker", "flush").empty());
}

TEST_CASE("flush of one app leaves the others, writing goes on") {
  const TestHome home;
  start_talker(home, "a");
  start_talker(home, "b");
  home.must({"flush", "a"});
  CHECK(slurp(home.log("a-out.log")).empty());
  CHECK_FALSE(slurp(home.log("b-out.log")).empty());
  home.must({"restart", "a"});
  CHECK(wait_until([&] {
    return home.must({"logs", "a", "--raw", "--out"}).out ==
           "out1\nout2\nout3\n";
  }));
}

TEST_CASE("flush reaches deleted apps whose logs are there, marked gone") {
  const TestHome home;
  start_talker(home);
  home.must({"delete", "talker"});
  CHECK_FALSE(home.must({"logs", "talker", "--raw"}).out.empty());
  home.must({"flush", "talker"});
  CHECK(home.lodge({"logs", "talker", "--raw"}).out.empty());
}

TEST_CASE("delete --logs takes the logs too") {
  const TestHome home;
  start_talker(home);
  home.must({"delete", "talker", "--logs"});
  for (const std::string name : {"talker-out.log", "talker-error.log"})
    CHECK(::access(home.log(name).c_str(), F_OK) != 0);
}

TEST_CASE("logs selects by number, stream and time") {
  const TestHome home;
  start_talker(home);
  const auto raw = [&](std::vector<std::string> flags) {
    std::vector<std::string> args = {"logs", "talker", "--raw"};
    args.insert(args.end(), flags.begin(), flags.end());
    return home.must(args).out;
  };
  CHECK(raw({"--out", "-n", "all"}) == "out1\nout2\nout3\n");
  CHECK(raw({"--err", "-n", "2"}) == "err2\nerr3\n");
  CHECK(raw({"--out", "-n", "1"}) == "out3\n");
  CHECK(raw({"--since", "10m", "--out"}) == "out1\nout2\nout3\n");
  // A selection that finds nothing is 1, as grep's.
  const Ran none = home.lodge({"logs", "talker", "--until", "2000-01-01"});
  CHECK(none.exit == 1);
  CHECK(none.out.empty());
}

TEST_CASE(
    "logs shows the last 15 lines of each app, and says when it's told"
    " nothing") {
  const TestHome home;
  home.start("many",
             "for i in $(seq 1 40); do echo line$i; done;"
             " exec sleep 1000");
  home.start("quiet", "exec sleep 1000");
  CHECK(wait_until([&] {
    return home.must({"logs", "many", "--raw"}).out.ends_with("line40\n");
  }));
  const std::string text = home.must({"logs", "many", "--raw"}).out;
  CHECK(text.starts_with("line26\n"));
  const Ran quiet = home.lodge({"logs", "quiet", "--raw"});
  CHECK(quiet.exit == 0);
  CHECK(quiet.out.empty());
}

TEST_CASE("rows of logs carry time, app and text; events flow among them") {
  const TestHome home;
  start_talker(home);
  const std::string text = home.must({"logs", "talker", "-n", "all"}).out;
  CHECK(text.find("talker") != std::string::npos);
  CHECK(text.find("out1") != std::string::npos);
  CHECK(text.find("started") != std::string::npos);
  const std::string without =
      home.must({"logs", "talker", "-n", "all", "--no-events"}).out;
  CHECK(without.find("started") == std::string::npos);
}

TEST_CASE(
    "logs --json prints a line an object, bytes that are no text in"
    " base64") {
  const TestHome home;
  home.start("api", "printf 'text\\n\\377\\376\\n'; exec sleep 1000");
  std::vector<nlohmann::json> lines;
  CHECK(wait_until([&] {
    lines = json_lines(
        home.must({"logs", "api", "--json", "--no-events", "-n", "all"}).out);
    return lines.size() == 2;
  }));
  CHECK(lines[0].at("message") == "text");
  CHECK(lines[0].at("app") == "api");
  CHECK(lines[0].at("app_name") == "api");
  CHECK(lines[0].at("stream") == "out");
  CHECK(lines[0].at("type") == "out");
  CHECK(lines[0].at("process_id") == 0);
  CHECK(lines[0].at("pid") == home.app("api").pid);
  CHECK(lines[0].at("time").get<std::string>().size() == 27);
  CHECK(lines[1].at("message_base64") == "//4=");
}

TEST_CASE("an unknown target among others costs nobody the others' lines") {
  const TestHome home;
  home.start("checkout", "echo a line; exec sleep 1000");
  REQUIRE(wait_until([&] {
    return home.lodge({"logs", "checkout", "--raw"}).out == "a line\n";
  }));
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"logs", "chekout", "checkout", "--raw"},
        {"grep", "line", "checkout", "chekout", "--raw"},
        {"grep", "--raw", "-m", "1", "line", "nosuch", "checkout"}}) {
    const Ran ran = home.lodge(args);
    CHECK(ran.exit == 2);
    CHECK(ran.out == "a line\n");
    CHECK(ran.err.find(": no such app") != std::string::npos);
    CHECK(ran.err.find(": no such app") == ran.err.rfind(": no such app"));
  }
  const Ran counted = home.lodge({"grep", "-c", "line", "checkout", "chekout"});
  CHECK(counted.exit == 2);
  CHECK(counted.out.find('1') != std::string::npos);
  CHECK(home.lodge({"grep", "-q", "line", "checkout", "chekout"}).exit == 0);
  const Ran events = home.lodge({"events", "checkout", "chekout"});
  CHECK(events.exit == 2);
  CHECK(events.out.find("checkout") != std::string::npos);
  CHECK(events.err.find("did you mean checkout?") != std::string::npos);
  // What a colleague gets is as it was asked for, or not at all.
  const Ran asked =
      home.lodge({"report", "checkout", "chekout", "--since", "1h", "-o", "-"});
  CHECK(asked.exit == 2);
  CHECK(asked.out.empty());
  CHECK(asked.err.find("did you mean checkout?") != std::string::npos);
  home.must({"set", "logs.follow", "false"});
  const Ran own = home.lodge({"events", "lodge", "chekout"});
  CHECK(own.exit == 2);
  CHECK(own.out.find("lodge") != std::string::npos);
  CHECK(own.err.find("did you mean checkout?") != std::string::npos);
  const Ran none = home.lodge({"grep", "line", "chekout", "nosuch"});
  CHECK(none.exit == 2);
  CHECK(none.out.empty());
}

TEST_CASE(
    "an unknown target is 2 with the nearest name, from reading commands") {
  const TestHome home;
  home.start("checkout", "exec sleep 1000");
  const Ran ran = home.lodge({"logs", "chekout"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("chekout: no such app") != std::string::npos);
  CHECK(ran.err.find("did you mean checkout?") != std::string::npos);
  const Ran stop = home.lodge({"stop", "chekout"});
  CHECK(stop.exit != 0);
  CHECK(stop.err.find("did you mean checkout?") != std::string::npos);
  const Ran json = home.lodge({"stop", "chekout", "--json"});
  const auto error = json_of(json.err).at("error");
  CHECK(error.contains("why"));
  CHECK(error.at("exit") == json.exit);
}

TEST_CASE("events tell who did what, with which command, and what came of it") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  home.must({"restart", "api"});
  ::kill(home.app("api").pid, SIGKILL);
  CHECK(wait_until([&] { return home.events("api", "start").size() == 3; }));
  home.must({"stop", "api"});
  home.must({"delete", "api"});
  const auto events = home.events("api");
  std::vector<std::string> kinds;
  for (const auto& event : events) {
    CHECK(event.at("v") == 1);
    CHECK(event.at("app") == "api");
    kinds.push_back(event.at("event"));
  }
  CHECK(kinds.front() == "start");
  CHECK(kinds.back() == "delete");
  CHECK(std::ranges::count(kinds, "exit") == 3);
  const auto& first = events.front();
  CHECK_FALSE(first.at("actor").get<std::string>().empty());
  CHECK(first.at("command").get<std::string>().find("lodge start") !=
        std::string::npos);
  const auto exits = home.events("api", "exit");
  CHECK(exits[1].at("signal") == SIGKILL);
  CHECK(exits[1].at("uptime_ms") >= 0);
  // Times never go back.
  CHECK(std::ranges::is_sorted(events, {}, [](const nlohmann::json& event) {
    return event.at("time").get<std::string>();
  }));
}

TEST_CASE("events are chosen, counted, and followed as they come") {
  const TestHome home;
  home.start("api", "exec sleep 1000");
  Child follower = home.background(
      {"events", "-f", "--kind", "exit,start", "--json", "-m", "4"});
  home.must({"restart", "api"});
  home.start("web", "exec sleep 1000");
  // Four have come: it ends by itself.
  const Ran followed = follower.wait();
  CHECK(followed.exit == 0);
  std::vector<std::string> came;
  for (const auto& event : json_lines(followed.out))
    came.push_back(event.at("app").get<std::string>() + " " +
                   event.at("event").get<std::string>());
  CHECK(came == std::vector<std::string>{"api start", "api exit", "api start",
                                         "web start"});
  CHECK(home.must({"events", "--kind", "exit", "-c"}).out == "1\n");
  CHECK(home.must({"events", "web", "-g", "pid", "-c", "--json"}).out ==
        "{\"v\":1,\"count\":1}\n");
  CHECK(home.lodge({"events", "web", "--kind", "exit"}).exit == 1);
  const auto newest = json_lines(home.must({"events", "-g", "STARTED", "-i",
                                            "--reverse", "-m", "1", "--json"})
                                     .out);
  REQUIRE(newest.size() == 1);
  CHECK(newest[0].at("app") == "web");
}

TEST_CASE("events need neither instances on record nor a daemon, and go on") {
  const TestHome home;
  const std::string logs = home.file("logs");
  store::CatalogApp app;
  app.name = "gone";
  app.space = "default";
  app.events_file = store::events_name(app.name);
  store::Catalog catalog;
  catalog.apps.push_back(app);
  REQUIRE(base::fs::make_dirs(logs));
  REQUIRE(store::save_catalog(logs, catalog));
  int64_t time = 1'795'256'100'000'000;
  const auto tell = [&](const char* reason) {
    store::Event event;
    event.time = {++time};
    event.kind = store::EventKind::Error;
    event.app = app.name;
    event.reason = reason;
    REQUIRE(store::append_event(logs, event));
  };
  tell("one");
  const auto shown = home.lodge({"events", "gone", "--json"});
  CHECK(shown.exit == 0);
  CHECK(shown.out.find("\"one\"") != std::string::npos);
  Child follower = home.background({"events", "-f", "gone", "--json"});
  REQUIRE(wait_until([&] { return !follower.out().empty(); }));
  follower.signal(SIGSTOP);
  tell("two");
  REQUIRE(store::turn_events(logs, app.name, {++time}, 1));
  tell("three");
  follower.signal(SIGCONT);
  CHECK(wait_until(
      [&] { return follower.out().find("three") != std::string::npos; }));
  std::vector<std::string> reasons;
  for (const auto& event : json_lines(follower.out()))
    reasons.push_back(event.at("reason").get<std::string>());
  CHECK(reasons == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("targets: id, instance, namespace, glob, regex, exclude") {
  const TestHome home;
  home.start("api", "exec sleep 1000", {"-i", "2", "--namespace", "shop"});
  home.start("api-2", "exec sleep 1000");
  home.start("web", "exec sleep 1000");
  const auto stopped = [&](std::vector<std::string> targets) {
    home.must({"restart", "all", "--no-wait"});
    CHECK(wait_until([&] {
      return std::ranges::all_of(
          home.list(), [](const auto& row) { return row.status == "online"; });
    }));
    targets.insert(targets.begin(), 1, std::string("stop"));
    home.must(targets);
    std::string ids;
    for (const auto& row : home.list())
      if (row.status == "stopped") ids += std::to_string(row.id);
    return ids;
  };
  CHECK(stopped({"3"}) == "3");
  CHECK(stopped({"api/1"}) == "1");
  CHECK(stopped({"shop"}) == "01");
  CHECK(stopped({"api*"}) == "012");
  CHECK(stopped({"/^w/"}) == "3");
  CHECK(stopped({"all", "--exclude", "api"}) == "23");
}

TEST_CASE("--silent prints errors only") {
  const TestHome home;
  const Ran ran = home.must({"start", "exec sleep 1000", "--name", "a",
                             "--min-uptime", "50ms", "--silent"});
  CHECK(ran.out.empty());
  CHECK(ran.err.empty());
  CHECK_FALSE(home.lodge({"stop", "nope", "--silent"}).err.empty());
}

}  // namespace support
