#include "cli/views.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/json_views.h"

namespace {

control::InstanceInfo online() {
  return {.id = 0,
          .app = "api",
          .space = "default",
          .instance = 0,
          .instances = 2,
          .status = "online",
          .reason = {},
          .health = {},
          .health_reason = {},
          .said = {},
          .pid = 41230,
          .generation = 3,
          .started_at_ms = 1795256100123,
          .created_at_ms = 1795256000000,
          .uptime_ms = 65'000,
          .restarts = 2,
          .cpu_percent = 1.25,
          .memory_bytes = 43'200'000,
          .user = "deploy",
          .mode = "fork",
          .version = "2.4.1",
          .script = "/srv/api.js",
          .args = {"--port", "3000", "a b"},
          .interpreter = "node",
          .cwd = "/srv",
          .last_exit_code = 1,
          .out_file = "/h/logs/api-out.log",
          .error_file = "/h/logs/api-error.log",
          .events_file = "/h/logs/api-events.log",
          .log_bytes = 1229,
          .log_rate = 2048,
          .limits = {},
          .settings = {{"instances", "2", "given"},
                       {"kill_timeout", "10s", "default"},
                       {"stop_exit_codes", "", "default"}}};
}

control::InstanceInfo waiting() {
  auto row = online();
  row.id = 1;
  row.instance = 1;
  row.status = "waiting";
  row.pid = 0;
  row.uptime_ms = -1;
  row.next_start_ms = 1200;
  row.cpu_percent = 0;
  row.memory_bytes = 0;
  row.log_rate = 0;
  return row;
}

control::ListReply list_of(std::vector<control::InstanceInfo> instances) {
  control::ListReply list;
  list.instances = std::move(instances);
  return list;
}

const control::ListReply kList = list_of({online(), waiting()});

size_t widest(const std::string& text) {
  size_t most = 0;
  size_t now = 0;
  for (const char c : text) {
    if (c == '\n') {
      most = std::max(most, now);
      now = 0;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++now;
    }
  }
  return most;
}

}  // namespace

TEST_CASE("list on a wide terminal, or piped, shows every column") {
  const std::string golden =
      R"(┌────┬──────┬───────────┬─────────┬──────┬───────┬────────┬───┬──────────────┬──────┬─────────┬────────┬────────┬──────────┐
│ id │ name │ namespace │ version │ mode │ pid   │ uptime │ ↺ │ status       │ cpu  │ mem     │ user   │ logs   │ rate     │
├────┼──────┼───────────┼─────────┼──────┼───────┼────────┼───┼──────────────┼──────┼─────────┼────────┼────────┼──────────┤
│ 0  │ api  │ default   │ 2.4.1   │ fork │ 41230 │ 1m     │ 2 │ online       │ 1.2% │ 41.2 MB │ deploy │ 1.2 KB │ 2.0 KB/s │
│ 1  │ api  │ default   │ 2.4.1   │ fork │ N/A   │ 0      │ 2 │ waiting 1.2s │ 0.0% │ 0 B     │ deploy │ 1.2 KB │ 0 B/s    │
└────┴──────┴───────────┴─────────┴──────┴───────┴────────┴───┴──────────────┴──────┴─────────┴────────┴────────┴──────────┘
logs 2.4 KB
)";
  CHECK(cli::list_view(kList, 0, false) == golden);
  CHECK(cli::list_view(kList, 200, false) == golden);
}

TEST_CASE("list narrows to what the terminal takes") {
  for (const size_t width : {123, 112, 100, 80, 60, 46, 40}) {
    const auto text = cli::list_view(kList, width, false);
    CAPTURE(text);
    CHECK(widest(text) <= width);
    CHECK(text.find("│ api") != text.npos);
    CHECK(text.find("online") != text.npos);
  }
  CHECK(cli::list_view(kList, 80, false).find("mem") != std::string::npos);
  CHECK(cli::list_view(kList, 45, false).find("mem") == std::string::npos);
}

TEST_CASE("one long name is cut before columns go") {
  auto list = kList;
  list.instances[0].app = std::string(64, 'n');
  list.instances[0].pid = 4'194'304;
  for (const size_t width : {80, 100, 120}) {
    const auto text = cli::list_view(list, width, false);
    CAPTURE(text);
    CHECK(widest(text) <= width);
    for (const char* head : {"│ id ", "│ name ", "│ status ", "│ pid ",
                             "│ uptime ", "│ cpu ", "│ mem ", "│ ↺ "})
      CHECK(text.find(head) != text.npos);
    CHECK(text.find("│ api ") != text.npos);
  }
  const auto at_100 = cli::list_view(list, 100, false);
  CHECK(at_100.find("│ " + std::string(24, 'n')) != at_100.npos);
  CHECK(at_100.find("n… │") != at_100.npos);
  CHECK(at_100.find("│ logs ") != at_100.npos);
  // Where there is room it is whole.
  CHECK(cli::list_view(list, 0, false).find(std::string(64, 'n')) !=
        std::string::npos);
  CHECK(cli::list_view(list, 200, false).find(std::string(64, 'n')) !=
        std::string::npos);
}

TEST_CASE("long names give way on the narrowest terminal") {
  auto list = kList;
  list.instances[0].app = std::string(60, 'n');
  const auto text = cli::list_view(list, 44, false);
  CHECK(widest(text) <= 44);
  CHECK(text.find("nnn…") != std::string::npos);
  CHECK_FALSE(cli::list_view(list, 1, false).empty());  // no room at all
}

TEST_CASE("why an app is errored stands below the table") {
  auto list = kList;
  list.instances[1].status = "errored";
  list.instances[1].reason = "16 unstable restarts";
  list.degraded = true;
  const auto text = cli::list_view(list, 0, false);
  CHECK(text.find("\napi/1: errored: 16 unstable restarts\n") != text.npos);
  CHECK(text.find("\ndegraded: ") != text.npos);
}

TEST_CASE("an unhealthy app is told from a healthy one, and why") {
  auto row = online();
  row.health = "unhealthy";
  row.health_reason = "http://127.0.0.1/: answered 500";
  row.said = "serving";
  const auto view = cli::list_view(list_of({row}), 0, false);
  CHECK(view.find("│ online (unhealthy) │") != std::string::npos);
  CHECK(view.find("api/0: unhealthy: http://127.0.0.1/: answered 500\n") !=
        std::string::npos);
  const auto described = cli::describe_view(row, false);
  CHECK(described.find("answered 500") != std::string::npos);
  CHECK(described.find("serving") != std::string::npos);
  // Scripts and PM2's words go on to say what the process is.
  CHECK(cli::list_json({row}).find(R"("status":"online")") !=
        std::string::npos);
}

TEST_CASE("what an app says of itself stands below the table") {
  auto row = online();
  row.said = "loading \x1b[31m";
  CHECK(cli::list_view(list_of({row}), 0, false)
            .find("api/0: online: loading \\x1b[31m\n") != std::string::npos);
}

TEST_CASE("the footer counts the logs of deleted apps too") {
  auto list = kList;
  list.logs_bytes = 30'720;
  CHECK(cli::list_view(list, 0, false).ends_with("\nlogs 30.0 KB\n"));
  list.logs_cap = 4LL << 30;
  list.logs_age_ms = 9LL * 24 * 3'600'000 + 5;
  CHECK(cli::list_view(list, 0, false)
            .ends_with("\nlogs 30.0 KB of 4.0 GB, back to 9 d\n"));
  list.logs_cap = list.logs_age_ms = -1;
  list.instances.clear();
  list.logs_bytes = 1536;
  CHECK(cli::list_view(list, 0, false).ends_with("\nlogs 1.5 KB\n"));
}

TEST_CASE("a list of safe mode says what that is, and the way out") {
  auto list = kList;
  CHECK(cli::list_view(list, 0, false).find("safe mode") == std::string::npos);
  list.safe = true;
  const auto text = cli::list_view(list, 0, false);
  CHECK(text.find("only captures") != std::string::npos);
  CHECK(text.find("lodge update") != std::string::npos);
}

TEST_CASE("an empty list is an empty table") {
  CHECK(cli::list_view({}, 0, false).find("│ id │ name │") !=
        std::string::npos);
}

TEST_CASE("describe shows state, what runs, logs and settings with sources") {
  const auto text = cli::describe_view(online(), false);
  CHECK(text ==
        R"(api/0 (id 0)
  status             online
  name               api
  namespace          default
  version            2.4.1
  instance           0 of 2
  pid                41230
  uptime             1m05s
  started at         2026-11-21T10:15:00Z
  created at         2026-11-21T10:13:20Z
  generation         3
  restarts           2
  unstable restarts  0
  last exit          code 1
  cpu                1.2%
  memory             41.2 MB
  user               deploy
runs
  mode         fork
  interpreter  node
  script       /srv/api.js
  args         --port 3000 'a b'
  cwd          /srv
logs
  out     /h/logs/api-out.log
  error   /h/logs/api-error.log
  events  /h/logs/api-events.log
  stored  1.2 KB
settings
  instances        2    given
  kill_timeout     10s  default
  stop_exit_codes  -    default
)");
}

TEST_CASE("outcomes of one app are one line, failed ones are left to stderr") {
  using control::Outcome;
  const auto started = [](int instance) {
    Outcome outcome;
    outcome.app = "api";
    outcome.id = outcome.instance = instance;
    outcome.instances = 2;
    outcome.action = "started";
    outcome.launched = "fork, node api.js";
    outcome.ready_ms = 100 + 40 * instance;
    return outcome;
  };
  CHECK(cli::outcomes_view({started(0), started(1)}) ==
        "[lodge] api: started 2 instances (fork, node api.js) · ready in 0.14 "
        "s\n");
  CHECK(cli::outcomes_view({started(1)}) ==
        "[lodge] api/1: started (fork, node api.js) · ready in 0.14 s\n");
  auto unchanged = started(0);
  unchanged.action = "unchanged";
  CHECK(cli::outcomes_view({unchanged, unchanged}) ==
        "[lodge] api: unchanged (2 instances)\n");
  auto failed = started(1);
  failed.failed = true;
  CHECK(cli::outcomes_view({failed}).empty());
  Outcome deleted;
  deleted.app = "web";
  deleted.action = "deleted";
  deleted.log_bytes = 3'250'000;
  CHECK(cli::outcomes_view({deleted}) ==
        "[lodge] web: deleted · 3.1 MB of logs stay: lodge logs web\n");
  // Those of all its instances.
  deleted.log_bytes = 1024;
  auto other = deleted;
  other.log_bytes = 2048;
  CHECK(cli::outcomes_view({deleted, other}) ==
        "[lodge] web: deleted (2 instances) · 3.0 KB of logs stay: lodge logs "
        "web\n");
}

TEST_CASE("jlist has PM2's shape") {
  const auto json = nlohmann::json::parse(cli::pm2_json(kList.instances));
  REQUIRE(json.size() == 2);
  CHECK(json[0]["name"] == "api");
  CHECK(json[0]["pid"] == 41230);
  CHECK(json[0]["pm_id"] == 0);
  CHECK(json[0]["monit"]["memory"] == 43'200'000);
  const auto& env = json[0]["pm2_env"];
  CHECK(env["status"] == "online");
  CHECK(env["pm_uptime"] == 1795256100123);
  CHECK(env["restart_time"] == 2);
  CHECK(env["exec_mode"] == "fork_mode");
  CHECK(env["pm_out_log_path"] == "/h/logs/api-out.log");
  CHECK(env["pm_exec_path"] == "/srv/api.js");
  CHECK(env["instances"] == 2);
  CHECK(env["exit_code"] == 1);
  auto young = online();
  young.last_exit_code = -1;
  const auto fresh = nlohmann::json::parse(cli::pm2_json({young}));
  CHECK(fresh[0]["pm2_env"]["exit_code"].is_null());
}

TEST_CASE(
    "dropped lines have a column when there are any, a full disk a word") {
  CHECK(cli::list_view(kList, 0, false).find("dropped") == std::string::npos);
  auto list = kList;
  list.instances[0].dropped_lines = 1234;
  list.instances[0].dropped_bytes = 4096;
  list.instances[0].disk_full = list.disk_full = true;
  for (const size_t width : {0, 60}) {
    const auto text = cli::list_view(list, width, false);
    CHECK(text.find("dropped") != std::string::npos);
    CHECK(text.find("1.2k lines") != std::string::npos);
    CHECK(text.ends_with(" · DISK FULL\n"));
  }
  const auto text = cli::describe_view(list.instances[0], false);
  CHECK(text.find("1.2k lines, 4.0 KB") != std::string::npos);
  CHECK(text.find("DISK FULL") != std::string::npos);
  const auto json = nlohmann::json::parse(cli::list_json(list.instances)).at(0);
  CHECK(json.at("dropped_lines") == 1234);
  CHECK(json.at("dropped_bytes") == 4096);
  CHECK(json.at("disk_full") == true);
  CHECK(nlohmann::json::parse(cli::pm2_json(
            list.instances))[0]["pm2_env"]["dropped_lines"] == 1234);
}

TEST_CASE("list as JSON is one array, with null where there is nothing") {
  const auto json = nlohmann::json::parse(cli::list_json(kList.instances));
  CHECK(json[0]["started"] == "2026-11-21T10:15:00.123000Z");
  CHECK(json[0]["reason"].is_null());
  CHECK(json[1]["pid"].is_null());
  CHECK(json[1]["uptime_ms"].is_null());
  CHECK(json[1]["next_start_ms"] == 1200);
  CHECK(json[0]["cpu_percent"] == 1.3);
  CHECK(cli::list_json({}) == "[]\n");
}
