#include "support/chaos.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "support/lines/history.h"

namespace support {
namespace {}  // namespace

uint32_t wanted_seed() {
  const char* text = std::getenv("E2E_SEED");
  if (text != nullptr) return static_cast<uint32_t>(std::atoll(text));
  return std::random_device{}();
}

int rounds(int small) {
  const char* text = std::getenv("E2E_ROUNDS");
  return text != nullptr ? std::max(1, std::atoi(text)) : small;
}

Chaos::Chaos(const TestHome& home)
    : home_(home), seed_(wanted_seed()), random_(seed_) {}

void Chaos::begin(const RunOptions& options) const {
  REQUIRE(wait_until(
      [&] {
        return home_
                   .lodge({"start", "exec sleep 1000", "--name", "first",
                           "--no-wait"},
                          options)
                   .exit == 0;
      },
      60s));
}

void Chaos::start(const std::string& name,
                  std::vector<std::string> source_flags,
                  std::vector<std::string> app_flags) {
  std::vector<std::string> args = {"start", line_source_binary(), "--name",
                                   name,    "--min-uptime",       "50ms"};
  args.insert(args.end(), app_flags.begin(), app_flags.end());
  args.insert(args.end(), {"--", "--truth", home_.work().file(name + ".truth"),
                           "--name", name});
  args.insert(args.end(), source_flags.begin(), source_flags.end());
  names_.push_back(name);
  // Where the daemon dies by chance it may die of this.
  REQUIRE(insist(args));
}

uint64_t Chaos::handed(const std::string& name) const {
  const auto truth = TruthMap::open(home_.work().file(name + ".truth"));
  if (!truth) return 0;
  uint64_t lines = 0;
  for (uint64_t run = 0; run < (*truth)->runs; ++run)
    for (const auto& stream : (*truth)->run[run].streams)
      lines += stream.handed_lines;
  return lines;
}

bool Chaos::finished(const std::string& name) const {
  const auto truth = TruthMap::open(home_.work().file(name + ".truth"));
  if (!truth || (*truth)->runs == 0) return false;
  for (uint64_t run = 0; run < (*truth)->runs; ++run)
    if ((*truth)->run[run].finished == 0) return false;
  return true;
}

bool Chaos::all_finished() const {
  return std::ranges::all_of(
      names_, [&](const std::string& name) { return finished(name); });
}

bool Chaos::goes_on(const std::string& name, uint64_t lines) const {
  const uint64_t before = handed(name);
  return wait_until(
      [&] { return finished(name) || handed(name) >= before + lines; }, 30s);
}

void Chaos::pause(Millis least, Millis most) {
  std::uniform_int_distribution<int64_t> us(
      std::chrono::microseconds(least).count(),
      std::chrono::microseconds(most).count());
  std::this_thread::sleep_for(std::chrono::microseconds(us(random_)));
}

int Chaos::random_below(int most) {
  return std::uniform_int_distribution<int>(0, most - 1)(random_);
}

void Chaos::kill_daemon() const {
  pid_t pid = 0;
  REQUIRE(wait_until([&] { return (pid = home_.daemon_pid()) != 0; }, 20s));
  ::kill(pid, SIGKILL);
  REQUIRE(wait_until([&] { return !is_running(pid); }));
}

size_t Chaos::crashes() const {
  const std::string diary = slurp(home_.file("lodge.log"));
  constexpr std::string_view kEnded = "keeper: daemon ended (wait status 9)";
  size_t count = 0;
  for (size_t at = 0; (at = diary.find(kEnded, at)) != diary.npos; ++at)
    ++count;
  return count;
}

void Chaos::leave_safe_mode() const {
  MESSAGE("daemons killed before they served: leaving safe mode");
  home_.kill_daemon_and_keeper();
  begin({});
}

bool Chaos::insist(std::vector<std::string> args) const {
  Ran ran;
  const bool done = wait_until(
      [&] {
        ran = home_.lodge(args);
        if (ran.err.find("safe mode") != std::string::npos) leave_safe_mode();
        return ran.exit == 0;
      },
      60s);
  if (!done)
    MESSAGE("lodge ", command_line(args), ": exit ", ran.exit, ": ", ran.err);
  return done;
}

Report Chaos::stop_and_check(const Wanted& wanted) const {
  CHECK(insist({"stop", "all"}));
  LineChecker checker;
  for (const auto& name : names_) {
    checker.add_truth(home_.work().file(name + ".truth"));
    const int files = wanted.merged ? 1 : wanted.instances;
    for (const auto stream : {SourceStream::Out, SourceStream::Error})
      for (int instance = 0; instance < files; ++instance)
        for (const auto& path :
             history_of(home_.file("logs"), name, stream, instance))
          checker.add_place(file_place(path), {.stream = stream});
  }
  if (wanted.runs != 0) checker.expect_runs(wanted.runs);
  if (wanted.heads_may_be_gone) checker.forgive_heads();
  return checker.check();
}

std::string Chaos::words() const {
  return fmt::format("E2E_SEED={}", seed_);
}

}  // namespace support
