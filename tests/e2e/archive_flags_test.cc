// Each `archive` command has its own flags, and says of others that it has not.

#include <doctest/doctest.h>

#include <filesystem>

#include "base/fs.h"
#include "support/test_home.h"
#include "support/wait.h"

namespace support {
namespace {

void start_and_rotate(const TestHome& home, const std::string& name) {
  home.start(name, "echo one of " + name + "; exec sleep 1000");
  CHECK(wait_until([&] {
    return home.lodge({"logs", name, "--raw"}).out == "one of " + name + "\n";
  }));
  home.must({"rotate", name});
  CHECK(wait_until([&] {
    return home.lodge({"archive", "ls", name, "--json"}).out.find(".zst") !=
           std::string::npos;
  }));
}

}  // namespace

TEST_CASE("an archive command refuses a flag that it would pass over") {
  const TestHome home;
  start_and_rotate(home, "api");
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"prune", "--older", "0s", "--from", "/no/such/place"},
           {"prune", "--to", "0", "-g", "x"},
           {"retention", "-g", "x"},
           {"retention", "--from", home.path()},
           {"ls", "--since", "1h"},
           {"list", "-n", "3"},
           {"verify", "--utc"},
           {"verify", "--older", "1d"},
           {"export", "--dry-run"},
           {"export", "--to", "5M"}}) {
    std::vector<std::string> args = {"archive"};
    args.insert(args.end(), words.begin(), words.end());
    INFO(command_line(args));
    const Ran ran = home.lodge(args);
    CHECK(ran.exit == 2);
    CHECK(ran.out.empty());
    const std::string flag = words.back() == "x"      ? "--grep"
                             : words.back() == "3"    ? "--lines"
                             : words.back()[0] == '-' ? words.back()
                                                      : words.rbegin()[1];
    CHECK(ran.err.find("it has no " + flag) != std::string::npos);
    CHECK(ran.err.find("is of archive") != std::string::npos);
  }
  CHECK(home.must({"archive", "ls", "api", "--json"}).out.find("\"out\"") !=
        std::string::npos);
}

TEST_CASE("archive ls and verify look at the place that --from names") {
  const TestHome home;
  const TestHome other;
  start_and_rotate(home, "api");
  start_and_rotate(other, "web");
  for (const std::string verb : {"ls", "verify"}) {
    CHECK(other.lodge({"archive", verb, "--from", "/no/such/place"}).exit == 2);
    CHECK(other.lodge({"archive", verb, "web", "--from", home.path()}).exit ==
          2);
    for (const auto& place : {home.path(), home.file("logs")}) {
      const auto ran =
          other.must({"archive", verb, "api", "--from", place, "--json"});
      CHECK(ran.out.find("archive/api/out.") != std::string::npos);
      CHECK(ran.out.find("web") == std::string::npos);
    }
  }
  // What is damaged there is found there.
  for (const auto& entry :
       std::filesystem::directory_iterator(home.log("archive/api")))
    if (entry.path().string().ends_with(".zst"))
      std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
  CHECK(other.lodge({"archive", "verify", "--from", home.path()}).exit == 2);
  CHECK(other.must({"archive", "verify"}).out.find("all is well") !=
        std::string::npos);
  // A report is no such place.
  other.must({"report", "--since", "1h", "-o", "r.tar.zst"});
  const Ran ran = other.lodge({"archive", "verify", "--from", "r.tar.zst"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("has no segments or archives") != std::string::npos);
}

}  // namespace support
