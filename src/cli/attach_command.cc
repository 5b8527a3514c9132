#include "cli/attach_command.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "base/eprint.h"
#include "base/fs.h"
#include "base/json.h"
#include "cli/app_commands.h"
#include "cli/commands.h"
#include "cli/logs_command.h"
#include "cli/report.h"

namespace cli {
namespace {

using base::Errc;

constexpr size_t kChunk = 4096;  // goes into a pipe whole or not at all
constexpr timespec kFullPause = {0, 20'000'000};  // until the next try

volatile sig_atomic_t g_left = 0;

// Signals come in here alone, so none falls between a look and a wait.
int wait_for(pollfd* input, const timespec* limit) {
  sigset_t none;
  ::sigemptyset(&none);
  return ::ppoll(input, input != nullptr ? 1 : 0, limit, &none);
}

// The app's terminal echoes what is typed; ours must not do it too.
class QuietTerminal {
 public:
  QuietTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

// Follows the output in a process of its own: it blocks on the log, this one
// on the keyboard.
pid_t follow(const Invocation& invocation, const std::string& target) {
  LogsArgs args;
  args.command = "attach";
  args.targets = {target};
  args.follow = true;
  args.raw = true;
  args.since = "@" + [&] {
    const auto now = base::SystemClock().now().us;
    return fmt::format("{}.{:06}", now / 1'000'000, now % 1'000'000);
  }();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(0);
  ::_exit(run_logs(invocation.home, args));
}

// All of it, as fast as the app reads. An exit code when that can't go on.
std::optional<int> send_all(const Invocation& invocation,
                            const control::Selection& to,
                            std::string_view bytes) {
  while (!bytes.empty() && g_left == 0) {
    const auto chunk = bytes.substr(0, kChunk);
    auto reply = ask_for<control::InputReply>(
        invocation, control::InputRequest{to, base::base64(chunk)});
    if (!reply) return reply.error();
    bytes.remove_prefix(std::min<size_t>(reply->bytes, chunk.size()));
    if (reply->bytes == 0) wait_for(nullptr, &kFullPause);
  }
  return std::nullopt;
}

// Until it is left, the follower ends, or nothing can be sent any more.
int pass_on(const Invocation& invocation, const control::Selection& to) {
  const bool typed = ::isatty(STDIN_FILENO) == 1;
  bool open = true;
  while (g_left == 0) {
    pollfd input{open ? STDIN_FILENO : -1, POLLIN, 0};
    if (wait_for(&input, nullptr) <= 0) continue;  // a signal
    char chunk[kChunk];
    auto n = base::fs::read(STDIN_FILENO, chunk, "stdin");
    if (!n || *n == 0) {
      if (typed) return kDone;
      open = false;
      continue;
    }
    if (const auto exit = send_all(invocation, to, {chunk, *n})) return *exit;
  }
  return kDone;
}

void watch_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { g_left = 1; };
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
    ::sigaddset(&watched, number);
    ::sigaction(number, &action, nullptr);
  }
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
}

}  // namespace

int run_attach(const Invocation& invocation) {
  auto list = ask_for<control::ListReply>(
      invocation, control::ListRequest{.selection = selection_of(invocation)});
  if (!list) return list.error();
  if (list->instances.size() != 1)
    return report(invocation,
                  {Errc::Invalid, 0,
                   invocation.args.words.front() + ": one instance at a time",
                   "lodge list shows their ids"},
                  kUsage);
  const auto& row = list->instances.front();
  if (row.pid == 0)
    return report(invocation,
                  {Errc::NotFound, 0, row.app + ": it is not running",
                   "lodge start " + row.app},
                  kFailed);
  const bool has_terminal =
      std::ranges::any_of(row.settings, [](const control::Setting& setting) {
        return setting.key == "log.pty" && setting.value == "true";
      });
  const auto target = fmt::format("id:{}", row.id);
  if (!invocation.silent)
    base::eprint("lodge: attach: {} (id {}) · Ctrl-C detaches\n", row.app,
                 row.id);
  watch_signals();
  const pid_t follower = follow(invocation, target);
  if (follower < 0)
    return report(invocation, base::fs::errno_error(errno, "fork", ""),
                  kFailed);
  int exit = kDone;
  {
    std::optional<QuietTerminal> quiet;
    if (has_terminal) quiet.emplace();
    exit = pass_on(invocation, {.targets = {target}, .exclude = {}});
  }
  ::kill(follower, SIGTERM);
  int status = 0;
  ::waitpid(follower, &status, 0);
  // One that could not follow has said why.
  if (exit == kDone && WIFEXITED(status)) exit = WEXITSTATUS(status);
  return exit;
}

}  // namespace cli
