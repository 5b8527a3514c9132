#include "config/environment.h"

#include <doctest/doctest.h>

namespace config {

TEST_CASE("declared goes over inherited, the chosen variant over both") {
  AppSpec spec;
  spec.environment.inherited = {{"A", "i"}, {"B", "i"}, {"C", "i"}};
  spec.env = {{"B", "e"}, {"C", "e"}};
  spec.environment.variants = {{"x", {{"C", "v"}}}, {"y", {{"C", "w"}}}};
  CHECK(environment_of(spec) ==
        Environment{{"A", "i"}, {"B", "e"}, {"C", "e"}});
  spec.environment.variant = "x";
  CHECK(environment_of(spec) ==
        Environment{{"A", "i"}, {"B", "e"}, {"C", "v"}});
  CHECK(declared_env(spec) == Environment{{"B", "e"}, {"C", "v"}});
}

TEST_CASE("what is filtered is not inherited, but may be declared") {
  AppSpec spec;
  spec.environment.inherited = {{"PATH", "/bin"}, {"AWS_KEY", "s"}, {"X", "1"}};
  spec.environment.filter = {"AWS_"};
  CHECK(environment_of(spec) == Environment{{"PATH", "/bin"}, {"X", "1"}});
  spec.env = {{"AWS_KEY", "mine"}};
  CHECK(environment_of(spec).at("AWS_KEY") == "mine");
  spec.environment.inherit = false;
  CHECK(environment_of(spec) ==
        Environment{{"PATH", "/bin"}, {"AWS_KEY", "mine"}});
}

TEST_CASE("a variable grows by one with each instance") {
  AppSpec spec;
  spec.environment.increment_var = "PORT";
  CHECK(environment_of(spec, 2).at("PORT") == "2");
  spec.env = {{"PORT", "3000"}};
  CHECK(environment_of(spec, 0).at("PORT") == "3000");
  CHECK(environment_of(spec, 2).at("PORT") == "3002");
}

TEST_CASE("which changes reach a running app") {
  CHECK(applies_live({}));
  CHECK(applies_live({"max_restarts", "log.max_size", "kill_timeout"}));
  CHECK_FALSE(applies_live({"max_restarts", "args"}));
  CHECK_FALSE(applies_live({"env"}));
  CHECK_FALSE(applies_live({"a key that nobody described"}));
}

}  // namespace config
