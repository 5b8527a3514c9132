#include "config/notify_rule.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "config/app_spec.h"

namespace config {
namespace {

std::string why(std::string_view text) {
  const auto rules = parse_notify(text);
  return rules ? "taken" : rules.error().message;
}

}  // namespace

TEST_CASE("a rule is read with its defaults, and written as it was given") {
  const auto rules = parse_notify(
      R"([{"on":"errored","exec":"./page.sh"},
          {"on":"match: time ?out","over":"5/1m","exec":["say","a b"]},
          {"on":"match","match":"x","webhook":"https://h/a?b","quiet":"2s"},
          {"on":"restart_loop","webhook":"http://h","name":"loop"}])");
  REQUIRE(rules.has_value());
  REQUIRE(rules->size() == 4);
  CHECK((*rules)[0].name == "errored");
  CHECK((*rules)[0].shell);
  CHECK((*rules)[0].quiet == NotifyRule::kQuiet);
  CHECK((*rules)[0].over.count == 1);
  CHECK((*rules)[1].name == "match");
  CHECK((*rules)[1].match == "time ?out");
  CHECK((*rules)[1].over.count == 5);
  CHECK((*rules)[1].over.window.count() == 60'000);
  CHECK((*rules)[1].exec == std::vector<std::string>{"say", "a b"});
  CHECK((*rules)[2].name == "match-2");
  CHECK((*rules)[2].quiet.count() == 2000);
  CHECK((*rules)[3].over.count == 5);  // a loop is more than one
  const auto again = read_notify(nlohmann::json(write_notify(*rules)));
  REQUIRE(again.has_value());
  CHECK(*again == *rules);
}

TEST_CASE("a bad rule is refused with what is wrong and which it is") {
  CHECK(why(R"({"on":"errored","exec":"x"})") == "taken");
  CHECK(why(R"([{"on":"errored"}])").find("rule 1: exec or webhook") == 0);
  CHECK(why(R"([{"on":"eror","exec":"x"}])").find("'eror'") !=
        std::string::npos);
  CHECK(why(R"([{"exec":"x"}])") == "rule 1: on: missing");
  CHECK(why(R"([{"on":"match","exec":"x"}])") == "rule 1: match: missing");
  CHECK(why(R"([{"on":"oom","match":"x","exec":"x"}])") != "taken");
  CHECK(why(R"([{"on":"match: (","exec":"x"}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":"x","webhook":"http://h"}])") != "taken");
  CHECK(why(R"([{"on":"oom","webhook":"ftp://h"}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":"x","over":"5"}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":"x","over":"0/1m"}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":"x","over":"5/0s"}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":"x","quiet":"-1s"}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":[]}])") != "taken");
  CHECK(why(R"([{"on":"oom","exec":"x","qiuet":"1s"}])").find("qiuet") !=
        std::string::npos);
  CHECK(why(R"([{"name":"a","on":"oom","exec":"x"},
                {"name":"a","on":"oom","exec":"x"}])") != "taken");
  const auto secret = parse_notify(R"([{"on":"oom","webhook":"h/T0/s3cret"}])");
  REQUIRE_FALSE(secret.has_value());
  CHECK(secret.error().message.find("s3cret") == std::string::npos);
}

TEST_CASE("of a webhook only scheme and host are shown") {
  CHECK(masked_webhook("https://hooks.example.com/T0/s3cret") ==
        "https://hooks.example.com/…");
  CHECK(masked_webhook("http://h:8080") == "http://h:8080");
  CHECK(masked_webhook("https://user:pw@h/x") == "https://h/…");
  AppSpec spec;
  spec.notify = *parse_notify(R"([{"on":"oom","webhook":"http://h/s3cret"}])");
  for (const auto& setting : settings_of(spec))
    CHECK(setting.value.find("s3cret") == std::string::npos);
  CHECK(print_spec(spec).find("s3cret") != std::string::npos);
}

TEST_CASE("all that changed, env by name, never a value") {
  AppSpec from, to;
  from.env = {{"A", "1"}, {"B", "s3cret"}, {"C", "3"}};
  to.env = {{"A", "1"}, {"B", "2"}, {"D", "4"}};
  to.instances = 2;
  to.max_restarts = 3;
  CHECK(all_changed_keys(from, to) ==
        std::vector<std::string>{"max_restarts", "instances", "env.B", "env.D",
                                 "env.C"});
  CHECK(all_changed_keys(from, from).empty());
}

}  // namespace config
