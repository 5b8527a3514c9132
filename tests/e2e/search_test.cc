// `lodge grep` and the selections of `lodge logs`: what a user types during an
// incident, over live files, segments and archives.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/clock.h"
#include "base/fs.h"
#include "support/sanitized.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

// A home with one app whose lines lie in archives and in its live file: the
// script runs once before the seal, with $1 = 1, and once after.
class Incident {
 public:
  explicit Incident(const std::string& script) {
    home.start("api", fmt::format("say() {{ {}\n}}; say 1; "
                                  "until [ -e sealed ]; do sleep 0.02; done; "
                                  "say 2; echo the end; exec sleep 1000",
                                  script));
    REQUIRE(wait_until([&] { return has("round 1"); }));
    home.must({"rotate", "api"});
    run({"touch", "sealed"}, home.in_home());
    REQUIRE(wait_until([&] { return has("the end"); }));
    // At idle priority: on a busy machine that takes its time.
    REQUIRE(wait_until(
        [&] {
          return home.must({"archive", "ls", "api"}).out.find("segment") ==
                 std::string::npos;
        },
        60s));
  }
  std::string texts(std::vector<std::string> args) const {
    return home.lodge(std::move(args)).out;
  }
  bool has(std::string_view text) const {
    return home.must({"logs", "api", "--raw", "-n", "all"}).out.find(text) !=
           std::string::npos;
  }
  TestHome home;
};

const char* const kTalk = R"sh(
echo "round $1"
echo "INFO user=7 asked for /api/v1"
echo "ERROR upstream timeout after 5001ms" >&2
echo "    at handler (app.js:10:2)" >&2
echo '{"level":"warn","msg":"slow query","ms":1200,"req":{"id":"r-'$1'"}}'
printf 'plain \033[31mred\033[0m words\n'
)sh";

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos;
       at = text.find(part, at + 1))
    ++count;
  return count;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(std::move(line));
  return lines;
}

bool logs_come_to_have(const TestHome& home, std::string_view text) {
  return wait_until(
      [&] { return home.lodge({"logs", "api", "--raw"}).out.contains(text); });
}

}  // namespace

TEST_CASE("grep finds lines in archives and live files, oldest first") {
  const Incident incident(kTalk);
  const TestHome& home = incident.home;
  const auto ran = home.must({"grep", "round", "api", "--raw"});
  CHECK(ran.out == "round 1\nround 2\n");
  CHECK(ran.err.empty());
  CHECK(incident.texts({"grep", "-c", "timeout", "api"}) == "2\n");
  CHECK(incident.texts({"grep", "-o", "[0-9]+ms", "api", "--raw"}) ==
        "5001ms\n5001ms\n");
  CHECK(incident.texts({"grep", "-l", "timeout"}) == "api error\n");
  // The files that hold them: the archive, then the live file.
  const auto files = lines_of(incident.texts({"grep", "--files", "timeout"}));
  REQUIRE(files.size() == 2);
  CHECK(files[0].starts_with(home.log("archive/api/error.")));
  CHECK(files[0].ends_with(".zst"));
  CHECK(std::filesystem::exists(files[0]));
  CHECK(files[1] == home.log("api-error.log"));
  CHECK(lines_of(incident.texts({"grep", "--files", "round 1"})).size() == 1);
  const auto objects =
      json_lines(incident.texts({"grep", "--files", "timeout", "--json"}));
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].at("path") == files[0]);
  CHECK(incident.texts({"grep", "round", "api", "--raw", "--reverse"}) ==
        "round 2\nround 1\n");
  CHECK(incident.texts({"grep", "round", "api", "--raw", "-m", "1"}) ==
        "round 1\n");
  CHECK(incident.texts({"logs", "api", "-g", "round", "--raw", "-n", "1"}) ==
        "round 2\n");
  CHECK(incident.texts({"grep", "red words", "api", "-c"}) == "2\n");
  CHECK(incident.texts({"grep", "red words", "api", "-c", "--bytes"}) == "0\n");
  CHECK(incident.texts({"grep", "-i", "ERROR UPSTREAM", "-c"}) == "2\n");
  CHECK(incident.texts({"grep", "-F", "5001ms", "-c"}) == "2\n");
  CHECK(incident.texts({"grep", "-w", "use", "-c"}) == "0\n");
  CHECK(incident.texts({"grep", "-x", "round 2", "-c"}) == "1\n");
}

TEST_CASE("lines of an app that ends in mid-line are found one by one") {
  const TestHome home;
  const std::string once = "aa\nbb\n\ncc";
  home.work().write("once", once);
  home.must({"start", "cat " + home.work().file("once"), "--name", "cut",
             "--no-wait", "--no-autorestart"});
  REQUIRE(wait_until([&] { return home.has_status("cut", "stopped"); }));
  home.must({"restart", "cut", "--no-wait"});
  const std::vector<std::string> all = {"logs", "cut", "--raw", "-n", "all"};
  REQUIRE(wait_until([&] { return home.must(all).out == once + once; }));
  for (const bool sealed : {false, true}) {
    CAPTURE(sealed);
    if (sealed) home.must({"rotate", "cut"});
    CHECK(home.must(all).out == once + once);
    CHECK(home.must({"archive", "export", "cut", "--raw"}).out == once + once);
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"bb", "bb\nbb\n"}, {"^$", "\n\n"}, {"cc", "cc\ncc\n"}};
    for (const auto& [pattern, lines] : rows) {
      CAPTURE(pattern);
      CHECK(home.must({"grep", "--raw", pattern, "cut"}).out == lines);
      CHECK(
          home.must({"archive", "export", "cut", "-g", pattern, "--raw"}).out ==
          lines);
      CHECK(home.must({"grep", "-f", "--raw", pattern, "cut", "-m", "2"}).out ==
            lines);
    }
    CHECK(home.must({"logs", "cut", "--raw", "--reverse", "-n", "all"}).out ==
          "cc\n\nbb\naa\ncc\n\nbb\naa\n");
    CHECK(home.must({"logs", "cut", "--raw", "-m", "2"}).out == "aa\nbb\n");
  }
}

TEST_CASE("exit codes of grep are those of grep") {
  const Incident incident(kTalk);
  const TestHome& home = incident.home;
  CHECK(home.lodge({"grep", "timeout", "api"}).exit == 0);
  const auto none = home.lodge({"grep", "no such words", "api"});
  CHECK(none.exit == 1);
  CHECK(none.out.empty());
  CHECK(none.err.empty());
  const auto quiet = home.lodge({"grep", "-q", "timeout"});
  CHECK(quiet.exit == 0);
  CHECK(quiet.out.empty());
  CHECK(home.lodge({"grep", "-q", "no such words"}).exit == 1);
  CHECK(home.lodge({"grep", "timeout", "nosuch"}).exit == 2);
  CHECK(home.lodge({"grep"}).exit == 2);
}

TEST_CASE("what can't be asked exits 2 with a caret under the place") {
  const TestHome home;
  home.start("api", "echo up; exec sleep 1000");
  struct Row {
    std::vector<std::string> args;
    std::string_view err;
  };
  const Row rows[] = {
      {{"grep", "a(b", "api"}, "missing )\n  a(b\n     ^\n"},
      {{"grep", "x**[", "api"}, "^\n"},
      {{"grep", "\u00e9\u00e9(b", "api"}, "\n  \u00e9\u00e9(b\n      ^\n"},
      {{"grep", "\x1b(b", "api"}, "\n  \\x1b(b\n        ^\n"},
      {{"logs", "--where", "\u00e9=("}, "\n  \u00e9=(\n    ^\n"},
      {{"logs", "--reverse", "-n", "0"}, "one or the other"},
      {{"logs", "-c", "-n", "0"}, "one or the other"},
      {{"grep", "(x{1000}){1000}", "api"}, "repetition size"},
      {{"logs", "--where", "status>=", "api"}, "\n  status>=\n          ^\n"},
      {{"logs", "--where", "status 5"}, "\n  status 5\n         ^\n"},
      {{"logs", "--since", "banana"}, "'banana' is not a time"},
      {{"logs", "--level", "loud"}, "'loud' is no level"},
      {{"logs", "-m", "many"}, "'many' is not a number"},
      {{"logs", "--template", "{nope}"}, "^"},
      {{"logs", "--after-cursor", "x"}, "is no cursor"},
      {{"grep", "api", "up"}, "the pattern comes first"},
      {{"logs", "--from", "/nonexistent"}, "stat /nonexistent: No such file"},
      {{"logs", "--from", "/usr"}, "--from /usr: no catalog.json in it"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.args[1]);
    const auto ran = home.lodge(row.args);
    CHECK(ran.exit == 2);
    CHECK(ran.out.empty());
    INFO(ran.err);
    CHECK(ran.err.find(row.err) != std::string::npos);
  }
}

TEST_CASE("levels and fields choose whole records") {
  const Incident incident(kTalk);
  CHECK(incident.texts({"logs", "api", "--level", "error", "--raw"}) ==
        "ERROR upstream timeout after 5001ms\n"
        "    at handler (app.js:10:2)\n"
        "ERROR upstream timeout after 5001ms\n"
        "    at handler (app.js:10:2)\n");
  CHECK(count_of(incident.texts({"logs", "api", "--level", "error", "--raw",
                                 "--lines-only"}),
                 "\n") == 2);
  CHECK(incident.texts({"logs", "--where", "ms>1000 and req.id=r-2", "--raw"})
            .find("r-2") != std::string::npos);
  CHECK(incident.home.lodge({"logs", "--where", "ms>5000"}).exit == 1);
  CHECK(incident.texts({"grep", "handler", "--level", "error", "-c"}) == "2\n");
  CHECK(incident.texts({"grep", "(?s)upstream.*handler", "--records", "-c"}) ==
        "4\n");
}

TEST_CASE("a logged exception belongs to its line, as loggers print it") {
  TestHome home;
  const auto errors_of = [&](const std::string& app,
                             const std::string& script) {
    home.start(app, script + "; echo the end; exec sleep 1000");
    REQUIRE(wait_until([&] {
      return home.lodge({"logs", app, "--raw"}).out.contains("the end");
    }));
    return home.lodge({"grep", "--level", "error", "", app, "--raw"}).out;
  };
  const std::string java =
      "ERROR Servlet failed\njava.lang.RuntimeException: boom\n"
      "\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: disk\n"
      "\tat a.D.e(D.java:2)\n";
  CHECK(errors_of("java", "printf '" + java + "INFO ok\n'") == java);
  const std::string spring =
      "ERROR 1 --- [main] SpringApplication : failed\n\n"
      "java.lang.IllegalStateException: boom\n\tat a.B.c(B.java:1)\n";
  CHECK(errors_of("spring", "printf '" + spring + "INFO ok\n'") == spring);
  CHECK(errors_of("own",
                  "printf 'java.io.IOException: ERROR: a\n"
                  "java.io.IOException: b\n'") ==
        "java.io.IOException: ERROR: a\n");

  const std::string failed =
      "  2026-11-29T10:00:00.2Z ERROR app: payment failed\n"
      "    at src/pay.rs:22\n";
  CHECK(errors_of("rust",
                  "printf '  2026-11-29T10:00:00.1Z  INFO app: starting"
                  "\n    at src/main.rs:10\n\n" +
                      failed + "'") == failed);
  CHECK(home.lodge({"grep", "--not", "starting", "", "rust", "--raw"}).out ==
        failed + "the end\n");
  const std::string object = R"(  {"level":"error","m":4})";
  CHECK(errors_of("objects", R"(echo '{"level":"info"}'; echo ')" + object +
                                 "'") == object + "\n");
  CHECK(home.lodge({"grep", "--where", "m=4", "", "objects", "--raw"}).out ==
        object + "\n");
}

TEST_CASE("levels and fields are seen through colours, and in the diary") {
  TestHome home;
  const std::string lines =
      "\\033[31merror\\033[39m: winston\n"
      "\\033[2m2026-11-29T10:00:00Z\\033[0m \\033[31mERROR\\033[0m x: tracing\n"
      "\\033[32m{\"level\":\"error\",\"status\":500}\\033[0m\n";
  home.start("api", "printf '" + lines +
                        "[\\033[33mWARN\\033[0m] low\n"
                        "the end\n'; exec sleep 1000");
  REQUIRE(wait_until([&] {
    return home.lodge({"logs", "api", "--raw"}).out.contains("the end");
  }));
  CHECK(home.lodge({"logs", "--level", "error", "-c"}).out == "3\n");
  CHECK(home.lodge({"logs", "--level", "warn", "-c"}).out == "4\n");
  CHECK(home.lodge({"logs", "--where", "status=500", "-c"}).out == "1\n");
  const auto diary = home.lodge({"logs", "lodge", "--level", "info", "--raw"});
  CHECK(diary.exit == 0);
  CHECK(diary.out.starts_with("info  daemon"));
}

TEST_CASE("context is of the same instance, both streams, by grep's rules") {
  const Incident incident(kTalk);
  const auto text = incident.texts({"grep", "upstream", "api", "-C", "1"});
  CHECK(count_of(text, "\n--\n") == 1);
  CHECK(count_of(text, "upstream") == 2);
  CHECK(count_of(text, "!-    at handler") == 2);
  const auto one = incident.texts({"grep", "upstream", "-m", "1", "-A", "1"});
  CHECK(count_of(one, "\n") == 2);
}

TEST_CASE("a run goes on exactly where the last one ended") {
  const Incident incident(kTalk);
  const TestHome& home = incident.home;
  const auto lines = json_lines(
      home.must({"logs", "api", "--json", "-n", "all", "--no-events"}).out);
  REQUIRE(lines.size() == 13);
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto rest = json_lines(
        home.lodge({"logs", "api", "--json", "--no-events", "--after-cursor",
                    lines[i].at("cursor").get<std::string>()})
            .out);
    REQUIRE(rest.size() == lines.size() - 1 - i);
    for (size_t k = 0; k < rest.size(); ++k)
      CHECK(rest[k].at("message") == lines[i + 1 + k].at("message"));
  }
  const std::string file = home.work().file("cursor");
  const std::vector<std::string> args = {"logs", "api",           "--raw", "-n",
                                         "all",  "--cursor-file", file};
  CHECK(count_of(home.must(args).out, "\n") == 13);
  CHECK(home.lodge(args).out.empty());
  // Through a rotation.
  home.must({"rotate", "api"});
  CHECK(home.lodge(args).out.empty());
  // Only where it is known.
  for (const auto& line : json_lines(
           incident.texts({"grep", "timeout", "api", "-C", "1", "--json"})))
    CHECK(line.contains("cursor") != line.contains("context"));
  // The newest first.
  auto turned = args;
  turned.back() = home.work().file("turned");
  turned.emplace_back("--reverse");
  CHECK(count_of(home.must(turned).out, "\n") == 13);
  CHECK(home.lodge(turned).out.empty());
  // One that can't be kept is said.
  const auto lost = home.lodge({"logs", "api", "--raw", "-n", "1",
                                "--cursor-file", "/nonexistent/cursor"});
  CHECK(lost.exit == 2);
  CHECK(count_of(lost.out, "\n") == 1);
  CHECK(lost.err.find("--cursor-file") != std::string::npos);
}

TEST_CASE("a cursor is good where all before its line is gone") {
  const TestHome home;
  const std::string file = home.work().file("cursor");
  home.start("api",
             "echo old; until [ -e a ]; do sleep 0.02; done; "
             "echo a1; echo a2; until [ -e b ]; do sleep 0.02; done; echo b1; "
             "exec sleep 1000");
  const std::vector<std::string> args = {"logs", "api",           "--raw", "-n",
                                         "all",  "--cursor-file", file};
  REQUIRE(logs_come_to_have(home, "old"));
  home.must({"rotate", "api"});
  home.must({"flush", "api", "--archives", "--yes"});
  run({"touch", "a"}, home.in_home());
  REQUIRE(logs_come_to_have(home, "a2"));
  CHECK(home.must(args).out == "a1\na2\n");
  CHECK(home.lodge(args).out.empty());
  home.must({"rotate", "api"});
  CHECK(home.lodge(args).out.empty());
  run({"touch", "b"}, home.in_home());
  REQUIRE(logs_come_to_have(home, "b1"));
  const auto last = home.lodge(args);
  CHECK(last.out == "b1\n");
  CHECK_FALSE(last.err.contains("gone"));
}

TEST_CASE("a flush that found nothing left no gap") {
  const TestHome home;
  home.start("api",
             "echo a; echo e >&2; until [ -e more ]; do sleep 0.02; done; "
             "echo b; exec sleep 1000");
  REQUIRE(logs_come_to_have(home, "a"));
  REQUIRE(logs_come_to_have(home, "e"));
  home.must({"rotate", "api"});
  home.must({"flush", "api"});
  run({"touch", "more"}, home.in_home());
  REQUIRE(logs_come_to_have(home, "b"));
  const auto all =
      home.must({"logs", "api", "--since", "-1h", "--raw", "--no-events"});
  CHECK(count_of(all.out, "\n") == 3);
  CHECK_FALSE(all.err.contains("flushed"));
}

TEST_CASE("a run shows no event that the last one has shown") {
  const TestHome home;
  const std::string file = home.work().file("cursor");
  std::vector<std::string> args = {"logs", "api", "--cursor-file", file};
  std::string line = "line\n";
  SUBCASE("as text") {}
  SUBCASE("as JSON") {
    args.emplace_back("--json");
    line = R"("message":"line")";
  }
  home.start("api", "echo line; exec sleep 1000");
  REQUIRE(wait_until(
      [&] { return !home.must({"logs", "api", "--raw"}).out.empty(); }));
  CHECK(count_of(home.must(args).out, line) == 1);
  home.must({"stop", "api"});
  CHECK(!home.lodge(args).out.empty());
  for (int i = 0; i < 2; ++i) CHECK(home.lodge(args).out.empty());
  home.must({"restart", "api"});
  REQUIRE(wait_until([&] {
    return count_of(home.must({"logs", "api", "--raw"}).out, "line") == 2;
  }));
  CHECK(count_of(home.must(args).out, line) == 1);
  CHECK(home.lodge(args).out.empty());
}

TEST_CASE("where no line was shown yet, a run goes on behind the events") {
  const TestHome home;
  home.start("api",
             "until [ -e speak ]; do sleep 0.02; done; echo line; "
             "exec sleep 1000");
  const std::vector<std::string> args = {"logs", "api", "--cursor-file",
                                         home.work().file("cursor")};
  CHECK(!home.must(args).out.empty());
  CHECK(home.lodge(args).out.empty());
  run({"touch", "speak"}, home.in_home());
  REQUIRE(wait_until(
      [&] { return !home.must({"logs", "api", "--raw"}).out.empty(); }));
  const auto ran = home.must(args);
  CHECK(count_of(ran.out, "\n") == 1);
  CHECK(count_of(ran.out, "line") == 1);
  CHECK(ran.err.find("gone") == std::string::npos);
  CHECK(home.lodge(args).out.empty());
}

TEST_CASE("patterns come from files, pipes and stdin, one a line") {
  const Incident incident(kTalk);
  const TestHome& home = incident.home;
  const auto found = [&](std::vector<std::string> flags, RunOptions options) {
    flags.insert(flags.begin(), {"grep", "api", "-c"});
    return home.lodge(std::move(flags), std::move(options)).out;
  };
  const auto file = home.work().write("patterns", "round\r\ntimeout\n");
  CHECK(found({"--file", file}, {}) == "4\n");
  CHECK(found({"--file", "-"}, {.input = "round\ntimeout"}) == "4\n");
  CHECK(found({"--file", "/dev/stdin"}, {.input = "round\n"}) == "2\n");
  CHECK(found({"--file", file, "--file", "-"}, {.input = "the end\n"}) ==
        "5\n");
  CHECK(found({"-F", "-e", "round\ntimeout"}, {}) == "4\n");
  // None at all finds nothing, and leaves nothing out.
  const auto none = home.work().write("none", "");
  CHECK(found({"--file", none}, {}) == "0\n");
  CHECK(found({"--file", none, "-F"}, {}) == "0\n");
  CHECK(home.lodge({"grep", "api", "--file", none}).exit == 1);
  CHECK(home.lodge({"grep", "api", "--file", none, "-v", "-q"}).exit == 0);
  // A blank line is the pattern that is in every line.
  const auto blank = home.work().write("blank", "\n");
  CHECK(home.lodge({"grep", "api", "--file", blank, "-v"}).exit == 1);
  CHECK(home.lodge({"grep", "api", "--file", home.work().path()}).exit == 2);
}

TEST_CASE("sums count by time, field, level and form") {
  const Incident incident(kTalk);
  const auto by =
      json_lines(incident.texts({"logs", "api", "--by", "level", "--json"}));
  REQUIRE(by.size() == 4);
  CHECK(by[0].at("key") == "unknown");
  const auto distinct = json_lines(
      incident.texts({"logs", "--distinct", "req.id", "-g", "slow", "--json"}));
  REQUIRE(distinct.size() == 2);
  CHECK(distinct[0].at("count") == 1);
  // A line without the field is none with the value "-".
  const auto absent = json_lines(
      incident.texts({"logs", "--distinct", "req.id", "api", "--json"}));
  REQUIRE(absent.size() == 3);
  CHECK(absent[0].at("key").is_null());
  CHECK(absent[0].at("count") == 11);
  const auto top =
      json_lines(incident.texts({"logs", "api", "--top", "--json"}));
  REQUIRE(!top.empty());
  CHECK(top[0].at("count") == 2);
  CHECK(incident.texts({"logs", "api", "--by", "1h"}).find("13") !=
        std::string::npos);
  CHECK(incident.texts({"logs", "api", "-c", "-n", "3"}) == "3\n");
}

// Two files of one instance, as they lie; seconds and texts.
using Stamped = std::vector<std::pair<int, std::string>>;

std::string stamped(const Stamped& lines) {
  std::string text;
  for (const auto& [second, line] : lines)
    text += base::format_stamp({1'795'256'100'000'000 + second * 1'000'000}) +
            " " + line + "\n";
  return text;
}

void write_streams(const TestHome& home, const Stamped& out,
                   const Stamped& error) {
  REQUIRE(base::fs::make_dirs(home.file("logs")));
  REQUIRE(base::fs::replace_file(home.log("api-out.log"), stamped(out)));
  REQUIRE(base::fs::replace_file(home.log("api-error.log"), stamped(error)));
  REQUIRE(base::fs::replace_file(home.log("catalog.json"), R"({"v":1,"apps":[
    {"name":"api","namespace":"default","created":"2026-11-21T10:15:00.000000Z",
     "instances":[{"id":0,"instance":0,"out":"api-out.log",
                   "error":"api-error.log"}]}]})"));
}

TEST_CASE("what comes late to one file is shown by the next run") {
  const TestHome home;
  const std::vector<std::string> args = {
      "logs", "--raw",         "--no-events",           "-n",
      "all",  "--cursor-file", home.work().file("kept")};
  Stamped out = {{1, "a"}, {5, "b"}};
  Stamped error = {{2, "x"}};
  write_streams(home, out, error);
  CHECK(home.must(args).out == "a\nx\nb\n");
  CHECK(home.lodge(args).out.empty());
  error.emplace_back(4, "late");
  write_streams(home, out, error);
  CHECK(home.must(args).out == "late\n");
  CHECK(home.lodge(args).out.empty());
  out.emplace_back(6, "c");
  error.emplace_back(5, "late as well");
  write_streams(home, out, error);
  CHECK(home.must(args).out == "late as well\nc\n");
  CHECK(home.lodge(args).out.empty());
  // The first line, by its place, is what earlier versions kept.
  const auto kept = slurp(home.work().file("kept"));
  home.work().write("kept", kept.substr(0, kept.find('\n') + 1));
  CHECK(home.lodge(args).out.empty());
  out.emplace_back(7, "d");
  write_streams(home, out, error);
  CHECK(home.must(args).out == "d\n");
}

TEST_CASE("records come whole, in the order of their first lines") {
  const TestHome home;
  write_streams(home,
                {{1, "INFO a"}, {4, "INFO b"}, {6, "INFO c"}, {9, "INFO d"}},
                {{2, "ERROR x"}, {5, "  at x"}, {7, "  at y"}, {8, "ERROR z"}});
  CHECK(home.must({"grep", "INFO|ERROR", "api", "--records", "--raw"}).out ==
        "INFO a\nERROR x\n  at x\n  at y\nINFO b\nINFO c\nERROR z\nINFO d\n");
  CHECK(home.must({"grep", "(?s)ERROR.*at y", "api", "--records", "-C", "1",
                   "--raw"})
            .out == "INFO a\nERROR x\n  at x\n  at y\nINFO b\n");
}

TEST_CASE("a record that goes on in the next archive is found whole") {
  const TestHome home;
  home.start("api",
             "echo 'level=error customer=zebra boom'; "
             "until [ -e sealed ]; do sleep 0.02; done; "
             "echo '    at main (x.js:1:2)'; "
             // So much that frames are told apart by what is in them.
             "seq -f 'request %g of some that were served' 1 100000; "
             "echo done; exec sleep 1000");
  REQUIRE(logs_come_to_have(home, "boom"));
  home.must({"rotate", "api"});
  run({"touch", "sealed"}, home.in_home());
  REQUIRE(logs_come_to_have(home, "done"));
  home.must({"rotate", "api"});
  REQUIRE(wait_until(
      [&] { return !home.must({"archive", "ls"}).out.contains("segment"); },
      60s));
  // Nothing in the second names a level; nor is there a pattern, with which
  // levels skip nothing.
  constexpr const char* kWhole =
      "level=error customer=zebra boom\n    at main (x.js:1:2)\n";
  CHECK(home.must({"logs", "api", "--level", "error", "--raw"}).out == kWhole);
  // Nor has it what a field is to be.
  CHECK(home.must({"logs", "api", "--where", "customer=\"zebra\"", "--raw"})
            .out == kWhole);
}

TEST_CASE("a pattern that is not UTF-8 changes nothing for the others") {
  const TestHome home;
  home.start("api", R"(printf '\342\204\252elvin\n\377\376\nother\n'; )"
                    "exec sleep 1000");
  const auto count = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"grep", "api", "-c", "-i"});
    return home.lodge(std::move(flags)).out;
  };
  REQUIRE(wait_until([&] { return count({"-e", "other"}) == "1\n"; }));
  CHECK(count({"-e", "kelvin"}) == "1\n");
  CHECK(count({"-e", "kelvin", "-e", "\xff"}) == "2\n");
  CHECK(count({"-e", "\xff", "-e", "\xff"}) == "1\n");
  CHECK(count({"-e", "\xff", "-e", "\xff", "-v"}) == "2\n");
}

TEST_CASE("lives of an instance can be told apart") {
  const TestHome home;
  (void)home.lodge({"start", "echo life of $$; exit 3", "--name", "api",
                    "--max-restarts", "2"});
  REQUIRE(home.reaches("api", "errored"));
  const auto all = home.must({"logs", "api", "--raw", "-n", "all"}).out;
  const auto lives = count_of(all, "life of");
  REQUIRE(lives >= 2);
  const auto first = home.must({"logs", "api", "--generation", "1", "--raw"});
  CHECK(count_of(first.out, "life of") == 1);
  CHECK(all.starts_with(first.out));
  const auto last = home.must({"logs", "api", "--generation", "-1", "--raw"});
  CHECK(all.ends_with(last.out));
  // (How it ended is told a moment after it has.)
  CHECK(wait_until([&] {
    return home.lodge({"logs", "api", "--last-crash", "--raw"}).out == last.out;
  }));
  const auto none = home.lodge({"logs", "api", "--generation", "99"});
  CHECK(none.exit == 1);
  CHECK(none.err.contains("no such life"));
  CHECK(home.lodge({"grep", "-c", "x", "--generation", "99"}).out == "0\n");
}

TEST_CASE("a life's events are shown with it, and no other's") {
  const TestHome home;
  home.start("api", "echo up; exec sleep 1000", {"-i", "2"});
  home.must({"restart", "api/1"});
  home.must({"restart", "api/0"});
  std::vector<nlohmann::json> lives;
  // (An event is told a moment after it happened.)
  CHECK(wait_until([&] {
    lives = json_lines(
        home.must({"logs", "api", "-n", "all", "--generation", "2", "--json"})
            .out);
    return std::ranges::count_if(lives, [](const auto& line) {
             return line.contains("event");
           }) >= 2;
  }));
  for (const auto& line : lives) CHECK(line.at("generation") == 2);
}

TEST_CASE(
    "a record that goes on for long takes no memory for what is behind it") {
  if (kSanitized) return;  // its memory is without bound
  const TestHome home;
  write_streams(home, {}, {{0, "ERROR that nothing follows"}});
  std::string out;
  for (int i = 0; i < 2'000'000; ++i)
    out += fmt::format("2026-11-21T10:15:{:02}.{:06}Z INFO line {}\n",
                       i / 40'000, i % 40'000, i);
  REQUIRE(base::fs::replace_file(home.log("api-out.log"), out));
  const auto ran = run({"bash", "-c",
                        "ulimit -v 200000; exec \"$0\" grep -j1 -c --records "
                        "ERROR api",
                        lodge_binary()},
                       home.in_home());
  INFO(ran.err);
  CHECK(ran.exit == 0);
  CHECK(ran.out == "1\n");
}

TEST_CASE("records that are written piece by piece are followed whole") {
  const TestHome home;
  home.start("api",
             "until [ -e go ]; do sleep 0.02; done; i=0; "
             "while [ $i -lt 12 ]; do i=$((i+1)); echo \"ERROR fail $i\"; "
             "sleep 0.0$((i % 4)); echo \"  at foo()\"; "
             "sleep 0.0$((i % 3 * 3)); echo \"  at needle$((i % 2))\"; "
             "done; sleep 1; echo '  at the end'; exec sleep 1000");
  const std::vector<std::vector<std::string>> filters = {
      {"-g", "fail"},
      {"-g", "(?s)fail.*needle1"},
      {"-V", "needle1"},
      {"-g", "(?s)fail.*foo", "-C", "1"}};
  std::vector<Child> live;
  for (auto words : filters) {
    words.insert(words.begin(), {"logs", "api", "-f", "-n", "all", "--records",
                                 "--raw", "--no-events"});
    live.push_back(home.background(words));
  }
  run({"touch", "go"}, home.in_home());
  REQUIRE(logs_come_to_have(home, "at the end"));
  for (size_t i = 0; i < filters.size(); ++i) {
    CAPTURE(i);
    auto words = filters[i];
    words.insert(words.begin(), {"logs", "api", "-n", "all", "--records",
                                 "--raw", "--no-events"});
    const auto after = home.must(words).out;
    CHECK(after.size() > 100);
    CHECK(wait_until([&] { return live[i].out().size() >= after.size(); }));
    CHECK(live[i].out() == after);
    live[i].signal(SIGINT);
  }
}

TEST_CASE("a filter in follow shows what it shows afterwards, with context") {
  const TestHome home;
  home.start("marker", "exec sleep 1000");
  Child follower =
      home.background({"grep", "-f", "x[0-9]*7 ", "-C", "2", "--raw", "api"});
  // An app that is not there yet can't be named.
  CHECK(follower.wait(5s).exit == 2);
  home.start("api",
             "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo \"x$i of out\"; "
             "[ $((i % 3)) = 0 ] && echo \"y$i of err\" >&2; "
             "[ $((i % 50)) = 0 ] && sleep 0.1; done; echo done; "
             "exec sleep 1000");
  Child live = home.background({"grep", "-f", "x[0-9]*7 ", "-C", "2", "api",
                                "--template", "{stream} {message}"});
  for (int i = 0; i < 3; ++i) home.must({"rotate", "api"});
  REQUIRE(wait_until([&] {
    return home.must({"logs", "api", "--raw", "-n", "all"}).out.find("done") !=
           std::string::npos;
  }));
  std::string after;
  const bool same = wait_until([&] {
    after = home.must({"grep", "x[0-9]*7 ", "-C", "2", "api", "--template",
                       "{stream} {message}"})
                .out;
    return count_of(live.out(), "x397 ") == 1 &&
           live.out().size() >= after.size();
  });
  CHECK(same);
  CHECK(live.out() == after);
  live.signal(SIGINT);
}

}  // namespace support
