// Apps under another user.

#include <doctest/doctest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "support/test_home.h"

namespace support {
namespace {

bool is_root() {
  if (::geteuid() == 0) return true;
  MESSAGE("SKIPPED: not root");
  return false;
}

}  // namespace

TEST_CASE("an app under another user opens its own stdout and stderr") {
  if (!is_root()) return;
  const TestHome home;
  ::chmod(home.work().path().c_str(), 0755);
  home.work().write("say.sh",
                    "id -u; id -g; id -G\n"
                    "echo by name > /dev/stdout\n"
                    "echo aside > /dev/stderr\n"
                    "echo \"$USER $LOGNAME\"\n"
                    "exec sleep 1000\n");
  ::chmod(home.work().file("say.sh").c_str(), 0755);
  home.start("say", "say.sh", {"--uid", "65534", "--gid", "65534"});
  CHECK(wait_until([&] {
    return home.must({"logs", "say", "--raw", "--out", "-n", "all"}).out ==
           "65534\n65534\n65534\nby name\nnobody nobody\n";
  }));
  CHECK(home.must({"logs", "say", "--raw", "--err", "-n", "all"}).out ==
        "aside\n");
  // A daemon to come reads on.
  const AppRow before = home.app("say");
  home.kill_daemon();
  CHECK(wait_until([&] { return home.lodge({"ping"}).exit == 0; }));
  CHECK(home.app("say").pid == before.pid);
}

TEST_CASE("list and env tell of the user whom an app runs as") {
  if (!is_root()) return;
  const passwd* const entry = ::getpwuid(65534);
  if (entry == nullptr) return;
  const std::string name = entry->pw_name;
  const std::string place = entry->pw_dir;
  const TestHome home;
  ::chmod(home.work().path().c_str(), 0755);
  home.start("say", "exec sleep 1000", {"--uid", name});
  home.start("own", "exec sleep 1000");
  const auto rows = json_of(home.must({"list", "--json"}).out);
  CHECK(rows.at(0).at("user") == name);
  CHECK(rows.at(1).at("user") == "root");
  CHECK(json_of(home.must({"jlist"}).out)
            .at(0)
            .dump()
            .find("\"username\":\"" + name + "\"") != std::string::npos);
  const auto env = json_of(home.must({"env", "say", "--json"}).out).at("env");
  CHECK(env.value("HOME", "") == place);
  CHECK(env.value("USER", "") == name);
  CHECK(env.value("LOGNAME", "") == name);
}

TEST_CASE("a user that there is not makes no app") {
  const TestHome home;
  const Ran ran = home.lodge(
      {"start", "exec sleep 1000", "--name", "x", "--uid", "no-such-user"});
  CHECK(ran.exit != 0);
  CHECK(ran.err.find("no such user") != std::string::npos);
  CHECK(home.list().empty());
}

TEST_CASE("a user who may not enter the directory is told, not overruled") {
  if (!is_root()) return;
  const TestHome home;  // its work directory is 0700
  const Ran ran = home.lodge({"start", "exec sleep 1000", "--name", "x",
                              "--uid", "65534", "--gid", "65534"});
  CHECK(ran.exit == 1);
  CHECK((ran.out + ran.err).find("cwd") != std::string::npos);
}

}  // namespace support
