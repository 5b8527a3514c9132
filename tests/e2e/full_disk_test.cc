// A full disk: no service stops, writing goes on by itself, and what is lost is
// counted. A small disk is a tmpfs, which takes root to mount.

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fstream>

#include "e2e/disks.h"
#include "support/http.h"
#include "support/lines/history.h"

namespace support {
namespace {

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
    // A tenth of this disk is no room at all: the trial is about all of it.
    home.must({"set", "logs.cap", "1G"});
    home.must({"set", "logs.keep_free", "0"});
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

// A web server whose every request makes it write a line of so many bytes;
// returns its port. Bodies are "<count> here".
int start_server(const TestHome& home, int line_size) {
  home.work().write("server.py",
                    "import http.server, sys\n"
                    "count = 0\n"
                    "class H(http.server.BaseHTTPRequestHandler):\n"
                    "  def do_GET(self):\n"
                    "    global count\n"
                    "    print('GET', 'x' * int(sys.argv[2]), flush=True)\n"
                    "    count += 1\n"
                    "    self.send_response(200); self.end_headers()\n"
                    "    self.wfile.write(b'%d here' % count)\n"
                    "  def log_message(self, *a): pass\n"
                    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])),"
                    " H).serve_forever()\n");
  const int port = free_port();
  home.start("web", "server.py",
             {"--", std::to_string(port), std::to_string(line_size)});
  CHECK(wait_until([&] { return !http_get(port).empty(); }));
  return port;
}

}  // namespace

namespace {

// An app with `log.on_full=wait` that stands still because the disk is full:
// stamped its lines are some 11 MB, with the filler too much, without it not.
void fill_and_wait(const SmallDisk& disk, Chaos& chaos) {
  disk.take(12);
  chaos.start("a", {"--lines", "110000", "--rate", "50000", "--then", "linger"},
              {"--set", "log.on_full=wait"});
  CHECK(stands_still(chaos, "a"));
  CHECK_FALSE(chaos.finished("a"));
}

// There is room again: all of it comes.
void check_all_comes(const SmallDisk& disk, const Chaos& chaos) {
  disk.give_back();
  CHECK(wait_until([&] { return chaos.finished("a"); }, 30s));
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines == 110'000);
}

}  // namespace

TEST_CASE(
    "on_full=wait: a full disk loses nothing, writing goes on by itself") {
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  Chaos chaos(home);
  fill_and_wait(disk, chaos);
  check_all_comes(disk, chaos);
}

TEST_CASE(
    "on_full=wait and kill -9 on the full disk: nothing lost or doubled") {
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  Chaos chaos(home);
  fill_and_wait(disk, chaos);
  for (int i = 0; i < 4; ++i) {
    chaos.kill_daemon();
    chaos.pause(5ms, 200ms);
  }
  check_all_comes(disk, chaos);
}

TEST_CASE("a full disk does not stop a service: what is dropped is counted") {
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  const int port = start_server(home, 4000);
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

TEST_CASE("on a full disk a service answers each request, without a pause") {
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  // In all more than the rest of its file's last page, less than its pipe.
  const int port = start_server(home, 1000);
  disk.take(16);
  // Its answer is to come at the first try; http_get() waits for two seconds.
  Millis worst{0};
  int answered = 0;
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kRequests = 20;
  Chaos chaos(home);
  for (int i = 0; i < kRequests; ++i) {
    const auto asked = std::chrono::steady_clock::now();
    if (http_get(port).ends_with("here")) ++answered;
    worst = std::max(worst, since(asked));
    // Over the time, too, when waiting ends and dropping begins.
    chaos.pause(700ms, 800ms);
  }
  CHECK(disk.free_bytes() == 0);
  MESSAGE("in " << since(begin).count() << " ms the slowest answer took "
                << worst.count() << " ms");
  CHECK(answered == kRequests);
  CHECK(wait_until([&] { return has_event_with(home, "web", "disk_full"); }));
  disk.give_back();
  CHECK(wait_until([&] { return has_event_with(home, "web", "disk_ok"); }));
}

TEST_CASE("on a full disk what is sealed gives way before a line is dropped") {
  const TestHome home;
  const SmallDisk disk(home);
  if (!disk.mounted()) return;
  home.start("old",
             "head -c 4000000 /dev/zero | tr '\\0' 'x' | fold -w 99; echo; "
             "exec sleep 1000",
             {"--set", "log.compress=false"});
  CHECK(
      wait_until([&] { return size_of(home.log("old-out.log")) > 4'000'000; }));
  home.must({"rotate", "old"});
  disk.take(10);
  Chaos chaos(home);
  // Stamped some 4 MB, for which there is no room beside what is sealed.
  chaos.start("new",
              {"--lines", "40000", "--rate", "20000", "--then", "linger"});
  CHECK(wait_until([&] { return chaos.finished("new"); }, 60s));
  CHECK(home.events("old", "remove").size() == 1);
  CHECK(home.events("new", "drop").empty());
  home.must({"stop", "all"});
  LineChecker checker;
  checker.add_truth(home.work().file("new.truth"));
  for (const auto& path :
       history_of(home.file("logs"), "new", SourceStream::Out))
    checker.add_place(file_place(path), {.stream = SourceStream::Out});
  const Report report = checker.check();
  INFO(report.text());
  CHECK(report.clean());
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

}  // namespace support
