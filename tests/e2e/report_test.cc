// Evidence for a colleague: a range as one file, and the file read again.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fs.h"
#include "store/times.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

namespace fs = base::fs;

constexpr int64_t kStart = 1'795'256'100'000'000;

std::string stamp(int64_t second) {
  return base::format_stamp({kStart + second * 1'000'000});
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

// A hundred seconds of two apps, `raw` without stamps; nothing runs.
void write_logs(const TestHome& home) {
  REQUIRE(fs::make_dirs(home.file("logs")));
  home.work().write("else.log", "");
  std::string api, error, other, raw, events;
  std::vector<store::TimeEntry> times;
  const auto start = [&](int second, int generation) {
    events +=
        fmt::format(R"({{"v":1,"time":"{}","event":"start","app":"api","id":0,)"
                    R"("instance":0,"generation":{},"pid":{},)"
                    R"("command":"lodge start api.js -- --token abc"}})"
                    "\n",
                    stamp(second), generation, 100 + generation);
  };
  start(0, 1);
  for (int i = 0; i < 100; ++i) {
    api += fmt::format("{} line {} of api\n", stamp(i), i);
    if (i % 3 == 0) error += fmt::format("{} error {}\n", stamp(i), i);
    other += fmt::format("{} elsewhere {}\n", stamp(i), i);
    times.push_back({raw.size(), {kStart + i * 1'000'000}});
    raw += fmt::format("plain {}\n", i);
    if (i == 20) start(20, 2);
    if (i == 60) start(60, 3);
    if (i == 90) start(90, 4);
  }
  const auto put = [&](const std::string& name, const std::string& bytes) {
    REQUIRE(
        fs::replace_file(name.starts_with('/') ? name : home.log(name), bytes));
  };
  put("api-out.log", api);
  put("api-error.log", error);
  put("api-events.log", events);
  put("raw-out.raw.log", raw);
  put("raw-out.raw.idx", store::format_times(times));
  // One whose name a file of the log directory has, too.
  const std::string far = home.work().file("api-out.log");
  put(far, other);
  put("catalog.json", fmt::format(R"({{"v":1,"apps":[
    {{"name":"api","namespace":"default","created":"{0}","instances":[
      {{"id":0,"instance":0,"out":"api-out.log","error":"api-error.log"}}]}},
    {{"name":"far","namespace":"default","created":"{0}","instances":[
      {{"id":1,"instance":0,"out":"{1}","error":""}}]}},
    {{"name":"raw","namespace":"default","created":"{0}","instances":[
      {{"id":2,"instance":0,"out":"raw-out.raw.log","error":"",
        "stamp":"none"}}]}}]}})",
                                  stamp(0), far));
}

std::vector<std::string> range(std::vector<std::string> words, int from,
                               int to) {
  for (const auto& word :
       {std::string("--since"), stamp(from), std::string("--until"), stamp(to)})
    words.push_back(word);
  return words;
}

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Offsets are those of another file, and secrets are masked.
std::string comparable(std::string text) {
  constexpr std::string_view kCursor = R"("cursor":")";
  for (auto at = text.find(kCursor); at != text.npos; at = text.find(kCursor))
    text.erase(at, text.find('"', at + kCursor.size()) + 2 - at);
  constexpr std::string_view kToken = "--token abc";
  for (auto at = text.find(kToken); at != text.npos; at = text.find(kToken))
    text.replace(at, kToken.size(), "--token ***");
  return text;
}

// Where a command may unpack; nothing stays there.
class Scratch {
 public:
  RunOptions options() const { return {.env = {{"TMPDIR", dir_.path()}}}; }
  bool is_empty() const {
    auto names = fs::list_dir(dir_.path());
    return names && names->empty();
  }

 private:
  TempDir dir_;
};

}  // namespace

TEST_CASE("a report shows the lines of its range as the home itself does") {
  const TestHome home;
  const Scratch scratch;
  write_logs(home);
  const std::string file = home.work().file("r.tar.zst");
  const auto made = home.must(range({"report", "-o", file}, 30, 70));
  CHECK(has(made.out, "lines of 3 apps"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"logs", "-n", "all", "--json"},
        {"logs", "-n", "all", "--utc"},
        {"logs", "-n", "all", "--raw", "raw"},
        {"logs", "--generation", "2", "api", "--json"},
        {"logs", "--generation", "3", "api"},
        {"logs", "--by", "10s"},
        {"grep", "5", "--json"},
        {"grep", "-c", "."},
        {"grep", "error 3", "api", "-C", "2"}}) {
    CAPTURE(command_line(words));
    const auto here = home.lodge(range(words, 30, 70));
    const auto there = home.lodge(with(range(words, 30, 70), {"--from", file}),
                                  scratch.options());
    CHECK(here.exit == 0);
    CHECK_FALSE(here.out.empty());
    CHECK(comparable(there.out) == comparable(here.out));
    CHECK(there.err == here.err);
    CHECK(there.exit == here.exit);
  }
  // No line but those of the range is in it.
  const auto all = home.must({"grep", "-c", ".", "--from", file}).out;
  CHECK(all == home.must(range({"grep", "-c", "."}, 30, 70)).out);
  const auto events =
      home.must({"events", "-n", "all", "--json", "--from", file},
                scratch.options())
          .out;
  CHECK_FALSE(has(events, R"("generation":1)"));
  CHECK(has(events, R"("generation":2)"));  // in which the range begins
  CHECK(has(events, R"("generation":3)"));
  CHECK_FALSE(has(events, R"("generation":4)"));
  CHECK(scratch.is_empty());
}

TEST_CASE("any tar unpacks a report to a log directory with its checksums") {
  const TestHome home;
  write_logs(home);
  const std::string file = home.work().file("r.tar.zst");
  home.must(range({"report", "api", "-o", file}, 30, 70));
  auto info = fs::stat(file);
  REQUIRE(info);
  CHECK((info->st_mode & 0777) == 0600);
  const auto listed = run({"tar", "--zstd", "-tf", file});
  CHECK(listed.exit == 0);
  CHECK(listed.out ==
        "versions.txt\ndoctor.txt\nlogs/catalog.json\nlogs/api-out.log\n"
        "logs/api-error.log\nlogs/api-events.log\nreport.json\nXXH128SUMS\n");
  const TempDir dir;
  REQUIRE(run({"tar", "--zstd", "-xf", file, "-C", dir.path()}).exit == 0);
  const auto words = range({"logs", "-n", "all", "--json"}, 30, 70);
  CHECK(comparable(home.must(with(words, {"--from", dir.path()})).out) ==
        comparable(home.must(with(words, {"api"})).out));
  const auto sums = slurp(dir.file("XXH128SUMS"));
  CHECK(std::ranges::count(sums, '\n') == 7);
  const auto told = nlohmann::json::parse(slurp(dir.file("report.json")));
  CHECK(told["since"] == stamp(30));
  CHECK(told["problems"].empty());
  // What was typed to start it may have been a secret.
  const auto events = slurp(dir.file("logs/api-events.log"));
  CHECK(has(events, "--token ***"));
  CHECK_FALSE(has(events, "abc"));
}

TEST_CASE("a report tells why apps exited last before its end, and of lodge") {
  const TestHome home;
  write_logs(home);
  const auto event = [](int second, std::string_view rest) {
    return fmt::format(R"({{"v":1,"time":"{}","app":"api","id":0,)"
                       R"("instance":0,{}}})"
                       "\n",
                       stamp(second), rest);
  };
  REQUIRE(fs::replace_file(
      home.log("api-events.log"),
      event(0, R"("event":"start","generation":1)") +
          event(40, R"("event":"exit","generation":1,"code":7)") +
          event(41, R"("event":"start","generation":2,)"
                    R"("command":"lodge start api.js --token abc")") +
          event(75, R"("event":"exit","generation":2,"code":9)")));
  const auto member = [&](const std::string& file, const std::string& name) {
    return run({"tar", "--zstd", "-xOf", home.work().file(file), name}).out;
  };
  home.must(range({"report", "-o", "r.tar.zst"}, 30, 70));
  const auto why = member("r.tar.zst", "why.txt");
  CHECK(has(why, "api  exited with code 7 at "));
  CHECK(has(why, "restarted in 1"));
  CHECK(has(why, "line 39 of api"));
  CHECK_FALSE(has(why, "line 41 of api"));
  CHECK_FALSE(has(why, "abc"));
  home.must(range({"report", "api", "-o", "later.tar.zst"}, 30, 80));
  CHECK(has(member("later.tar.zst", "why.txt"), "exited with code 9"));
  home.must(
      range({"report", "--exclude", "api", "-o", "others.tar.zst"}, 30, 80));
  CHECK(member("others.tar.zst", "why.txt").empty());
  for (const std::string file : {"r.tar.zst", "others.tar.zst"})
    CHECK(has(member(file, "doctor.txt"), home.path()));
}

TEST_CASE("a report that is followed is refused: it does not grow") {
  const TestHome home;
  write_logs(home);
  const std::string file = home.work().file("r.tar.zst");
  home.must(range({"report", "-o", file}, 0, 10));
  const auto ran = home.lodge({"logs", "-f", "--from", file});
  CHECK(ran.exit == 2);
  CHECK(has(ran.err, "a report does not grow"));
}

TEST_CASE("a report goes to stdout, or gets a name of its time here") {
  const TestHome home;
  write_logs(home);
  const auto piped = home.must(range({"report", "-o", "-"}, 0, 10));
  CHECK(piped.out.starts_with("\x28\xb5\x2f\xfd"));
  home.must(range({"report"}, 0, 10));
  size_t reports = 0;
  const auto names = fs::list_dir(home.work().path());
  REQUIRE(names);
  for (const auto& name : *names) {
    CHECK_FALSE(fs::is_temporary(name));
    if (name.starts_with("lodge-report-") && name.ends_with("Z.tar.zst"))
      ++reports;
  }
  CHECK(reports == 1);
}

TEST_CASE("a report that is broken off leaves no file") {
  const TestHome home;
  write_logs(home);
  const auto files = [&] {
    const auto names = fs::list_dir(home.work().path());
    REQUIRE(names);
    return names->size();
  };
  const auto before = files();
  // It waits for a daemon that says nothing.
  home.start("api", "exec sleep 1000");
  const pid_t daemon = home.daemon_pid();
  REQUIRE(::kill(daemon, SIGSTOP) == 0);
  for (const int signal : {SIGINT, SIGKILL}) {
    Child making =
        home.background(range({"report", "-o", home.work().file("f")}, 0, 10));
    CHECK(wait_until([&] { return files() > before; }));
    making.signal(signal);
    CHECK(making.wait().signal == signal);
    CHECK(wait_until([&] { return files() == before; }));
  }
  REQUIRE(::kill(daemon, SIGCONT) == 0);
}

TEST_CASE("what a report can't be made of is said, and leaves no file") {
  const TestHome home;
  write_logs(home);
  CHECK(home.lodge({"report"}).exit == 2);
  CHECK(home.lodge(range({"report", "nobody"}, 0, 10)).exit == 2);
  CHECK(home.lodge(range({"report"}, 10, 10)).exit == 2);
  CHECK(home.lodge(range({"report", "-o", "/no/such/dir/f"}, 0, 9)).exit == 1);
  // A disk that is full in the middle of it.
  const auto full =
      home.lodge(range({"report", "-o", home.work().file("f")}, 0, 10),
                 {.env = {{"LODGE_FAILPOINTS", "write~/f=ENOSPC@1"}}});
  CHECK(full.exit == 1);
  CHECK(has(full.err, "No space"));
  const auto names = fs::list_dir(home.work().path());
  REQUIRE(names);
  for (const auto& name : *names) CHECK(name.ends_with(".log"));
}

TEST_CASE(
    "what is sealed, compressed and written now is one file in a report") {
  const TestHome home;
  const Scratch scratch;
  home.start("api",
             "for i in 1 2 3; do echo one $i; done; read x; "
             "for i in 1 2 3; do echo two $i >&2; done; exec sleep 1000",
             {"--set", "log.stamp=none"});
  const std::string file = home.work().file("r.tar.zst");
  const auto lines = [&] {
    return home.must({"logs", "api", "--raw", "--out", "-n", "all"}).out;
  };
  CHECK(wait_until([&] { return std::ranges::count(lines(), '\n') == 3; }));
  home.must({"rotate", "api"});
  CHECK(wait_until([&] {
    const auto listed = json_of(home.must({"archive", "ls", "--json"}).out);
    return !listed.empty() && listed[0]["compressed"] == true;
  }));
  home.must({"report", "--since", "1h", "-o", file});
  const auto words =
      std::vector<std::string>{"logs", "api", "--json", "-n", "all", "--out"};
  const auto there =
      home.must(with(words, {"--from", file}), scratch.options()).out;
  CHECK(has(there, "one 3"));
  // With their times, too, which lie in the archive.
  CHECK(comparable(there) == comparable(home.must(words).out));
  CHECK(std::ranges::count(there, '\n') == 3);
  const auto unpacked = run({"tar", "--zstd", "-xOf", file, "describe.json"});
  REQUIRE(unpacked.exit == 0);
  CHECK(nlohmann::json::parse(unpacked.out)[0]["app"] == "api");
}

TEST_CASE(
    "a tar that is hostile, damaged or none is refused, and nothing stays") {
  const TestHome home;
  const Scratch scratch;
  write_logs(home);
  const auto& work = home.work();
  const std::string good = work.file("good.tar.zst");
  home.must(range({"report", "-o", good}, 0, 50));
  const auto refused = [&](const std::string& file) {
    CAPTURE(file);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"logs"}, {"grep", "x"}, {"events"}}) {
      const auto ran =
          home.lodge(with(words, {"--from", file}), scratch.options());
      INFO(ran.err);
      CHECK(ran.exit == 2);
      CHECK(ran.out.empty());
      CHECK(has(ran.err, file));
      CHECK(scratch.is_empty());
    }
  };
  REQUIRE(fs::make_dirs(work.file("in/logs")));
  work.write("in/logs/catalog.json", R"({"v":1,"apps":[]})");
  work.write("out", "x");
  REQUIRE(::symlink("/etc", work.file("in/logs/link").c_str()) == 0);
  REQUIRE(::mkfifo(work.file("in/fifo").c_str(), 0600) == 0);
  REQUIRE(::link(work.file("out").c_str(), work.file("in/hard").c_str()) == 0);
  const auto packed = [&](const std::vector<std::string>& members) {
    const std::string file = work.file("bad.tar.zst");
    const auto made = run(with(
        {"tar", "--zstd", "-P", "-cf", file, "-C", work.file("in")}, members));
    REQUIRE(made.exit == 0);
    return file;
  };
  refused(packed({"logs"}));  // has a link
  refused(packed({"logs/catalog.json", "fifo"}));
  refused(packed({"logs/catalog.json", "../out"}));
  refused(packed({"logs/catalog.json", work.file("out")}));
  refused(packed({"hard"}));  // no catalog
  // The same without what is bad in it is read.
  CHECK(home.lodge({"logs", "--from", packed({"logs/catalog.json"})},
                   scratch.options())
            .exit == 0);
  // A catalog that names others' files.
  for (const std::string& name :
       {work.file("out"), std::string("../../out"), std::string("a/../../x")}) {
    work.write("in/logs/catalog.json",
               fmt::format(R"({{"v":1,"apps":[{{"name":"a","namespace":"b",
      "created":"{}","instances":[{{"id":0,"instance":0,"out":"a-out.log",
      "error":"{}"}}]}}]}})",
                           stamp(0), name));
    refused(packed({"logs/catalog.json"}));
  }
  const auto bytes = slurp(good);
  refused(work.write("cut.tar.zst", bytes.substr(0, bytes.size() / 2)));
  auto damaged = bytes;
  // One bit may be one of those that mean nothing to zstd.
  for (size_t i = 0; i < 16; ++i) damaged[damaged.size() / 2 + i] ^= '\x55';
  refused(work.write("damaged.tar.zst", damaged));
  refused(work.write("text.tar.zst", "not even close\n"));
  refused(work.write("empty.tar.zst", ""));
  refused(work.file("missing.tar.zst"));
}

TEST_CASE("what was unpacked goes although the reader is killed") {
  const TestHome home;
  const Scratch scratch;
  home.start("api", "seq 400000; exec sleep 1000");
  REQUIRE(wait_until(
      [&] { return home.lodge({"grep", "-qx", "400000", "api"}).exit == 0; }));
  const std::string file = home.work().file("r.tar.zst");
  home.must({"report", "--since", "1h", "-o", file});
  for (const int number : {SIGINT, SIGTERM, SIGKILL}) {
    CAPTURE(number);
    // Into a pipe that nobody reads, and that takes a part of it at most.
    Child reader({"bash", "-c",
                  "rm -f pipe; mkfifo pipe; exec 3<>pipe; "
                  "exec \"$0\" logs -n all --raw --from \"$1\" >&3",
                  lodge_binary(), file},
                 home.in_home(scratch.options()));
    CHECK(wait_until([&] { return !scratch.is_empty(); }));
    reader.signal(number);
    CHECK_FALSE(reader.wait().output_held);
    CHECK(wait_until([&] { return scratch.is_empty(); }));
  }
}

}  // namespace support
