// Nothing of an app's environment or secret arguments where it does not belong.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/test_home.h"

namespace support {

namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("secrets are in the app list and nowhere else, not in any output") {
  const TestHome home;
  const std::string secret = "hunter2hunter2";
  home.work().write("app.sh", "while :; do sleep 1; done\n");
  const RunOptions with = {
      .env = {{"DB_PASSWORD", secret},
              {"DATABASE_URL", "pg://u:" + secret + "@db"}}};
  std::string all;
  const auto say = [&](std::vector<std::string> args) {
    const Ran ran = home.lodge(args, with);
    INFO(command_line(args));
    CHECK((ran.out + ran.err).find(secret) == std::string::npos);
    return ran;
  };
  CHECK(say({"start", "app.sh", "--name", "api", "--min-uptime", "50ms", "--",
             "--token", secret, "--api-key=" + secret})
            .exit == 0);
  CHECK(say({"start", "TOKEN=" + secret + " sleep 1000; :", "--name", "line",
             "--min-uptime", "50ms"})
            .exit == 0);
  say({"restart", "api", "--update-env"});
  say({"scale", "api", "2"});
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"list", "--json"},
                                             {"jlist"},
                                             {"prettylist"},
                                             {"describe", "all"},
                                             {"describe", "all", "--json"},
                                             {"env", "all"},
                                             {"env", "all", "--json"},
                                             {"events", "all"},
                                             {"events", "all", "--json"},
                                             {"logs", "all", "-n", "all"},
                                             {"logs", "lodge"},
                                             {"doctor"},
                                             {"doctor", "--json"},
                                             {"reload", "api"},
                                             {"start", "api"},
                                             {"stop", "api"}})
    say(args);
  // But who asks for them gets them.
  CHECK(home.must({"env", "line", "--show-secrets"}).out.find(secret) !=
        std::string::npos);
  CHECK(home.must({"describe", "api", "--show-secrets"}).out.find(secret) !=
        std::string::npos);
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(home.path())) {
    struct ::stat info{};
    REQUIRE(::lstat(entry.path().c_str(), &info) == 0);
    if (!S_ISREG(info.st_mode)) continue;
    INFO(entry.path().string());
    CHECK((info.st_mode & 077) == 0);
    const bool is_list =
        entry.path().filename().string().starts_with("apps.json");
    CHECK((text_of(entry.path()).find(secret) != std::string::npos) == is_list);
    ++files;
  }
  CHECK(files > 5);
}

TEST_CASE("a report gives no secret away, whichever way a flag had it") {
  const TestHome home;
  home.work().write("app.sh", "while :; do sleep 1; done\n");
  home.must({"start", "app.sh", "--name", "api", "--min-uptime", "50ms", "--",
             "--password", "hunter2 hunter3", "--api-key=hunter4", "--port",
             "8080", "--token", "hunter5"});
  home.must({"set", "notify",
             R"([{"on":"errored","webhook":"http://localhost/hunter6"}])"});
  home.must({"report", "api", "--since", "5m", "-o", "r.tar.zst"});
  const TempDir dir;
  REQUIRE(run({"tar", "--zstd", "-xf", home.work().file("r.tar.zst"), "-C",
               dir.path()})
              .exit == 0);
  CHECK(text_of(dir.file("describe.json")).find("8080") != std::string::npos);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(dir.path())) {
    if (!entry.is_regular_file()) continue;
    INFO(entry.path().string());
    CHECK(text_of(entry.path()).find("hunter") == std::string::npos);
  }
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"describe", "api"},
                                             {"describe", "api", "--json"},
                                             {"env", "api"},
                                             {"history", "api"},
                                             {"history", "api", "--json"},
                                             {"events", "api"},
                                             {"events", "api", "--json"},
                                             {"why", "api"}}) {
    const Ran ran = home.lodge(args);
    INFO(command_line(args));
    CHECK((ran.out + ran.err).find("hunter") == std::string::npos);
  }
}

}  // namespace support
