#include "control/codec.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "base/fs.h"

namespace {

using namespace control;

const Selection kSome = {.targets = {"api", "id:3", "/^w\"\\eb/"},
                         .exclude = {"db"}};

std::vector<Request> every_request() {
  return {
      PingRequest{},
      StartRequest{.definitions = {R"({"name":"api"})", R"({"name":"web"})"},
                   .known = kSome,
                   .wait = false,
                   .wait_ms = 5000,
                   .update_env = true,
                   .env = {{"A", "1"}},
                   .variant = "production",
                   .restart = true,
                   .dry_run = true,
                   .prune = {"/srv/lodge.config.json"},
                   .keep = {"api", "web"}},
      StopRequest{.selection = kSome},
      RestartRequest{.selection = kSome,
                     .wait = false,
                     .update_env = true,
                     .env = {{"A", "1"}, {"B", "x=\n\xc3\xa9"}},
                     .variant = "staging"},
      DeleteRequest{.selection = kSome, .logs = true},
      ListRequest{.selection = kSome, .brief = true},
      FlushRequest{.selection = kSome, .dry_run = true},
      KillRequest{},
      UpdateRequest{.path = "/usr/bin/lodge"},
      RotateRequest{.selection = {{"api"}, {}}},
      ReopenRequest{},
      PruneRequest{.selection = {{"api"}, {"x"}},
                   .before_us = 1,
                   .to_bytes = 2,
                   .free_bytes = 3,
                   .dry_run = true},
      ScaleRequest{.app = "api", .count = -2, .relative = true, .wait = false},
      ResetRequest{.selection = kSome},
      SignalRequest{.selection = kSome, .signal = 10},
      InputRequest{.selection = kSome, .data = "aGk="},
      EnvRequest{.selection = kSome},
      SaveRequest{.name = "nightly"},
      ResurrectRequest{.name = "nightly", .start_known = true, .wait = false},
  };
}

InstanceInfo an_instance() {
  return {.id = 7,
          .app = "api",
          .space = "shop",
          .instance = 2,
          .instances = 3,
          .status = "waiting",
          .reason = "why",
          .health = "failing",
          .health_reason = "answered 500",
          .said = "loading",
          .main_pid = 4712,
          .pid = 4711,
          .generation = 1ull << 60,
          .started_at_ms = 1795256100123,
          .created_at_ms = 1795256100000,
          .uptime_ms = 5,
          .next_start_ms = 1200,
          .restarts = 4,
          .unstable_restarts = 3,
          .cpu_percent = 12.5,
          .memory_bytes = 1ull << 40,
          .processes = 3,
          .user = "deploy",
          .mode = "fork",
          .version = "1.2.3",
          .script = "/srv/a.js",
          .args = {"--x", ""},
          .interpreter = "node",
          .cwd = "/srv",
          .last_exit_code = 3,
          .last_exit_signal = 9,
          .out_file = "/o",
          .error_file = "/e",
          .events_file = "/v",
          .log_bytes = 99,
          .log_rate = 98,
          .dropped_lines = 1ull << 50,
          .dropped_bytes = 1ull << 51,
          .disk_full = true,
          .output_pending = true,
          .watching = true,
          .limits = {{"limits.cpu", "2", "cpu.max of its control group"}},
          .settings = {{"k", "v", "given"}, {"l", "w", "default"}}};
}

std::vector<Reply> every_reply() {
  return {
      PingReply{.daemon_pid = 1,
                .keeper_pid = 2,
                .version = "9.8.7",
                .uptime_ms = 3,
                .degraded = true,
                .safe = true,
                .updates = 4,
                .update_error = "it did not come up"},
      OutcomesReply{{Outcome{.app = "api",
                             .id = 1,
                             .instance = 2,
                             .instances = 3,
                             .action = "started",
                             .failed = true,
                             .detail = "d",
                             .launched = "l",
                             .ready_ms = 4,
                             .generation = 5,
                             .started_at = "2026-11-21T10:15:02.123456Z",
                             .log_bytes = 6},
                     Outcome{}}},
      ListReply{.instances = {an_instance(), {}},
                .logs_bytes = 1LL << 40,
                .logs_cap = 1LL << 41,
                .logs_age_ms = 7,
                .short_histories = {{"api", 8}},
                .disk_full = true,
                .degraded = true,
                .safe = true,
                .version = "9.8.7",
                .warning = "w"},
      FlushReply{.files = {{"api", "/p", 5, true}}, .dry_run = true},
      DoneReply{},
      ErrorReply{.message = "m", .hint = "h", .exit_code = 2, .ending = true},
      RotateReply{.files = {{"api", "/p", "sealed", "/s", 5, "e"}}},
      ReopenReply{.files = 3},
      InputReply{.bytes = 1ull << 40},
      EnvReply{.instances = {{"api", 1, 2, 3, {{"A", "1"}, {"B", ""}}}, {}}},
      SaveReply{.path = "/p", .apps = 3},
  };
}

std::vector<std::string> examples_of_the_page() {
  const auto page = std::string(LODGE_SOURCE_DIR) + "/src/control/PROTOCOL.md";
  const auto text = base::fs::read_file(page);
  REQUIRE_MESSAGE(text, page);
  std::vector<std::string> examples;
  constexpr std::string_view kOpen = "```json\n";
  for (size_t at = text->find(kOpen); at != text->npos;
       at = text->find(kOpen, at)) {
    at += kOpen.size();
    examples.push_back(text->substr(at, text->find("```", at) - at));
  }
  return examples;
}

}  // namespace

TEST_CASE("every request comes back as it was sent") {
  const auto requests = every_request();
  REQUIRE(requests.size() == std::variant_size_v<Request>);
  for (size_t i = 0; i < requests.size(); ++i) {
    REQUIRE(requests[i].index() == i);
    const auto asked =
        decode_request(encode(requests[i], {.command = "lodge x 'y'"}));
    REQUIRE(asked);
    CHECK(asked->request == requests[i]);
    CHECK(asked->caller.command == "lodge x 'y'");
  }
}

TEST_CASE("every reply comes back as it was sent") {
  const auto replies = every_reply();
  REQUIRE(replies.size() == std::variant_size_v<Reply>);
  for (size_t i = 0; i < replies.size(); ++i) {
    REQUIRE(replies[i].index() == i);
    const auto reply = decode_reply(encode(replies[i]));
    REQUIRE(reply);
    CHECK(*reply == replies[i]);
  }
}

TEST_CASE("the examples of PROTOCOL.md decode and cover every message") {
  std::set<size_t> requests;
  std::set<size_t> replies;
  for (const auto& example : examples_of_the_page()) {
    CAPTURE(example);
    if (example.find("\"request\"") != example.npos) {
      const auto asked = decode_request(example);
      REQUIRE(asked);
      CHECK_FALSE(asked->caller.command.empty());
      requests.insert(asked->request.index());
      // Nothing on the page is misspelt: a member that is not known would not
      // come back.
      CHECK(encode(asked->request, asked->caller).size() + 1 == example.size());
    } else {
      const auto reply = decode_reply(example);
      REQUIRE(reply);
      replies.insert(reply->index());
      CHECK(encode(*reply).size() + 1 == example.size());
    }
  }
  CHECK(requests.size() == std::variant_size_v<Request>);
  CHECK(replies.size() == std::variant_size_v<Reply>);
}

TEST_CASE("unknown members are ignored, missing ones keep their defaults") {
  const auto asked = decode_request(
      R"({"request":"restart","colour":"red","caller":{"x":1}})");
  REQUIRE(asked);
  CHECK(asked->request == Request(RestartRequest{}));
}

TEST_CASE("what is no message is an error, never an exception") {
  for (const std::string_view wrong :
       {"", "{", "[]", "1", "{}", R"({"request":1})", R"({"request":"fly"})",
        R"({"request":"stop","selection":[]})",
        R"({"request":"stop","selection":{"targets":"api"}})",
        R"({"request":"stop","selection":{"targets":[1]}})",
        R"({"request":"delete","logs":1})",
        R"({"request":"start","wait_ms":1.5})",
        R"({"request":"restart","env":{"A":1}})",
        R"({"request":"restart","env":[]})",
        R"({"request":"ping","request":"kill"})", "{\"request\":\"p\xff\"}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(decode_request(wrong));
  }
  for (const std::string_view wrong :
       {R"({"reply":"ping","daemon_pid":4294967296})",
        R"({"reply":"ping","daemon_pid":"1"})",
        R"({"reply":"flush","files":[{"bytes":-1}]})",
        R"({"reply":"list","instances":{}})"})
    CHECK_FALSE(decode_reply(wrong));
}

TEST_CASE("bytes that are not UTF-8 do not break the conversation") {
  const auto reply =
      decode_reply(encode(Reply(ErrorReply{.message = "a\xff", .hint = {}})));
  REQUIRE(reply);
  CHECK(std::get<ErrorReply>(*reply).message == "a\xef\xbf\xbd");
}

TEST_CASE("mutated messages never crash the decoder") {
  std::mt19937 random(3);
  for (const auto& request : every_request()) {
    const auto text = encode(request, {.command = "lodge"});
    for (int round = 0; round < 500; ++round) {
      auto mutated = text;
      for (int i = 0; i < 3; ++i)
        mutated[random() % mutated.size()] = static_cast<char>(random());
      (void)decode_request(mutated.substr(0, random() % mutated.size() + 1));
      (void)decode_reply(mutated);
    }
  }
}
