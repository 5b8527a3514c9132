// Readiness, health and dependencies as they are written.
#include <doctest/doctest.h>

#include "config/app_spec.h"

using config::Condition;
using std::chrono::milliseconds;

namespace {

base::Result<config::AppSpec> parse(const std::string& members) {
  return config::parse_spec(
      R"({"name":"api","script":"/srv/api.js","cwd":"/srv",)" + members + "}");
}

std::string refusal(const std::string& members) {
  auto spec = parse(members);
  return spec ? "" : spec.error().message + " | " + spec.error().hint;
}

}  // namespace

TEST_CASE("depends_on: an object with conditions, a list, a single name") {
  using Dependencies = config::Dependencies;
  CHECK(parse(R"("depends_on":{"db":"healthy","job":"exited"})")->depends_on ==
        Dependencies{{"db", Condition::Healthy}, {"job", Condition::Exited}});
  CHECK(parse(R"("depends_on":["db","mq"])")->depends_on ==
        Dependencies{{"db", Condition::Ready}, {"mq", Condition::Ready}});
  CHECK(parse(R"("depends_on":"db")")->depends_on ==
        Dependencies{{"db", Condition::Ready}});
  // As --set depends_on.my.app=started gives it.
  CHECK(parse(R"("depends_on":{"my":{"app":"started"}})")->depends_on ==
        Dependencies{{"my.app", Condition::Started}});
  CHECK(refusal(R"("depends_on":{"db":"helthy"})") ==
        "depends_on: db: 'helthy' is none of started, ready, healthy, exited "
        "| did you mean healthy?");
  CHECK_FALSE(refusal(R"("depends_on":{"db":1})").empty());
  CHECK_FALSE(refusal(R"("depends_on":7)").empty());
}

TEST_CASE("what was read is written so that it is read again") {
  auto spec = parse(
      R"("wait_ready":true,"listen_timeout":"3s","shutdown_with_message":true,)"
      R"("depends_on":{"db":"healthy"},)"
      R"("health":{"http":"http://[::1]:80/x","interval":"90s","timeout":500,)"
      R"("retries":5,"start_period":"2m"})");
  REQUIRE(spec);
  CHECK(spec->listen_timeout == milliseconds{3000});
  CHECK(spec->health.timeout == milliseconds{500});
  CHECK(spec->health.start_period == std::chrono::minutes{2});
  auto again = config::parse_spec(config::print_spec(*spec));
  REQUIRE(again);
  CHECK(*again == *spec);
}

TEST_CASE("a health check that can't be is refused with a way out") {
  CHECK(refusal(R"("health":{"http":"https://a.example/"})")
            .find("curl -fsS https://a.example/") != std::string::npos);
  for (const auto* members :
       {R"("health":{"http":"127.0.0.1:80"})", R"("health":{"tcp":"5432"})",
        R"("health":{"tcp":"db:0"})", R"("health":{"tcp":"db:70000"})",
        R"("health":{"http":"http://a b/"})", R"("health":{"retries":0})",
        R"("health":{"interval":0})", R"("health":{"timeout":"2 weeks"})",
        R"("health":{"http":"http://a/","tcp":"a:1"})",
        R"("health":{"htpp":"http://a/"})", R"("listen_timeout":-1)"})
    CHECK_MESSAGE(!refusal(members).empty(), members);
}
