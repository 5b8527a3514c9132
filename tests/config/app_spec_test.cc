#include "config/app_spec.h"

#include <doctest/doctest.h>

using config::parse_spec;

namespace {

constexpr const char* kGood =
    R"({"name":"api","script":"/srv/api.js","cwd":"/srv"})";

std::string with(const std::string& member) {
  std::string text = kGood;
  text.pop_back();
  return text + "," + member + "}";
}

}  // namespace

TEST_CASE("defaults are those of the manual") {
  const auto spec = parse_spec(kGood);
  REQUIRE(spec);
  CHECK(spec->instances == 1);
  CHECK(spec->autorestart);
  CHECK(spec->max_restarts == 16);
  CHECK(spec->min_uptime == std::chrono::seconds(1));
  CHECK(spec->kill_timeout == std::chrono::seconds(10));
}

TEST_CASE("durations are milliseconds or carry their unit") {
  CHECK(parse_spec(with(R"("min_uptime":500)"))->min_uptime.count() == 500);
  CHECK(parse_spec(with(R"("min_uptime":"2s")"))->min_uptime.count() == 2000);
  CHECK_FALSE(parse_spec(with(R"("min_uptime":"soon")")));
  CHECK_FALSE(parse_spec(with(R"("min_uptime":-1)")));
}

TEST_CASE("an unknown key names the nearest known one") {
  const auto spec = parse_spec(with(R"("autorestrat":true)"));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message == "autorestrat: no such setting");
  CHECK(spec.error().hint == "did you mean autorestart?");
}

TEST_CASE("a value of the wrong kind names its key") {
  const auto spec = parse_spec(with(R"("instances":"many")"));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message == "instances: \"many\" is not a whole number");
}

TEST_CASE("an environment that makes no sense is not shown: it holds secrets") {
  const auto spec = parse_spec(with(R"("env":{"A":1,"KEY":"s3cret"})"));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message == "env: not all values are text");
}

TEST_CASE("nonsense is refused, never half taken") {
  for (const auto* member :
       {R"("instances":0)", R"("instances":100000)", R"("max_restarts":-1)",
        R"("args":"x")", R"("env":{"A":1})", R"("max_restarts":1.5)",
        R"("max_restarts":true)", R"("env":{"":"x"})", R"("env":{"A=B":"x"})",
        R"("exec_mode":"thread")", R"("env_inherit":"some")",
        R"("cwd":"relative")"}) {
    // A repeated key is refused too.
    CHECK_FALSE(parse_spec(with(member)));
  }
  CHECK_FALSE(parse_spec("[]"));
  CHECK_FALSE(parse_spec(""));
  CHECK_FALSE(parse_spec(R"({"name":"api","cwd":"/"})"));
  CHECK_FALSE(parse_spec(R"({"name":"a/b","script":"/x","cwd":"/"})"));
}

TEST_CASE("what changed is named by key; the name's origin is not") {
  const auto one = parse_spec(kGood);
  const auto two =
      parse_spec(with(R"("args":["x"],"env":{"A":"1"},"name_given":false)"));
  REQUIRE((one && two));
  CHECK(config::changed_keys(*one, *two) ==
        std::vector<std::string>{"args", "env"});
}

TEST_CASE("settings show values and whether they are the default, never env") {
  const auto spec = parse_spec(with(R"("env":{"SECRET":"s"},"instances":3)"));
  REQUIRE(spec);
  bool seen = false;
  for (const auto& setting : config::settings_of(*spec)) {
    CHECK(setting.key != "env");
    CHECK(setting.value.find("SECRET") == std::string::npos);
    if (setting.key != "instances") continue;
    seen = true;
    CHECK(setting.value == "3");
    CHECK_FALSE(setting.is_default);
  }
  CHECK(seen);
}
