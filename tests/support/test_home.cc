#include "support/test_home.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace support {
namespace {

// Every process that a test starts inherits it, whatever it does to
// LODGE_HOME.
constexpr std::string_view kMark = "TEST_OF_LODGE";

std::string all_words(const std::vector<ProcessInfo>& processes) {
  std::string text;
  for (const auto& process : processes) text += "\n  " + process.words();
  return text;
}

AppRow row_of(const nlohmann::json& json) {
  AppRow row;
  row.name = json.at("name");
  row.id = json.at("pm_id");
  row.pid = json.at("pid").is_number() ? json.at("pid").get<int>() : 0;
  const auto& env = json.at("pm2_env");
  row.status = env.at("status");
  row.space = env.value("namespace", "");
  row.restarts = env.at("restart_time");
  row.out_file = env.at("pm_out_log_path");
  row.error_file = env.at("pm_err_log_path");
  return row;
}

}  // namespace

TestHome::TestHome() : TestHome("h") {}

TestHome::TestHome(std::string_view subdirectory)
    : path_(dir_.file(subdirectory)) {}

TestHome::~TestHome() {
  if (!processes().empty()) {
    const Ran ran = lodge({"kill"}, {.deadline = 20s});
    if (ran.exit != 0 && ran.exit != 3)
      FAIL_CHECK("lodge kill: exit ", ran.exit, ": ", ran.err);
  }
  wait_until([&] { return processes().empty(); }, 3s);
  const auto left = processes();
  if (left.empty()) return;
  FAIL_CHECK("left running after `lodge kill`:", all_words(left));
  // The keeper first, which would start a new daemon.
  for (const auto& keeper : keepers()) ::kill(keeper.pid, SIGKILL);
  wait_until(
      [&] {
        const auto rest = processes();
        for (const auto& process : rest) ::kill(process.pid, SIGKILL);
        return rest.empty();
      },
      5s);
}

RunOptions TestHome::in_home(RunOptions options) const {
  options.env.emplace_back("LODGE_HOME", path_);
  options.env.emplace_back(kMark, path_);
  options.env.emplace_back("HOME", work_.path());  // never the person's own
  if (options.cwd.empty()) options.cwd = work_.path();
  return options;
}

Ran TestHome::lodge(std::vector<std::string> args, RunOptions options) const {
  args.insert(args.begin(), lodge_binary());
  return run(std::move(args), in_home(std::move(options)));
}

Ran TestHome::must(std::vector<std::string> args, RunOptions options) const {
  const std::string words = command_line(args);
  Ran ran = lodge(std::move(args), std::move(options));
  INFO("lodge ", words, "\nstdout: ", ran.out, "\nstderr: ", ran.err);
  REQUIRE(ran.exit == 0);
  return ran;
}

Child TestHome::background(std::vector<std::string> args,
                           RunOptions options) const {
  args.insert(args.begin(), lodge_binary());
  return Child(std::move(args), in_home(std::move(options)));
}

void TestHome::start(const std::string& name, const std::string& script,
                     std::vector<std::string> words) const {
  std::vector<std::string> args = {"start", script,         "--name",
                                   name,    "--min-uptime", "50ms"};
  args.insert(args.end(), words.begin(), words.end());
  must(std::move(args));
}

std::string TestHome::start_source(const std::string& name,
                                   std::vector<std::string> source_flags,
                                   std::vector<std::string> app_flags) const {
  const std::string truth = work_.file(name + ".truth");
  app_flags.insert(app_flags.end(), {"--", "--truth", truth, "--name", name});
  app_flags.insert(app_flags.end(), source_flags.begin(), source_flags.end());
  start(name, line_source_binary(), std::move(app_flags));
  return truth;
}

std::vector<AppRow> TestHome::list() const {
  const Ran ran = must({"jlist"});
  std::vector<AppRow> rows;
  for (const auto& app : json_of(ran.out)) rows.push_back(row_of(app));
  return rows;
}

AppRow TestHome::app(std::string_view name) const {
  for (auto& row : list())
    if (row.name == name) return row;
  return {};
}

bool TestHome::has_status(std::string_view name,
                          std::string_view status) const {
  return app(name).status == status;
}

bool TestHome::reaches(std::string_view name, std::string_view status) const {
  return wait_until([&] { return has_status(name, status); });
}

std::vector<nlohmann::json> TestHome::events(const std::string& app,
                                             std::string_view kind) const {
  auto found = json_lines(must({"events", app, "-n", "all", "--json"}).out);
  if (!kind.empty())
    std::erase_if(found,
                  [&](const auto& event) { return event["event"] != kind; });
  return found;
}

std::vector<ProcessInfo> TestHome::with_role(std::string_view role) const {
  auto found = processes();
  std::erase_if(found, [&](const ProcessInfo& process) {
    return process.argv.size() < 2 || process.argv[1] != role ||
           !process.argv[0].ends_with("lodge");
  });
  return found;
}

std::vector<ProcessInfo> TestHome::daemons() const {
  return with_role("daemon");
}

std::vector<ProcessInfo> TestHome::keepers() const {
  return with_role("keeper");
}

std::vector<ProcessInfo> TestHome::processes() const {
  auto found = processes_with_env(kMark, path_);
  for (auto& process : processes_with_env("LODGE_HOME", path_))
    if (std::ranges::none_of(
            found, [&](const auto& known) { return known.pid == process.pid; }))
      found.push_back(std::move(process));
  return found;
}

pid_t TestHome::daemon_pid() const {
  const auto found = daemons();
  return found.size() == 1 ? found.front().pid : 0;
}

void TestHome::kill_daemon() const {
  const pid_t pid = daemon_pid();
  REQUIRE(pid > 0);
  REQUIRE(::kill(pid, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return !is_running(pid); }));
}

void TestHome::kill_daemon_and_keeper() const {
  std::vector<ProcessInfo> both = daemons();
  for (auto& keeper : keepers()) both.push_back(std::move(keeper));
  for (const auto& process : both) ::kill(process.pid, SIGSTOP);
  for (const auto& process : both) ::kill(process.pid, SIGKILL);
  REQUIRE(wait_until([&] { return daemons().empty() && keepers().empty(); }));
}

std::string lodge_binary() {
  return LODGE_BINARY;
}

std::string line_source_binary() {
  return LINE_SOURCE_BINARY;
}

bool has_program(const std::string& name) {
  return run({"bash", "-c", "command -v " + name}).exit == 0;
}

nlohmann::json json_of(std::string_view text) try {
  return nlohmann::json::parse(text);
} catch (const nlohmann::json::exception& error) {
  FAIL("not JSON: ", error.what(), "\n", std::string(text));
  throw;
}

std::vector<nlohmann::json> json_lines(std::string_view text) {
  std::vector<nlohmann::json> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(json_of(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace support
