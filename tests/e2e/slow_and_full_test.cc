// A disk that is slow, hangs, is full or broken, and lines that no terminal
// would show: no other app is kept waiting, nothing is lost that needn't be,
// and what is lost is counted.
//
// The trials with a small disk mount a tmpfs, which needs root; those of a hung
// or failing disk use failpoints. E2E_ROUNDS=16 makes the longest line 1 GiB.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/chaos.h"
#include "support/http.h"
#include "support/lines/history.h"
#include "support/test_home.h"

namespace support {
namespace {

namespace fs = std::filesystem;

uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

bool grows(const std::string& path, uint64_t bytes) {
  const uint64_t before = size_of(path);
  return wait_until([&] { return size_of(path) >= before + bytes; }, 10s);
}

// The sum of what events say was dropped.
uint64_t dropped_lines(const TestHome& home, const std::string& app) {
  uint64_t lines = 0;
  for (const auto& event : home.events(app, "drop"))
    lines += event.value("lines", uint64_t{0});
  return lines;
}

bool has_event_with(const TestHome& home, const std::string& app,
                    const std::string& word) {
  const auto all = home.events(app);
  return std::ranges::any_of(all, [&](const nlohmann::json& event) {
    return event.dump().find(word) != std::string::npos;
  });
}

// Nothing is wrong with the lines but what events own up to.
void check_accounted(const TestHome& home, const Chaos& chaos,
                     const std::string& app) {
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(wait_until(
      [&] { return report.count(Breach::Lost) == dropped_lines(home, app); }));
  CHECK(report.counts.size() == (report.count(Breach::Lost) > 0 ? 1 : 0));
}

// 16 MiB for the logs of a home, nearly all of it taken by one file. The apps
// are ended before the disk goes.
class SmallDisk {
 public:
  explicit SmallDisk(const TestHome& home)
      : home_(home), path_(home.file("logs")) {
    ::mkdir(home.path().c_str(), 0700);
    ::mkdir(path_.c_str(), 0700);
    mounted_ =
        ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=16m,mode=0700") == 0;
    if (!mounted_) MESSAGE("SKIPPED: a file system can't be mounted here");
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (!mounted_) return;
    home_.lodge({"kill"});
    ::umount2(path_.c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }
  void take(uint64_t mebibytes) const {
    std::ofstream(filler()) << std::string(mebibytes << 20, 'x');
  }
  void give_back() const { fs::remove(filler()); }
  uint64_t free_bytes() const {
    struct statvfs info{};
    if (::statvfs(path_.c_str(), &info) != 0) return 0;
    return info.f_bavail * info.f_frsize;
  }

 private:
  std::string filler() const { return path_ + "/filler"; }
  const TestHome& home_;
  const std::string path_;
  bool mounted_ = false;
};

// An app hands nothing over for two seconds: its pipe is full, and nobody
// reads. Not a time that is asserted; it has long stood by then.
bool stands_still(const Chaos& chaos, const std::string& app) {
  return wait_until(
      [&] {
        const uint64_t before = chaos.handed(app);
        return !wait_until([&] { return chaos.handed(app) != before; }, 2s);
      },
      60s);
}

// A home whose daemon finds the k-th write, and all that follow, to one file
// hanging until `release` is called.
struct Hanging {
  explicit Hanging(const TestHome& home)
      : release_file(home.work().file("go")) {
    Chaos(home).begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=hang@5+"},
                               {"LODGE_FAILPOINT_RELEASE", release_file}}});
  }
  ~Hanging() { release(); }  // else its home could not end
  Hanging(const Hanging&) = delete;
  Hanging& operator=(const Hanging&) = delete;
  void release() const { std::ofstream(release_file) << "go"; }
  std::string release_file;
};

}  // namespace

TEST_CASE("while one app's file hangs, another's lines go on") {
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "20000"});
  chaos.start("b", {"--rate", "20000"});
  CHECK(stands_still(chaos, "a"));
  const uint64_t hung_at = size_of(home.log("a-out.log"));
  for (int i = 0; i < 3; ++i) CHECK(grows(home.log("b-out.log"), 500'000));
  CHECK(home.must({"stop", "b"}).in_time);
  CHECK(size_of(home.log("a-out.log")) == hung_at);
  hanging.release();
  CHECK(grows(home.log("a-out.log"), 500'000));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE("an app whose file hangs can be stopped, and loses nothing") {
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "20000"});
  CHECK(stands_still(chaos, "a"));
  CHECK(home.lodge({"stop", "a"}, {.deadline = 40s}).exit == 0);
  hanging.release();
  const uint64_t handed = chaos.handed("a");
  // What it read last is written behind the stop's back.
  LineChecker checker;
  checker.add_truth(home.work().file("a.truth"));
  checker.add_place(file_place(home.log("a-out.log")));
  Report report;
  CHECK(wait_until([&] { return (report = checker.check()).lines >= handed; }));
  CHECK(chaos.insist({"kill"}));
  report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE(
    "overflow=drop: an app never waits for a file that hangs, lost lines "
    "are counted") {
  const TestHome asked;
  if (!knows_setting(asked, "log.overflow=drop")) {
    MESSAGE("SKIPPED: no setting log.overflow yet");
    return;
  }
  const TestHome home;
  const Hanging hanging(home);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "50000"}, {"--set", "log.overflow=drop"});
  chaos.start("b", {"--rate", "5000"});
  // More than all pipes and buffers hold.
  CHECK(chaos.goes_on("a", 300'000));
  CHECK(grows(home.log("b-out.log"), 100'000));
  hanging.release();
  CHECK(grows(home.log("a-out.log"), 500'000));
  check_accounted(home, chaos, "a");
  CHECK(dropped_lines(home, "a") > 0);
  CHECK(dropped_lines(home, "b") == 0);
}

TEST_CASE("a slow file delays its app and no other, and keeps every line") {
  const TestHome home;
  Chaos chaos(home);
  chaos.begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=sleep:50@5+"}}});
  chaos.start("a", {"--lines", "100000", "--then", "linger"});
  chaos.start("b", {"--rate", "20000"});
  for (int i = 0; i < 3; ++i) CHECK(grows(home.log("b-out.log"), 300'000));
  CHECK(wait_until([&] { return chaos.finished("a"); }, 60s));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines > 100'000);
}

TEST_CASE(
    "on_full=wait: a full disk loses nothing, writing goes on by itself") {
  const TestHome asked;
  const bool has_setting = knows_setting(asked, "log.on_full=wait");
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  disk.take(12);
  Chaos chaos(home);
  // Stamped some 11 MB: with the filler too much, without it not.
  const std::vector<std::string> wait = {"--set", "log.on_full=wait"};
  chaos.start("a", {"--lines", "110000", "--rate", "50000", "--then", "linger"},
              has_setting ? wait : std::vector<std::string>{});
  CHECK(stands_still(chaos, "a"));
  CHECK_FALSE(chaos.finished("a"));
  disk.give_back();
  CHECK(wait_until([&] { return chaos.finished("a"); }, 30s));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 110'000);
}

TEST_CASE(
    "on_full=wait and kill -9 on the full disk: nothing lost or doubled") {
  const TestHome asked;
  const bool has_setting = knows_setting(asked, "log.on_full=wait");
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  disk.take(12);
  Chaos chaos(home);
  const std::vector<std::string> wait = {"--set", "log.on_full=wait"};
  chaos.start("a", {"--lines", "110000", "--rate", "50000", "--then", "linger"},
              has_setting ? wait : std::vector<std::string>{});
  CHECK(stands_still(chaos, "a"));
  for (int i = 0; i < 4; ++i) {
    chaos.kill_daemon();
    chaos.pause(5ms, 200ms);
  }
  disk.give_back();
  CHECK(wait_until([&] { return chaos.finished("a"); }, 30s));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE("a full disk does not stop a service: what is dropped is counted") {
  const TestHome asked;
  if (!knows_setting(asked, "log.on_full=drop")) {
    MESSAGE("SKIPPED: no setting log.on_full yet");
    return;
  }
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  home.work().write("server.py",
                    "import http.server, sys\n"
                    "count = 0\n"
                    "class H(http.server.BaseHTTPRequestHandler):\n"
                    "  def do_GET(self):\n"
                    "    global count\n"
                    "    print('GET', 'x' * 4000, flush=True)\n"
                    "    count += 1\n"
                    "    self.send_response(200); self.end_headers()\n"
                    "    self.wfile.write(b'%d here' % count)\n"
                    "  def log_message(self, *a): pass\n"
                    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])),"
                    " H).serve_forever()\n");
  const int port = free_port();
  home.start("web", "server.py", {"--", std::to_string(port)});
  CHECK(wait_until([&] { return !http_get(port).empty(); }));
  Chaos chaos(home);
  chaos.start("a",
              {"--lines", "400000", "--rate", "50000", "--then", "linger"});
  disk.take(16);  // as much of them as there is room for
  CHECK(wait_until([&] { return disk.free_bytes() == 0; }));
  // Far more than its pipe and our buffers hold.
  for (int i = 0; i < 1000; ++i) {
    const bool served =
        wait_until([&] { return http_get(port).ends_with("here"); }, 30s);
    CHECK(served);
    if (!served) break;
  }
  CHECK(wait_until([&] { return chaos.finished("a"); }, 60s));
  disk.give_back();
  // Requests that were given up here were logged there: its word counts.
  uint64_t logged = 0;
  CHECK(wait_until([&] {
    const std::string answer = http_get(port);
    const auto body = answer.rfind("\n", answer.size());
    if (body == answer.npos) return false;
    logged = std::strtoull(answer.c_str() + body + 1, nullptr, 10);
    const std::string file = slurp(home.log("web-out.log"));
    return file.ends_with("x\n");
  }));
  check_accounted(home, chaos, "a");
  std::ptrdiff_t kept = 0;
  for (const auto& path :
       history_of(home.file("logs"), "web", SourceStream::Out)) {
    const std::string file = slurp(path);
    kept += std::count(file.begin(), file.end(), '\n');
  }
  CHECK(logged - static_cast<uint64_t>(kept) == dropped_lines(home, "web"));
  CHECK(dropped_lines(home, "web") > 0);
}

TEST_CASE("`stop` on a full disk returns, and what was written stays whole") {
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  disk.take(14);
  Chaos chaos(home);
  chaos.start("a", {"--rate", "50000"});
  CHECK(stands_still(chaos, "a"));
  CHECK(home.lodge({"stop", "a"}, {.deadline = 40s}).exit == 0);
  disk.give_back();
  // Whatever had to wait is written or counted; nothing is torn for good.
  CHECK(wait_until([&] {
    LineChecker checker;
    checker.add_truth(home.work().file("a.truth"));
    for (const auto& path :
         history_of(home.file("logs"), "a", SourceStream::Out))
      checker.add_place(file_place(path), {.stream = SourceStream::Out});
    const Report report = checker.check();
    return report.count(Breach::Torn) == 0 &&
           report.count(Breach::Lost) == dropped_lines(home, "a");
  }));
}

TEST_CASE("a write that fails for want of space is made again, none twice") {
  for (const std::string fault :
       {"ENOSPC@7", "ENOSPC@1", "EDQUOT@3", "short@1+",
        "short@4+;write~a-out.log=ENOSPC@9"}) {
    CAPTURE(fault);
    const TestHome home;
    Chaos chaos(home);
    chaos.begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=" + fault}}});
    chaos.start("a", {"--lines", "50000", "--then", "linger"});
    CHECK(wait_until([&] { return chaos.finished("a"); }));
    const Report report = chaos.stop_and_check();
    INFO(report.text());
    CHECK(report.clean());
    CHECK(report.lines == 50'000);
  }
}

TEST_CASE("a file that can't be written is left for a new one, and named") {
  const TestHome home;
  Chaos chaos(home);
  chaos.begin({.env = {{"LODGE_FAILPOINTS", "write~a-out.log=EIO@7"}}});
  chaos.start("a", {"--lines", "50000", "--then", "linger"});
  CHECK(wait_until([&] { return chaos.finished("a"); }));
  CHECK(chaos.insist({"stop", "a"}));
  CHECK(has_event_with(home, "a", "suspect"));
  // Wherever the old file went: its lines are the first.
  std::vector<std::pair<std::string, std::string>> files;  // by first stamp
  for (const auto& entry :
       fs::recursive_directory_iterator(home.file("logs"))) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name.find("out") == name.npos ||
        name.find("events") != name.npos)
      continue;
    files.emplace_back(slurp(entry.path()).substr(0, 27), entry.path());
  }
  std::ranges::sort(files);
  CHECK(files.size() >= 2);
  LineChecker checker;
  checker.add_truth(home.work().file("a.truth"));
  for (const auto& [stamp, path] : files)
    if (stamp.starts_with("20")) checker.add_place(file_place(path));
  const Report report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 50'000);
}

}  // namespace support
