#include "daemon/users.h"

#include <doctest/doctest.h>
#include <unistd.h>

TEST_CASE("who nobody named, or who we are already, is nobody else") {
  daemon_::Users users;
  auto none = users.resolve("", "");
  REQUIRE(none);
  CHECK_FALSE(*none);
  auto self = users.resolve(std::to_string(::geteuid()), "");
  REQUIRE(self);
  CHECK_FALSE(*self);
}

TEST_CASE("users and groups that there are not are errors, not numbers") {
  daemon_::Users users;
  CHECK_FALSE(users.resolve("no-such-user", ""));
  CHECK_FALSE(users.resolve("", "no-such-group"));
  CHECK_FALSE(users.resolve("4294967295", "1"));
  // Of a number without an entry nobody knows the group.
  CHECK_FALSE(users.resolve("3999999999", ""));
}

TEST_CASE("the environment names the user that an app runs as") {
  std::vector<std::string> env = {"A=1", "HOME=/root", "HOMEY=2", "USER=root"};
  daemon_::set_user(env, {.user = {}, .name = "www", .home = "/srv"});
  CHECK(env == std::vector<std::string>{"A=1", "HOMEY=2", "HOME=/srv",
                                        "USER=www", "LOGNAME=www"});
}
