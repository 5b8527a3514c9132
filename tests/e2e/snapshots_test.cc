// save, resurrect, cleardump.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "e2e/reboot.h"
#include "support/test_home.h"

namespace support {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

void make_apps(const TestHome& home) {
  home.start("api", "exec sleep 1000", {"-i", "2"});
  home.start("rest", "exec sleep 1000");
  home.must({"stop", "rest"});
}

}  // namespace

TEST_CASE("save, delete all, resurrect: as in PM2, the apps are back") {
  const TestHome home;
  make_apps(home);
  const Ran saved = home.must({"save"});
  CHECK(saved.out == "[lodge] saved 2 apps in " + home.file("dump/dump.json") +
                         " (the list itself is always kept, without save)\n");
  CHECK(mode_of(home.file("dump/dump.json")) == 0600);
  CHECK(mode_of(home.file("dump")) == 0700);
  home.must({"delete", "all"});
  const Ran ran = home.must({"resurrect"});
  CHECK(ran.out.find("[lodge] api: started 2 instances") != std::string::npos);
  CHECK(ran.out.find("[lodge] rest: kept stopped\n") != std::string::npos);
  const auto rows = home.list();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].id == 0);
  CHECK(rows[1].id == 1);
  CHECK(home.app("rest").id == 2);
  CHECK(home.app("rest").status == "stopped");
  CHECK(home.reaches("api", "online"));
  // Once more changes nothing.
  const auto pid = home.app("api").pid;
  home.must({"resurrect"});
  CHECK(home.list().size() == 3);
  CHECK(home.app("api").pid == pid);
  CHECK(home.app("rest").status == "stopped");
}

TEST_CASE("a named snapshot: what was up comes up, the list stays") {
  const TestHome home;
  make_apps(home);
  home.must({"save", "nightly"});
  home.must({"stop", "all"});
  home.start("later", "exec sleep 1000");
  home.must({"resurrect", "nightly"});
  CHECK(home.reaches("api", "online"));
  CHECK(home.app("rest").status == "stopped");
  CHECK(home.app("later").status == "online");
}

TEST_CASE("an id that was given away meanwhile is not taken back") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.must({"save"});
  home.must({"delete", "a"});
  home.start("b", "exec sleep 1000");
  const int taken = home.app("b").id;
  home.must({"resurrect"});
  CHECK(home.app("b").id == taken);
  CHECK(home.app("a").id >= 0);
  CHECK(home.app("a").id != taken);
  home.start("c", "exec sleep 1000");
  CHECK(home.app("c").id != home.app("a").id);
}

TEST_CASE("resurrect starts a daemon, which brings the list; stopped stays") {
  const TestHome home;
  make_apps(home);
  home.must({"kill"});
  const Ran ran = home.must({"resurrect"});
  CHECK(ran.out.find("[lodge] api: started 2 instances\n") !=
        std::string::npos);
  CHECK(ran.out.find("[lodge] rest: kept stopped\n") != std::string::npos);
  CHECK(home.app("api").status == "online");
  CHECK(home.app("rest").status == "stopped");
  CHECK(home.app("rest").id == 2);
}

TEST_CASE("a boot brings the list, not what was saved long ago") {
  const TestHome home;
  home.start("old", "exec sleep 1000");
  home.start("new", "exec sleep 1000");
  home.must({"save"});
  home.must({"delete", "old"});
  lose_power(home);
  home.must({"resurrect", "--boot"});
  REQUIRE(home.list().size() == 1);
  CHECK(home.app("new").status == "online");
}

TEST_CASE("a snapshot that is not there: the nearest is named, none started") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.must({"save", "nightly"});
  home.must({"kill"});
  const Ran ran = home.lodge({"resurrect", "nightli"});
  CHECK(ran.exit == 1);
  CHECK(ran.err == "lodge: resurrect: nightli: no such snapshot in " +
                       home.file("dump") + " · did you mean nightly?\n");
  CHECK(home.lodge({"resurrect", "../../etc/passwd"}).exit == 2);
  CHECK(home.lodge({"save", "a/b"}).exit == 2);
  CHECK(home.lodge({"save"}).exit == 3);
  CHECK(home.processes().empty());
}

TEST_CASE("a damaged snapshot is refused, and nothing of it is used") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.must({"save", "nightly"});
  home.must({"delete", "a"});
  const auto path = home.file("dump/nightly.json");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 5);
  const Ran ran = home.lodge({"resurrect", "nightly"});
  CHECK(ran.exit == 1);
  CHECK(ran.err.find(path) != std::string::npos);
  CHECK(home.list().empty());
}

TEST_CASE("cleardump removes the snapshot and leaves the list") {
  const TestHome home;
  home.start("a", "exec sleep 1000");
  home.must({"save"});
  home.must({"save", "nightly"});
  home.must({"cleardump"});
  CHECK_FALSE(std::filesystem::exists(home.file("dump/dump.json")));
  CHECK(std::filesystem::exists(home.file("dump/nightly.json")));
  CHECK(home.app("a").status == "online");
  home.must({"cleardump"});
  CHECK(home.lodge({"cleardump", "nightlx"}).exit == 1);
  home.must({"cleardump", "nightly"});
  CHECK_FALSE(std::filesystem::exists(home.file("dump/nightly.json")));
}

}  // namespace support
