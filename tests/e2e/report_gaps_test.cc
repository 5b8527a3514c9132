// What is missing in a report is told by whoever reads it, as it was where the
// report was made.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fs.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

namespace fs = base::fs;

std::string now() {
  return base::format_stamp(base::SystemClock().now());
}

// The archives of an app, as they are called.
std::vector<std::string> archives_of(const TestHome& home,
                                     const std::string& app) {
  std::vector<std::string> paths;
  const auto ran = home.must({"archive", "ls", app, "--json"});
  for (const auto& row : json_of(ran.out))
    if (row["compressed"] == true) paths.push_back(row["file"]);
  return paths;
}

// Many lines, sealed and compressed. Answers the archive's path.
std::string archive_lines(const TestHome& home, const std::string& app) {
  home.start(app, "seq 20000; exec sleep 1000");
  CHECK(wait_until([&] {
    return home.lodge({"grep", "-c", "-x", "20000", app}).exit == 0;
  }));
  home.must({"rotate", app});
  CHECK(wait_until([&] { return archives_of(home, app).size() == 1; }));
  return archives_of(home, app).at(0);
}

void flip_in_the_middle(const std::string& path) {
  const auto info = fs::stat(path);
  REQUIRE(info);
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  char byte = 0;
  REQUIRE(::pread(fd, &byte, 1, info->st_size / 3) == 1);
  byte = static_cast<char>(byte ^ 1);
  REQUIRE(::pwrite(fd, &byte, 1, info->st_size / 3) == 1);
  ::close(fd);
}

std::vector<nlohmann::json> gaps_in(const std::string& out) {
  std::vector<nlohmann::json> gaps;
  for (const auto& row : json_lines(out))
    if (row.contains("gap")) gaps.push_back(row["gap"]);
  return gaps;
}

}  // namespace

TEST_CASE("what was damaged when a report was made is missing in it") {
  const TestHome home;
  const auto before = now();
  const auto archive = archive_lines(home, "api");
  flip_in_the_middle(archive);
  home.start("web", "echo all is there; exec sleep 1000");
  CHECK(wait_until(
      [&] { return !home.lodge({"logs", "web", "--raw"}).out.empty(); }));
  const std::string file = home.work().file("r.tar.zst");
  const auto made = home.lodge({"report", "--since", before, "-o", file});
  CHECK(made.exit == 2);
  const auto there =
      home.lodge({"grep", "1", "api", "--since", before, "--json"});
  const auto known = gaps_in(there.out);
  REQUIRE(known.size() == 1);
  CHECK(known[0]["reason"] == "damaged");

  const TempDir dir;
  REQUIRE(run({"tar", "--zstd", "-xf", file, "-C", dir.path()}).exit == 0);
  for (const auto& place : {file, dir.path()})
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"grep", "1", "api", "--since", before},
             {"grep", "1", "api"},
             {"logs", "api", "--since", before},
             {"archive", "export", "api"}}) {
      auto args = words;
      args.insert(args.end(), {"--from", place});
      INFO(command_line(args));
      const auto told = home.lodge(args);
      CHECK(told.exit == 2);
      CHECK(told.err.find("can't be read (" + archive) != std::string::npos);
      args.push_back("--json");
      const auto objects = home.lodge(args);
      CHECK(objects.exit == 2);
      CHECK(gaps_in(objects.out) == known);
    }
  // Others, and other times, are whole.
  const auto other =
      home.lodge({"grep", "all", "web", "--from", file, "--json"});
  CHECK(other.exit == 0);
  CHECK(gaps_in(other.out).empty());
  const auto after = home.lodge({"grep", "1", "api", "--since", now(),
                                 "--until", "2100-01-01", "--from", file});
  CHECK(after.exit == 1);
  CHECK(after.err.empty());
}

TEST_CASE("what went after the range of a report is missing in it, too") {
  const TestHome home;
  REQUIRE(fs::make_dirs(home.file("logs")));
  const auto put = [&](const std::string& name, const std::string& bytes) {
    REQUIRE(fs::replace_file(home.log(name), bytes));
  };
  const auto minute = [](int at) {
    return fmt::format("2026-11-21T10:{:02}:00.000000Z", at);
  };
  put("catalog.json", fmt::format(R"({{"v":1,"apps":[
    {{"name":"api","namespace":"default","created":"{}","instances":[
      {{"id":0,"instance":0,"out":"api-out.log","error":""}}]}}]}})",
                                  minute(0)));
  const auto sealed =
      home.log("archive/api/out.0000000001.20261121T101000Z.log");
  put("api-out.log", minute(20) + " the oldest that is left\n");
  put("api-events.log",
      fmt::format(R"({{"v":1,"time":"{}","event":"seal","app":"api",)"
                  R"("stream":"out","file":"{}"}})"
                  "\n"
                  R"({{"v":1,"time":"{}","event":"remove","app":"api",)"
                  R"("stream":"out","file":"{}","reason":"older than 7 d"}})"
                  "\n",
                  minute(20), sealed, minute(50), sealed));
  const std::string file = home.work().file("r.tar.zst");
  home.must({"report", "api", "--since", minute(10), "--until", minute(30),
             "-o", file});
  const std::vector<std::string> words = {
      "logs", "api", "--since", minute(15), "--until", minute(25), "--json"};
  const auto known = gaps_in(home.lodge(words).out);
  REQUIRE(known.size() == 1);
  CHECK(known[0]["reason"] == "retention");
  auto from = words;
  from.insert(from.end(), {"--from", file});
  const auto read = home.lodge(from);
  CHECK(gaps_in(read.out) == known);
  CHECK(read.exit == 0);
}

TEST_CASE("a sealed file that somebody removed is missing from its range") {
  const TestHome home;
  const auto before = now();
  const auto archive = archive_lines(home, "api");
  const auto between = now();
  const std::vector<std::string> words = {"grep", "1",       "api",   "--since",
                                          before, "--until", between, "--json"};
  CHECK(gaps_in(home.lodge(words).out).empty());
  home.must({"restart", "api"});
  CHECK(wait_until([&] {
    return home.lodge({"grep", "-c", "-x", "20000", "api", "--since", between})
               .exit == 0;
  }));
  const std::string file = home.work().file("r.tar.zst");
  REQUIRE(fs::unlink(archive));
  home.must({"report", "--since", before, "-o", file});
  const auto gaps = gaps_in(home.lodge(words).out);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0]["reason"] == "missing");
  CHECK(gaps[0]["words"] == "file 1 of out is missing");
  CHECK(gaps[0]["kept"].is_null());
  CHECK(gaps[0]["begin"].get<std::string>() > between);
  const auto told = home.lodge({"logs", "api", "--since", before});
  CHECK(told.err.find("logs begin ") != std::string::npos);
  CHECK(told.err.find("file 1 of out is missing") != std::string::npos);
  auto from = words;
  from.insert(from.end(), {"--from", file});
  CHECK(gaps_in(home.lodge(from).out) == gaps);
  // What was written later is whole, and so is what never was in that file.
  CHECK(gaps_in(home.lodge({"logs", "api", "--since", now(), "--json"}).out)
            .empty());
  CHECK(
      gaps_in(
          home.lodge({"logs", "api", "--err", "--since", before, "--json"}).out)
          .empty());
  // Between two that there are, too.
  home.must({"rotate", "api"});
  CHECK(wait_until([&] { return archives_of(home, "api").size() == 1; }));
  for (const size_t round : {3, 4}) {
    home.must({"restart", "api"});
    CHECK(wait_until([&] {
      return home.must({"logs", "api", "-n", "1", "--raw", "--out"}).out ==
             "20000\n";
    }));
    home.must({"rotate", "api"});
    CHECK(wait_until(
        [&] { return archives_of(home, "api").size() == round - 1; }));
  }
  REQUIRE(fs::unlink(archives_of(home, "api").at(1)));
  const auto middle =
      gaps_in(home.lodge({"logs", "api", "--since", before, "--json"}).out);
  REQUIRE(middle.size() == 2);
  CHECK(middle[1]["words"] == "file 3 of out is missing");
  CHECK(middle[1]["kept"] < middle[1]["begin"]);
  // What Lodge itself deletes has an event.
  home.must({"archive", "prune", "api", "--older", "0s"});
  for (const auto& gap :
       gaps_in(home.lodge({"logs", "api", "--since", before, "--json"}).out))
    CHECK(gap["reason"] != "missing");
}

}  // namespace support
