// What becomes of logs that were written: sealed, compressed, read again,
// deleted in time.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "support/chaos.h"
#include "support/lines/plain_bytes.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

// A segment that has its archive beside it, which is about to take its place,
// counts once.
std::vector<std::string> sealed_of(const TestHome& home,
                                   const std::string& app) {
  std::vector<std::string> paths;
  const auto dir = home.log("archive/" + app);
  const auto names = base::fs::list_dir(dir);
  if (!names) return paths;
  for (const auto& name : *names)
    if (!name.starts_with('.') &&
        std::ranges::find(*names, name + ".zst") == names->end())
      paths.push_back(base::fs::join(dir, name));
  return paths;
}

bool all_compressed(const TestHome& home, const std::string& app) {
  const auto paths = sealed_of(home, app);
  return std::ranges::all_of(
      paths, [](const auto& path) { return path.ends_with(".zst"); });
}

// Of everything in logs/ but events: sizes by inode.
std::map<ino_t, uint64_t> files_of_logs(const TestHome& home) {
  std::map<ino_t, uint64_t> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator
           at(home.file("logs"), error),
       end;
       !error && at != end; at.increment(error)) {
    const auto path = at->path().string();
    struct stat file{};
    if (path.ends_with("-events.log") || ::lstat(path.c_str(), &file) != 0)
      continue;
    if (S_ISREG(file.st_mode))
      files[file.st_ino] = static_cast<uint64_t>(file.st_size);
  }
  return files;
}

// What lay there at one moment: a walk takes time, and would count a segment
// and, later on its way, what has come in its place.
uint64_t bytes_of_logs(const TestHome& home) {
  const auto before = files_of_logs(home);
  const auto after = files_of_logs(home);
  uint64_t bytes = 0;
  for (const auto& [inode, size] : before)
    if (after.contains(inode)) bytes += size;
  return bytes;
}

// Prints its numbers, then waits.
void start_printer(const TestHome& home, const std::string& name, int lines) {
  home.start(name, fmt::format("for i in $(seq {}); do echo {} $i; done; "
                               "exec sleep 1000",
                               lines, name));
  CHECK(wait_until([&] {
    const auto out =
        home.must({"logs", name, "--raw", "--out", "-n", "all"}).out;
    return std::ranges::count(out, '\n') == lines;
  }));
}

}  // namespace

TEST_CASE("what is sealed is compressed, and comes back through every door") {
  const TestHome home;
  start_printer(home, "api", 5);
  const auto before = home.must({"logs", "api", "--raw", "-n", "all"}).out;
  const auto rotated = home.must({"rotate", "api", "--json"});
  CHECK(rotated.out.find(R"("outcome":"sealed")") != std::string::npos);
  CHECK(rotated.out.find(R"("outcome":"empty")") != std::string::npos);
  CHECK(wait_until([&] {
    return sealed_of(home, "api").size() == 1 && all_compressed(home, "api");
  }));
  CHECK(home.must({"logs", "api", "--raw", "-n", "all"}).out == before);
  CHECK(home.must({"logs", "api", "--raw", "-n", "2"}).out == "api 4\napi 5\n");
  CHECK(home.must({"logs", "api", "--raw", "--since", "1h"}).out == before);
  const auto exported = home.must({"archive", "export", "api", "--raw"});
  CHECK(exported.out == before);
  const auto rows = json_of(home.must({"archive", "ls", "--json"}).out);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["lines"] == 5);
  CHECK(rows[0]["compressed"] == true);
  CHECK(home.lodge({"archive", "verify"}).exit == 0);
  // As anybody's zstd reads it: stamped lines.
  std::string plain;
  REQUIRE(read_plain(sealed_of(home, "api")[0],
                     [&](std::string_view bytes) { plain.append(bytes); }));
  CHECK(std::ranges::count(plain, '\n') == 5);
  CHECK(plain.ends_with(" api 5\n"));
}

TEST_CASE("a damaged archive costs its own lines, and says which it is") {
  const TestHome home;
  start_printer(home, "api", 3);
  home.must({"rotate"});
  CHECK(wait_until([&] {
    return sealed_of(home, "api").size() == 1 && all_compressed(home, "api");
  }));
  home.must({"restart", "api"});
  CHECK(wait_until([&] {
    return home.must({"logs", "api", "--raw", "--out", "-n", "all"}).out ==
           "api 1\napi 2\napi 3\napi 1\napi 2\napi 3\n";
  }));
  const auto path = sealed_of(home, "api")[0];
  {
    auto fd = base::fs::open(path, O_RDWR);
    REQUIRE(fd);
    char byte = 0;
    REQUIRE(base::fs::pread(fd->get(), {&byte, 1}, 14, path));
    byte ^= 1;
    REQUIRE(::pwrite(fd->get(), &byte, 1, 14) == 1);
  }
  const auto verified = home.lodge({"archive", "verify"});
  CHECK(verified.exit == 2);
  // A directory may be named from where one stands.
  RunOptions beside;
  beside.cwd = home.path();
  for (const char* from : {"logs", "./logs", "."})
    CHECK(home.lodge({"archive", "verify", "--from", from}, beside).err ==
          verified.err);
  CHECK(verified.err.find(path) != std::string::npos);
  const auto shown = home.lodge({"logs", "api", "--raw", "--out", "-n", "all"});
  CHECK(shown.exit == 2);
  CHECK(shown.out == "api 1\napi 2\napi 3\n");
  CHECK(shown.err.find(path) != std::string::npos);
  // A program is told where lines are missing; people are, by the error.
  for (const std::vector<std::string>& query :
       {std::vector<std::string>{"logs", "api", "--out", "-n", "all"},
        {"grep", "api", "api", "--out"},
        {"logs", "api", "--out", "--since", "1h"}}) {
    auto command = query;
    command.emplace_back("--json");
    const auto told = home.lodge(command);
    CHECK(told.exit == 2);
    CHECK(told.out.find(R"("gap":{"app":"api","first":")") !=
          std::string::npos);
    CHECK(told.out.find(R"("reason":"damaged","lines":3,"file":")" + path) !=
          std::string::npos);
  }
}

TEST_CASE("rotations under load lose, double and split no line") {
  const TestHome home;
  Chaos chaos(home);
  for (const auto* name : {"a", "b", "c"})
    chaos.start(name, {"--rate", "50000", "--pad", "20-120"},
                {"--set", "log.max_size=64M"});
  chaos.start("full",
              {"--lines", "3000000", "--pad", "20-120", "--then", "linger"});
  for (int i = rounds(20); i > 0; --i) {
    home.must({"rotate"});
    chaos.pause(60ms, 100ms);
  }
  home.must({"stop", "all"});
  // Everything that was sealed becomes an archive; the check would not find a
  // segment that becomes one while it looks.
  for (const auto* name : {"a", "b", "c", "full"}) {
    CHECK(wait_until([&] { return all_compressed(home, name); }, 60s));
    CHECK(sealed_of(home, name).size() > 3);
  }
  CHECK(home.lodge({"archive", "verify"}).exit == 0);
  const auto report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(report.clean());
  CHECK(report.lines > 100'000);
}

TEST_CASE("logs stay under their cap while apps write without end") {
  const TestHome home;
  constexpr uint64_t kCap = uint64_t{64} << 20;
  home.must({"set", "logs.cap", "64M"});
  // Names that could be taken for each other's files.
  const std::vector<std::string> apps = {"api", "my-api", "api-1", "api-out"};
  Chaos chaos(home);
  for (const auto& app : apps)
    chaos.start(app,
                {"--lines", "1000000", "--pad", "50-150", "--then", "linger"});
  constexpr uint64_t kSlack = 8 << 20;  // 1 MiB a stream
  uint64_t most = 0;
  CHECK(wait_until(
      [&] {
        most = std::max(most, bytes_of_logs(home));
        return chaos.all_finished();
      },
      60s));
  CHECK(most <= kCap + kSlack);
  CHECK(bytes_of_logs(home) <= kCap);
  for (const auto& app : apps) {
    CAPTURE(app);
    CHECK_FALSE(home.events(app, "remove").empty());
  }
  const auto list = home.must({"list"});
  CHECK(list.out.find(", back to ") != std::string::npos);
  for (const auto& app : apps)
    CHECK(list.err.find(fmt::format("logs of {} reach back only ", app)) !=
          std::string::npos);
  home.must({"stop", "all"});
  for (const auto& app : apps)
    CHECK(wait_until([&] { return all_compressed(home, app); }, 60s));
  const auto report = chaos.stop_and_check({.heads_may_be_gone = true});
  INFO(report.text());
  CHECK(report.clean());
}

TEST_CASE(
    "one instance is deleted with its logs, the other keeps its archives") {
  const TestHome home;
  home.start("api", "echo one; exec sleep 1000", {"-i", "2"});
  for (int i = 0; i < 20; ++i) {
    home.must({"restart", "api/0"});
    home.must({"rotate", "api"});
    // Whatever becomes an archive of the first at this moment stays.
    if (i == 10) home.must({"delete", "api/1", "--logs"});
  }
  CHECK(wait_until([&] { return all_compressed(home, "api"); }));
  CHECK(wait_until([&] {
    return std::ranges::count(
               home.must({"logs", "api", "--raw", "--out", "-n", "all"}).out,
               '\n') == 21;
  }));
}

TEST_CASE("a file that was moved is opened anew when somebody says so") {
  const TestHome home;
  home.start("api", "while :; do echo x; sleep 0.01; done");
  const auto moved = home.work().file("moved.log");
  CHECK(wait_until(
      [&] { return std::filesystem::file_size(home.log("api-out.log")) > 0; }));
  std::filesystem::rename(home.log("api-out.log"), moved);
  SUBCASE("reloadLogs") {
    home.must({"reloadLogs"});
  }
  SUBCASE("SIGUSR2") {
    CHECK(::kill(home.daemon_pid(), SIGUSR2) == 0);
  }
  CHECK(wait_until(
      [&] { return std::filesystem::exists(home.log("api-out.log")); }));
  const auto size = std::filesystem::file_size(moved);
  CHECK(wait_until([&] {
    return std::filesystem::file_size(home.log("api-out.log")) > 100;
  }));
  CHECK(std::filesystem::file_size(moved) == size);
}

TEST_CASE("the calendar seals by itself, files of stopped apps too") {
  const TestHome home;
  home.start("api", "echo one; exec sleep 1000", {"--set", "log.rotate=1s"});
  CHECK(wait_until([&] { return sealed_of(home, "api").size() == 1; }));
  home.must({"restart", "api"});
  home.must({"stop", "api"});
  CHECK(wait_until([&] { return sealed_of(home, "api").size() == 2; }));
}

TEST_CASE("each stream keeps as many files as its app says") {
  const TestHome home;
  home.start("api", "while :; do echo x; sleep 0.01; done",
             {"--set", "log.retain.count=2"});
  for (int i = 0; i < 5; ++i) {
    CHECK(wait_until([&] {
      return home.must({"rotate", "api", "--json"})
                 .out.find(R"("outcome":"sealed")") != std::string::npos;
    }));
  }
  CHECK(wait_until([&] { return sealed_of(home, "api").size() == 2; }));
  CHECK(home.events("api", "remove").size() >= 3);
}

TEST_CASE("flush with --archives takes what is sealed, of that app alone") {
  const TestHome home;
  start_printer(home, "api", 3);
  start_printer(home, "web", 3);
  home.must({"rotate"});
  CHECK(home.lodge({"flush", "--archives", "--yes"}).exit == 2);
  CHECK(home.lodge({"flush", "api", "--archives"}).exit == 2);
  const auto dry =
      home.must({"flush", "api", "--archives", "--dry-run", "--json"});
  CHECK(dry.out.find(R"("sealed":true)") != std::string::npos);
  CHECK(sealed_of(home, "api").size() == 1);
  home.must({"flush", "api", "--archives", "--yes"});
  CHECK(sealed_of(home, "api").empty());
  CHECK(home.must({"logs", "api", "--raw", "--out", "-n", "all"}).out.empty());
  CHECK(home.must({"logs", "web", "--raw", "-n", "all"}).out ==
        "web 1\nweb 2\nweb 3\n");
  CHECK(home.lodge({"flush", "nosuch"}).exit == 1);
}

TEST_CASE("a sealed file that is gone without a word is missing") {
  const TestHome home;
  home.start("api", "while read line; do echo $line; done");
  for (int i = 1; i <= 5; ++i) {
    const std::string line = fmt::format("line {}", i);
    home.must({"send", "api", line});
    CHECK(wait_until([&] {
      return home.must({"logs", "api", "--raw", "-n", "1"}).out == line + "\n";
    }));
    home.must({"rotate", "api"});
  }
  CHECK(wait_until([&] {
    return sealed_of(home, "api").size() == 5 && all_compressed(home, "api");
  }));
  auto paths = sealed_of(home, "api");
  std::ranges::sort(paths);
  const auto verify = [&] { return home.lodge({"archive", "verify", "api"}); };
  CHECK(verify().exit == 0);
  // What Lodge deletes is not missing, whatever it says about it.
  home.must({"archive", "prune", "api", "--to",
             std::to_string(4 * std::filesystem::file_size(paths[4]) + 20)});
  REQUIRE(sealed_of(home, "api").size() < 5);
  REQUIRE(sealed_of(home, "api").size() > 2);
  CHECK(verify().out.find("all is well") != std::string::npos);

  size_t number = 4;
  SUBCASE("between others") {}
  SUBCASE("the newest") {
    number = 5;
  }
  SUBCASE("without a daemon") {
    home.must({"kill"});
  }
  REQUIRE(std::filesystem::remove(paths[number - 1]));
  const auto gone = verify();
  CHECK(gone.exit == 2);
  CHECK(gone.err.find(fmt::format("file {} of out is missing", number)) !=
        std::string::npos);
  CHECK(gone.out.find(": 1 missing\n") != std::string::npos);
  const auto told =
      json_lines(home.lodge({"archive", "verify", "api", "--json"}).out);
  REQUIRE_FALSE(told.empty());
  CHECK(told.back().at("ok") == false);
  CHECK(told.back().at("missing") == 1);
  CHECK(home.lodge({"archive", "verify", "all"}).exit == 2);
}

TEST_CASE("what is deleted with a word of it is not missing") {
  const TestHome home;
  start_printer(home, "api", 3);
  home.must({"rotate"});
  const auto verify = [&] { return home.lodge({"archive", "verify"}); };
  SUBCASE("retention") {
    home.start("web", "while read line; do echo $line; done",
               {"--set", "log.retain.count=1"});
    for (int i = 1; i <= 3; ++i) {
      const std::string line = fmt::format("line {}", i);
      home.must({"send", "web", line});
      CHECK(wait_until([&] {
        return home.must({"logs", "web", "--raw", "-n", "1"}).out ==
               line + "\n";
      }));
      home.must({"rotate", "web"});
    }
    CHECK(wait_until([&] { return sealed_of(home, "web").size() == 1; }));
  }
  SUBCASE("flush") {
    home.must({"flush", "api", "--archives", "--yes"});
    CHECK(sealed_of(home, "api").empty());
  }
  SUBCASE("delete") {
    home.must({"delete", "api", "--logs"});
    start_printer(home, "api", 2);
    home.must({"rotate"});
    CHECK(sealed_of(home, "api").size() == 1);
  }
  const auto ran = verify();
  INFO(ran.err);
  CHECK(ran.exit == 0);
}

TEST_CASE("prune takes the oldest, with a daemon and without one") {
  const TestHome home;
  start_printer(home, "api", 3);
  home.must({"rotate"});
  const auto prune = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"archive", "prune"});
    return home.lodge(std::move(flags));
  };
  CHECK(prune({}).exit == 2);
  CHECK(prune({"--older", "1h"}).exit == 0);
  CHECK(sealed_of(home, "api").size() == 1);
  SUBCASE("with") {}
  SUBCASE("without") {
    home.must({"kill"});
  }
  CHECK(prune({"--to", "0", "nosuch"}).exit == 1);
  CHECK(prune({"--to", "0", "--dry-run"}).exit == 0);
  CHECK(sealed_of(home, "api").size() == 1);
  CHECK(prune({"--to", "0"}).exit == 0);
  CHECK(sealed_of(home, "api").empty());
}

TEST_CASE("prune takes what is asked for, of deleted apps too no more") {
  const TestHome home;
  start_printer(home, "api", 3);
  home.must({"rotate"});
  REQUIRE(wait_until([&] { return all_compressed(home, "api"); }, 60s));
  home.must({"delete", "api"});
  for (const auto& flags : std::vector<std::vector<std::string>>{
           {"--to", "10G"}, {"--free", "1"}, {"--older", "300d"}}) {
    auto words = flags;
    words.insert(words.begin(), {"archive", "prune"});
    home.must(words);
  }
  CHECK(sealed_of(home, "api").size() == 1);
}

TEST_CASE("an archive that was cut or emptied is said, and costs its lines") {
  const TestHome home;
  start_printer(home, "api", 3);
  home.must({"rotate"});
  CHECK(wait_until([&] {
    return sealed_of(home, "api").size() == 1 && all_compressed(home, "api");
  }));
  const auto path = sealed_of(home, "api")[0];
  SUBCASE("cut") {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  }
  SUBCASE("emptied") {
    std::filesystem::resize_file(path, 0);
  }
  SUBCASE("something else") {
    std::filesystem::resize_file(path, 0);
    std::filesystem::resize_file(path, 5000);
  }
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"logs", "api", "--raw", "-n", "all"}, {"logs", "api", "-n", "2"}}) {
    const auto shown = home.lodge(words);
    CHECK(shown.exit == 2);
    CHECK(shown.err.find(path) != std::string::npos);
  }
}

TEST_CASE("room that large files might need one day deletes nothing") {
  const TestHome home;
  home.must({"set", "logs.cap", "100M"});
  start_printer(home, "small", 3);
  home.start("big", "echo one; exec sleep 1000",
             {"--set", "log.max_size=200M", "-i", "4"});
  home.must({"rotate", "small"});
  CHECK(wait_until([&] { return all_compressed(home, "small"); }));
  home.must({"rotate", "big"});
  CHECK(wait_until([&] { return sealed_of(home, "big").size() == 4; }));
  CHECK(sealed_of(home, "small").size() == 1);
  CHECK(home.events("small", "remove").empty());
  CHECK(home.events("big", "remove").empty());
}

TEST_CASE(
    "flush --archives takes what was sealed a moment before, in any form") {
  const TestHome home;
  start_printer(home, "api", 3);
  for (int i = 0; i < 5; ++i) {
    home.must({"restart", "api"});
    home.must({"rotate", "api"});
    home.must({"flush", "api", "--archives", "--yes"});
    home.must({"stop", "api"});
    home.must({"flush", "api", "--archives", "--yes"});
    CHECK(sealed_of(home, "api").empty());
  }
  CHECK(home.must({"logs", "api", "--raw", "-n", "all"}).out.empty());
}

TEST_CASE("settings are checked, kept and shown with their source") {
  const TestHome home;
  CHECK(home.lodge({"get", "logs.follow"}).out == "false\n");
  home.must({"set", "logs.cap", "200M"});
  CHECK(home.must({"get", "logs.cap"}).out == "200M\n");
  const auto wrong = home.lodge({"set", "logs.cpa", "1G"});
  CHECK(wrong.exit == 2);
  CHECK(wrong.err.find("logs.cap") != std::string::npos);
  const auto unknown = home.lodge({"set", "log.max_size", "64M"});
  CHECK(unknown.exit == 2);
  for (const auto& key : json_lines(home.must({"get", "--json"}).out)) {
    CAPTURE(unknown.err);
    CHECK(unknown.err.find(key.at("key").get<std::string>()) !=
          std::string::npos);
  }
  CHECK(home.lodge({"set", "logs.cap", "much"}).exit == 2);
  // Nobody means thirty milliseconds.
  CHECK(home.lodge({"set", "logs.keep_gone", "30"}).exit == 2);
  CHECK(home.lodge({"start", "exec sleep 1000", "--name", "api", "--set",
                    "log.retain.age=30"})
            .exit == 2);
  home.must({"set", "logs.cap", ""});
  CHECK(home.must({"get", "logs.cap"}).out == "automatic\n");
}

TEST_CASE("a schedule that makes no sense is refused before anything starts") {
  const TestHome home;
  const auto refused = home.lodge({"start", "exec sleep 1000", "--name", "api",
                                   "--set", "log.rotate=sometimes"});
  CHECK(refused.exit == 2);
  CHECK(refused.err.find("sometimes") != std::string::npos);
  CHECK(home.lodge({"start", "exec sleep 1000", "--name", "api", "--set",
                    "log.rotate=daily", "--set", "log.tz=Mars/Olympus"})
            .exit == 2);
}

}  // namespace support
