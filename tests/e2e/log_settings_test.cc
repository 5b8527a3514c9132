// Where an app's logs go, as its settings say, through the real binary.

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

size_t lines_in(const std::string& text) {
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

// Waits until the apps of this home have so many lines, as `logs` reads them.
std::string raw_lines(const TestHome& home, const std::string& target,
                      size_t lines) {
  std::string raw;
  CHECK(wait_until([&] {
    raw = home.must({"logs", target, "--raw", "-n", "all"}).out;
    return lines_in(raw) >= lines;
  }));
  return raw;
}

const std::string kTalk = "echo out; echo err >&2; exec sleep 1000";

nlohmann::json describe(const TestHome& home, const std::string& app) {
  return json_of(home.must({"describe", app, "--json"}).out).at(0);
}

}  // namespace

TEST_CASE("files that were named are written, read, flushed and deleted") {
  const TestHome home;
  const std::string out = home.work().file("logs/api.log");
  const std::string error = home.work().file("api.err");
  home.start("api", kTalk, {"-o", "logs/api.log", "-e", error, "-i", "2"});
  CHECK(raw_lines(home, "api", 4).size() == 16);
  const std::string second = home.work().file("logs/api-1.log");
  CHECK(slurp(out).ends_with("Z out\n"));
  CHECK(slurp(second).ends_with("Z out\n"));
  CHECK(slurp(error).ends_with("Z err\n"));
  CHECK_FALSE(std::filesystem::exists(home.log("api-out.log")));
  CHECK(home.app("api").out_file == out);
  CHECK(home.must({"list"}).out.find("\nlogs 128 B of ") != std::string::npos);
  home.must({"flush", "api/0"});
  CHECK(slurp(out).empty());
  CHECK_FALSE(slurp(second).empty());
  home.must({"delete", "api", "--logs"});
  for (const auto& path : {out, second, error})
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("one file for both streams, and one for all instances") {
  const TestHome home;
  home.start("api", kTalk, {"--log", "true", "--merge-logs", "-i", "2"});
  const std::string raw = raw_lines(home, "api", 4);
  CHECK(lines_in(raw) == 4);  // each line once, though two instances own it
  CHECK(lines_in(slurp(home.log("api-all.log"))) == 4);
  CHECK_FALSE(std::filesystem::exists(home.log("api-out.log")));
  const auto lines =
      json_lines(home.must({"logs", "api", "--json", "--no-events"}).out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].at("id").is_null());
  CHECK(lines[0].at("instance").is_null());
  const Ran one = home.lodge({"flush", "api/1"});
  CHECK(one.exit == 2);
  CHECK(one.err.find("flush them together") != std::string::npos);
  // The file stays as long as somebody writes it.
  home.must({"delete", "api/1", "--logs"});
  CHECK(lines_in(slurp(home.log("api-all.log"))) == 4);
  home.must({"delete", "api", "--logs"});
  CHECK_FALSE(std::filesystem::exists(home.log("api-all.log")));
}

TEST_CASE("what is not to be kept is kept nowhere, across a killed daemon") {
  const TestHome home;
  home.start("api", kTalk, {"-o", "/dev/null"});
  home.start("mute", kTalk, {"--disable-logs"});
  CHECK(raw_lines(home, "api", 1) == "err\n");
  CHECK(home.app("api").out_file == "/dev/null");
  home.kill_daemon();
  CHECK(home.reaches("api", "online"));
  CHECK(home.must({"logs", "mute", "--raw"}).out.empty());
  home.must({"restart", "all"});
  CHECK(raw_lines(home, "api", 2) == "err\nerr\n");
  CHECK_FALSE(std::filesystem::exists(home.log("api-out.log")));
  CHECK_FALSE(std::filesystem::exists(home.log("mute-out.log")));
}

TEST_CASE("a changed file is a restart, and what was written stays readable") {
  const TestHome home;
  const std::string script = home.work().write("talk.sh", kTalk);
  home.must({"start", script, "--name", "api", "--min-uptime", "50ms"});
  raw_lines(home, "api", 2);
  const Ran ran = home.must({"start", script, "--name", "api", "--output",
                             "new.log", "--set", "log.max_size=1M"});
  CHECK(ran.out.find("restarted (out_file, log.max_size)") !=
        std::string::npos);
  CHECK(lines_in(raw_lines(home, "api", 4)) == 4);
  CHECK(lines_in(slurp(home.work().file("new.log"))) == 1);
  CHECK(lines_in(slurp(home.log("api-out.log"))) == 1);
  const Ran again = home.must({"start", script, "--name", "api"});
  CHECK(again.out.find("unchanged") != std::string::npos);
  // Known to the next daemon, too.
  home.must({"kill"});
  home.must({"start", "api"});
  CHECK(home.app("api").out_file == home.work().file("new.log"));
}

TEST_CASE("a file of one's choice is read aright whatever stamps it had") {
  const TestHome home;
  // As the stamps of another kind, and of none: to be taken for text.
  const std::string script = home.work().write(
      "talk.sh",
      "read -r round <round; echo $round; echo '{\"round\":'$round'}'\n"
      "echo '2001-01-01T00:00:00.000000Z old'\n"
      "echo '{\"@lodge\":\"2001-01-01T00:00:00.000000Z\",\"a\":1}'\n"
      "exec sleep 1000\n");
  std::string expected;
  size_t lines = 0;
  int round = 0;
  for (const std::string stamp :
       {"prefix", "json", "none", "json", "none", "prefix"}) {
    const std::string number = std::to_string(++round);
    home.work().write("round", number + "\n");
    home.must({"start", script, "--name", "api", "--min-uptime", "50ms", "-o",
               "api.log", "--set", "log.stamp=" + stamp});
    CAPTURE(stamp);
    CAPTURE(round);
    expected += number + "\n{\"round\":" + number + "}\n" +
                "2001-01-01T00:00:00.000000Z old\n" +
                "{\"@lodge\":\"2001-01-01T00:00:00.000000Z\",\"a\":1}\n";
    CHECK(raw_lines(home, "api", lines += 4) == expected);
    const bool raw = stamp == "none";
    CHECK(home.app("api").out_file ==
          home.work().file(raw ? "api.raw.log" : "api.log"));
  }
  // Nothing of it has no time, or one that the app made up.
  CHECK(
      home.must({"logs", "api", "--raw", "-n", "all", "--since", "-1d"}).out ==
      expected);
  CHECK(slurp(home.work().file("api.raw.log")).starts_with("3\n"));
  home.must({"flush", "api"});
  CHECK(slurp(home.work().file("api.raw.log")).empty());
  CHECK(home.must({"logs", "api", "--raw", "-n", "all"}).out.empty());
  home.must({"delete", "api", "--logs"});
  for (const std::string name : {"api.log", "api.raw.log", "api.raw.idx"})
    CHECK_FALSE(std::filesystem::exists(home.work().file(name)));
}

TEST_CASE("a name that says how a file is read must tell the truth") {
  const TestHome home;
  const Ran ran = home.lodge(
      {"start", kTalk, "--name", "api", "-o", home.work().file("a.raw.log")});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("log.stamp: none") != std::string::npos);
  CHECK(home.lodge({"start", kTalk, "--name", "api", "-o",
                    home.work().file("a.raw.log"), "--set", "log.stamp=none"})
            .exit == 0);
}

TEST_CASE("a clash is refused, starts nothing, and says the way out") {
  const TestHome home;
  home.start("api", kTalk, {"-o", "shared.log"});
  raw_lines(home, "api", 2);
  const auto refused = [&](std::vector<std::string> words, int exit,
                           const std::string& why) {
    words.insert(words.begin(), {"start", kTalk, "--name", "web"});
    const Ran ran = home.lodge(words);
    CAPTURE(ran.err);
    CHECK(ran.exit == exit);
    CHECK(ran.err.find(why) != std::string::npos);
    CHECK(home.app("web").id == -1);
  };
  refused({"-e", "./shared.log"}, 1, "belongs to api");
  refused({"-o", "x.log", "-e", "x.log"}, 2, "--log ");
  refused({"-o", home.file("apps.json")}, 2, "lodge's own");
  refused({"-o", home.work().path()}, 2, "not a regular file");
  home.must({"delete", "api"});
  refused({"-o", "shared.log"}, 1, "lodge flush api");
  home.must({"flush", "api"});
  home.start("web", kTalk, {"-o", "shared.log"});
  raw_lines(home, "web", 2);
  // What it writes now is nobody else's.
  CHECK(home.must({"logs", "api", "--raw"}).out.empty());
}

TEST_CASE("--set reaches any key; a wrong one is an error with the nearest") {
  const TestHome home;
  home.start(
      "api", "echo $COLOR; exec sleep 1000",
      {"--set", "log.overflow=drop", "--set", "log.redact=pw=\\S+", "--set",
       "env.COLOR=dark red", "--set", "uid=", "--set", "log.rate.bytes=1M"});
  CHECK(raw_lines(home, "api", 1) == "dark red\n");
  const auto settings = describe(home, "api").at("settings");
  CHECK(settings.at("log.overflow").at("value") == "drop");
  CHECK(settings.at("log.overflow").at("source") == "given");
  CHECK(settings.at("log.rate.bytes").at("value") == "1M");
  CHECK(settings.at("log.redact").at("value") == R"(["pw=\\S+"])");
  CHECK(settings.at("log.max_size").at("source") == "default");
  CHECK_FALSE(
      settings.at("log.max_size").at("value").get<std::string>().empty());
  struct Row {
    std::string set;
    std::string err;
  };
  for (const auto& row :
       {Row{"log.max_sise=1M", "did you mean log.max_size?"},
        Row{"log.overflow=dorp", "did you mean drop?"},
        Row{"log.redact=(", "log.redact: '(': pattern: missing )"},
        Row{"log.max_size=big", "log.max_size: 'big' is not a size"},
        Row{"log.mode=0755", "log.mode: "}, Row{"nothing", "not key=value"},
        Row{"log.rate=1", "log.rate: a number where an object"}}) {
    const Ran ran = home.lodge(
        {"start", "exec sleep 1000", "--name", "web", "--set", row.set});
    CAPTURE(row.set);
    CAPTURE(ran.err);
    CHECK(ran.exit == 2);
    CHECK(ran.err.find(row.err) != std::string::npos);
  }
  CHECK(home.app("web").id == -1);
}

TEST_CASE("a file elsewhere is followed through flush and restart") {
  const TestHome home;
  home.start("api", "echo $$; exec sleep 1000", {"-o", "api.log"});
  raw_lines(home, "api", 1);
  Child follower = home.background({"logs", "api", "-f", "--raw", "--out"});
  CHECK(wait_until([&] { return lines_in(follower.out()) == 1; }));
  home.must({"restart", "api"});
  CHECK(wait_until([&] { return lines_in(follower.out()) == 2; }));
  home.must({"flush", "api"});
  home.must({"restart", "api"});
  CHECK(wait_until([&] { return lines_in(follower.out()) == 3; }));
  follower.signal(SIGTERM);
  follower.wait();
}

}  // namespace support
