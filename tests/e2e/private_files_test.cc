// The home: private whatever the umask, and where the user put it.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "support/test_home.h"

namespace support {
namespace {

// Paths of the home that somebody else could read, or that are not as SPEC has
// them.
std::string open_paths(const std::string& home) {
  std::string found;
  std::vector<std::filesystem::path> paths = {home};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(home))
    paths.push_back(entry.path());
  for (const auto& path : paths) {
    struct ::stat info{};
    if (::lstat(path.c_str(), &info) != 0) continue;
    const mode_t mode = info.st_mode & 07777;
    const bool right = S_ISDIR(info.st_mode)   ? mode == 0700
                       : S_ISREG(info.st_mode) ? mode == 0600
                                               : (mode & 077) == 0;
    if (!right) found += path.string() + " ";
  }
  return found;
}

void use_everything(const TestHome& home, const RunOptions& options) {
  home.must({"start", "echo hello; exec sleep 1000", "--name", "api",
             "--min-uptime", "50ms", "-i", "2"},
            options);
  home.must({"restart", "api"}, options);
  home.must({"flush"}, options);
  home.must({"stop", "api/0"}, options);
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  home.must({"list"}, options);
}

}  // namespace

TEST_CASE("no file of the home is open to others, under any umask") {
  for (const mode_t umask : {0u, 022u, 077u}) {
    CAPTURE(umask);
    const TestHome home;
    use_everything(home, {.umask = umask});
    CHECK(open_paths(home.path()) == "");
  }
}

TEST_CASE("an app has the umask of the one who started it") {
  const TestHome home;
  home.must({"start", "umask; exec sleep 1000", "--name", "a", "--min-uptime",
             "50ms"},
            {.umask = 022});
  CHECK(wait_until(
      [&] { return home.must({"logs", "a", "--raw"}).out == "0022\n"; }));
}

TEST_CASE("a home longer than a socket's name, with spaces, works") {
  const std::string part(60, 'l');
  const TestHome home(part + "/with space/" + part + "/ö");
  CHECK(home.path().size() > 120);
  home.start("api", "echo hello; exec sleep 1000");
  CHECK(home.app("api").status == "online");
  CHECK(wait_until(
      [&] { return home.must({"logs", "api", "--raw"}).out == "hello\n"; }));
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  CHECK(home.app("api").status == "online");
  home.must({"kill"});
}

TEST_CASE("--home wins over LODGE_HOME, and two homes don't meet") {
  const TestHome one;
  const TestHome two;
  one.start("api", "exec sleep 1000");
  two.start("web", "exec sleep 1000");
  const Ran ran = one.must({"--home", two.path(), "jlist"});
  CHECK(ran.out.find("\"web\"") != std::string::npos);
  CHECK(ran.out.find("\"api\"") == std::string::npos);
  CHECK(one.list().size() == 1);
  one.must({"kill"});
  CHECK(two.app("web").status == "online");
}

TEST_CASE("a relative home is the one of this directory") {
  const TestHome home;
  RunOptions options;
  options.cwd = std::filesystem::path(home.path()).parent_path().string();
  options.env.emplace_back("LODGE_HOME", "h");
  auto in_home = home.in_home({});
  options.env.emplace_back("HOME", home.work().path());
  options.env.emplace_back("TEST_OF_LODGE", home.path());
  const Ran ran = run({lodge_binary(), "start", "exec sleep 1000", "--name",
                       "api", "--min-uptime", "50ms"},
                      options);
  INFO(ran.err);
  CHECK(ran.exit == 0);
  CHECK(home.app("api").status == "online");
}

TEST_CASE("names that could be paths or flags of files stay names") {
  const TestHome home;
  for (const std::string name :
       {"api", "api-1", "api-out", "api-error", "api.log", "x..y"})
    home.start(name, "echo I am " + name + "; exec sleep 1000");
  for (const std::string name :
       {"api", "api-1", "api-out", "api-error", "api.log", "x..y"})
    CHECK(wait_until([&] {
      return home.must({"logs", "app:" + name, "--raw"}).out ==
             "I am " + name + "\n";
    }));
}

TEST_CASE("apps named as another's instance files don't share them") {
  const TestHome home;
  // api's instance 1 and the app api-out-1... each with its own file.
  home.start("api", "echo api $NODE_APP_INSTANCE; exec sleep 1000",
             {"-i", "2"});
  home.start("api-out-1", "echo other; exec sleep 1000");
  std::vector<std::string> files;
  for (const auto& row : home.list()) {
    files.push_back(row.out_file);
    files.push_back(row.error_file);
  }
  std::sort(files.begin(), files.end());
  CHECK(std::adjacent_find(files.begin(), files.end()) == files.end());
}

}  // namespace support
