#include "notify/hook.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "notify/hook_queue.h"
#include "notify/ledger.h"
#include "notify/post.h"
#include "support/temp_dir.h"

namespace notify {
namespace {

using std::chrono::milliseconds;

Rule shell_rule(std::string command) {
  Rule rule;
  rule.name = "api:errored";
  rule.app = "api";
  rule.what.on = "errored";
  rule.what.name = "errored";
  rule.what.exec = {std::move(command)};
  rule.what.shell = true;
  rule.env = {{"APP_SECRET", "s3cret"}, {"PATH", "/usr/bin:/bin"}};
  rule.cwd = "/";
  return rule;
}

HookResult run(const Rule& rule, milliseconds limit = milliseconds(60'000)) {
  base::EventLoop loop;
  Message message;
  message.app = "api";
  auto program = plan_hook(rule, message, {"PATH=/usr/bin:/bin", "MINE=x"});
  REQUIRE(program.has_value());
  HookResult result;
  Hook hook(loop, *program, print_message(rule, message), limit,
            [&](HookResult got) {
              result = std::move(got);
              loop.stop();
            });
  loop.run();
  return result;
}

}  // namespace

TEST_CASE("a hook gets its message on stdin, and its exit code is told") {
  const auto result = run(shell_rule("cat; exit 3"));
  CHECK_FALSE(result.ok);
  CHECK(result.code == 3);
  CHECK(result.output.find("\"rule\":\"api:errored\"") != std::string::npos);
  CHECK(run(shell_rule("true")).ok);
}

TEST_CASE("one that hangs is killed with its children, and says so") {
  const auto result =
      run(shell_rule("sleep 600 & sleep 600"), milliseconds(50));
  CHECK_FALSE(result.ok);
  CHECK(result.code == -1);
  CHECK(result.words.find("killed") != std::string::npos);
}

TEST_CASE("of much output the beginning is kept, and the hook is not stopped") {
  const auto result = run(shell_rule("head -c 1000000 /dev/zero | tr '\\0' x"));
  CHECK(result.ok);
  CHECK(result.output.size() == Hook::kMostOutput);
}

TEST_CASE("a program that is not there fails with its name") {
  auto rule = shell_rule("");
  rule.what.exec = {"/no/such/program"};
  rule.what.shell = false;
  const auto result = run(rule);
  CHECK(result.code == 127);
  CHECK(result.words.find("/no/such/program") != std::string::npos);
}

TEST_CASE("an app's own hook has its environment, others' have no secrets") {
  CHECK(run(shell_rule("echo $APP_SECRET-$MINE")).output == "s3cret-\n");
  auto all = shell_rule("echo $APP_SECRET-$MINE-$LODGE_APP");
  all.app.clear();
  CHECK(run(all).output == "--api\n");
  auto web = shell_rule("");
  web.what.exec.clear();
  web.what.webhook = "http://h/secret";
  const auto program = plan_hook(web, {}, {"PATH=/bin", "MINE=x"});
  REQUIRE(program.has_value());
  CHECK(std::ranges::count(program->env, "APP_SECRET=s3cret") == 0);
  CHECK(std::ranges::count(program->env, "MINE=x") == 0);
  for (const auto& word : program->argv)
    CHECK(word.find("secret") == std::string::npos);
}

TEST_CASE("a hook that hangs holds up its own rule alone, and not for ever") {
  base::EventLoop loop;
  std::vector<std::string> told;
  HookQueue queue(loop, {}, milliseconds(300),
                  [&](const Rule& rule, const Message&, const HookResult&) {
                    told.push_back(rule.name);
                    if (told.size() == 3) loop.stop();
                  });
  auto hangs = shell_rule("sleep 600");
  hangs.name = "hangs";
  CHECK(queue.add(hangs, {}));
  CHECK(queue.add(hangs, {}));
  auto quick = shell_rule("true");
  quick.name = "quick";
  CHECK(queue.add(quick, {}));
  loop.run();
  CHECK(told == std::vector<std::string>{"quick", "hangs", "hangs"});
  CHECK(queue.idle());
}

TEST_CASE("no more than some wait") {
  base::EventLoop loop;
  HookQueue queue(loop, {}, milliseconds(60'000), [](auto&, auto&, auto&) {});
  const auto hangs = shell_rule("sleep 600");
  size_t taken = 0;
  while (taken < 1000 && queue.add(hangs, {})) ++taken;
  CHECK(taken == HookQueue::kMostWaiting + 1);
}

TEST_CASE("where a webhook leads") {
  const auto url = parse_url("http://example.com:8080/a?b#c");
  REQUIRE(url.has_value());
  CHECK_FALSE(url->tls);
  CHECK(url->host == "example.com");
  CHECK(url->port == "8080");
  CHECK(url->path == "/a?b");
  const auto six = parse_url("https://[::1]?x");
  REQUIRE(six.has_value());
  CHECK(six->tls);
  CHECK(six->host == "::1");
  CHECK(six->port == "443");
  CHECK(six->path == "/?x");
  for (const char* bad : {"ftp://h", "http://", "http://h:x", "http://[::1",
                          "http://u:p@h/", "http://h:123456"})
    CHECK_FALSE(parse_url(bad).has_value());
  CHECK(parse_status("HTTP/1.1 204 No Content\r\n") == 204);
  CHECK(parse_status("HTTP/1.0 500 ") == 500);
  CHECK(parse_status("SSH-2.0-OpenSSH") == 0);
  CHECK(parse_status("HTTP/1.1 x04 ") == 0);
}

TEST_CASE("a ledger comes back as it was; a damaged one is empty") {
  const support::TempDir dir;
  const auto path = dir.path() + "/notify.json";
  CHECK(load_ledger(path).seen.us == 0);
  Ledger ledger;
  ledger.seen = base::Timestamp{17};
  ledger.fired[Ledger::key("api:oom", "api")] = base::Timestamp{12};
  REQUIRE(save_ledger(path, ledger).has_value());
  CHECK(load_ledger(path).seen.us == 17);
  CHECK(load_ledger(path).fired == ledger.fired);
  dir.write("notify.json", "{\"seen_us\":\"x\"}");
  CHECK(load_ledger(path).seen.us == 0);
}

}  // namespace notify
