#include "notify/hook.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/fs.h"

namespace notify {
namespace {

using base::Errc;
using std::chrono::milliseconds;

// What a program needs to run, and to find its way through a proxy.
bool is_plain(std::string_view entry) {
  constexpr std::string_view kPlain[] = {
      "PATH=",       "HOME=",        "USER=",        "LOGNAME=",
      "LANG=",       "LC_",          "TZ=",          "TMPDIR=",
      "SHELL=",      "http_proxy=",  "https_proxy=", "no_proxy=",
      "HTTP_PROXY=", "HTTPS_PROXY=", "NO_PROXY=",    "SSL_CERT_"};
  return std::ranges::any_of(
      kPlain, [&](std::string_view name) { return entry.starts_with(name); });
}

base::Result<unsigned> account_number(const std::string& text) {
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return base::fail(Errc::Invalid, text);
}

base::Status set_user(const Rule& rule, HookProgram& program) {
  if (rule.uid.empty() && rule.gid.empty()) return {};
  program.uid = ::geteuid();
  program.gid = ::getegid();
  const passwd* user = nullptr;
  if (!rule.uid.empty()) {
    const auto number = account_number(rule.uid);
    user = number ? ::getpwuid(*number) : ::getpwnam(rule.uid.c_str());
    if (user == nullptr && !number)
      return base::fail(Errc::NotFound, rule.uid + ": no such user");
    program.uid = number ? *number : user->pw_uid;
    if (user != nullptr) program.gid = user->pw_gid;
  }
  if (!rule.gid.empty()) {
    const auto number = account_number(rule.gid);
    const group* named = number ? nullptr : ::getgrnam(rule.gid.c_str());
    if (named == nullptr && !number)
      return base::fail(Errc::NotFound, rule.gid + ": no such group");
    program.gid = number ? *number : named->gr_gid;
  }
  program.switch_user =
      program.uid != ::geteuid() || program.gid != ::getegid();
  program.groups = {program.gid};
  if (user == nullptr) return {};
  int count = 64;
  program.groups.resize(static_cast<size_t>(count));
  if (::getgrouplist(user->pw_name, program.gid, program.groups.data(),
                     &count) < 0)
    count = 64;
  program.groups.resize(static_cast<size_t>(std::clamp(count, 1, 64)));
  return {};
}

// In the child; never returns.
[[noreturn]] void become(const HookProgram& program, char* const* argv,
                         char* const* env, const char* path, int in, int out) {
  const auto fail = [&](std::string_view what) {
    (void)!::write(2, what.data(), what.size());
    const char* why = ::strerror(errno);
    (void)!::write(2, why, ::strlen(why));
    ::_exit(127);
  };
  ::setsid();
  // It goes when we do, however we go.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
  if (program.switch_user) {
    if (::setgroups(program.groups.size(), program.groups.data()) != 0 ||
        ::setgid(program.gid) != 0 || ::setuid(program.uid) != 0)
      fail("could not become its user: ");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // another user has none
  }
  if (!program.cwd.empty() && ::chdir(program.cwd.c_str()) != 0)
    fail(program.cwd + ": ");
  ::execve(path, argv, env);
  fail(std::string(path) + ": ");
  ::_exit(127);
}

std::vector<char*> words(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.data()));
  all.push_back(nullptr);
  return all;
}

std::string path_of(const HookProgram& program) {
  const auto& name = program.argv.front();
  if (name.find('/') != name.npos) return name;
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& entry : program.env)
    if (entry.starts_with("PATH=")) path = std::string_view(entry).substr(5);
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    std::string full = base::fs::join(std::string(path.substr(0, end)), name);
    if (::access(full.c_str(), X_OK) == 0) return full;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return name;
}

std::string first_line(std::string_view text) {
  const auto begin = text.find_first_not_of("\r\n \t");
  if (begin == text.npos) return {};
  text.remove_prefix(begin);
  return std::string(text.substr(0, std::min(text.find('\n'), size_t{200})));
}

}  // namespace

base::Result<HookProgram> plan_hook(const Rule& rule, const Message& message,
                                    const std::vector<std::string>& own_env) {
  HookProgram program;
  const bool apps_own = !rule.app.empty() && rule.what.webhook.empty();
  if (apps_own) {
    for (const auto& [key, value] : rule.env)
      program.env.push_back(key + "=" + value);
    program.cwd = rule.cwd;
    if (auto user = set_user(rule, program); !user)
      return base::fail(std::move(user.error()));
  } else {
    std::ranges::copy_if(own_env, std::back_inserter(program.env), is_plain);
    program.cwd.assign(1, '/');  // GCC 12 takes offence at = "/"
  }
  std::ranges::move(message_env(rule, message),
                    std::back_inserter(program.env));
  if (!rule.what.webhook.empty()) {
    // By its environment: arguments are for all to see, and it may be secret.
    program.argv = {"/proc/self/exe", "notifier", "--post"};
    program.env.push_back("LODGE_WEBHOOK=" + rule.what.webhook);
  } else if (rule.what.shell) {
    program.argv = {"/bin/sh", "-c", rule.what.exec.front()};
  } else {
    program.argv = rule.what.exec;
  }
  return program;
}

Hook::Hook(base::EventLoop& loop, const HookProgram& program,
           const std::string& message, milliseconds limit,
           std::function<void(HookResult)> done)
    : loop_(loop),
      limit_(limit),
      done_(std::move(done)),
      timer_(loop, [this] { on_limit(); }) {
  auto begun = begin(program, message);
  if (begun) {
    timer_.start(limit_);
    return;
  }
  loop_.post(
      [this, alive = std::weak_ptr<int>(alive_), why = begun.error().message] {
        if (alive.expired()) return;
        HookResult result;
        result.words = why;
        finish(std::move(result));
      });
}

Hook::~Hook() {
  end();
}

base::Status Hook::begin(const HookProgram& program,
                         const std::string& message) {
  base::UniqueFd in(::memfd_create("lodge-notify", MFD_CLOEXEC));
  if (!in) return base::fail(base::fs::errno_error(errno, "make", "message"));
  if (auto put = base::fs::write_all(in.get(), message, "message"); !put)
    return put;
  ::lseek(in.get(), 0, SEEK_SET);
  auto pipe = base::fs::make_pipe();
  if (!pipe) return base::fail(std::move(pipe.error()));
  if (auto set = base::fs::set_nonblocking(pipe->read.get(), true); !set)
    return set;
  const auto path = path_of(program);
  auto argv = words(program.argv);
  auto env = words(program.env);
  const pid_t pid = ::fork();
  if (pid < 0) return base::fail(base::fs::errno_error(errno, "fork", path));
  if (pid == 0)
    become(program, argv.data(), env.data(), path.c_str(), in.get(),
           pipe->write.get());
  pid_ = pid;
  pidfd_ = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd_) return base::fail(base::fs::errno_error(errno, "watch", path));
  pipe_ = std::move(pipe->read);
  exit_watch_ = std::make_unique<base::FdWatch>(loop_, pidfd_.get(),
                                                [this](int) { on_exit(); });
  exit_watch_->want(base::FdWatch::Readable);
  output_watch_ = std::make_unique<base::FdWatch>(loop_, pipe_.get(),
                                                  [this](int) { on_output(); });
  output_watch_->want(base::FdWatch::Readable);
  return {};
}

// Read on though it is too much: a full pipe would stop the hook.
void Hook::on_output() {
  char chunk[4096];
  for (int reads = 0; reads < 16; ++reads) {
    auto n = base::fs::read(pipe_.get(), chunk, "hook");
    if (!n && n.error().code == Errc::WouldBlock) return;
    if (!n || *n == 0) return output_watch_.reset();
    output_.append(chunk, std::min(*n, kMostOutput - output_.size()));
  }
}

void Hook::on_limit() {
  over_limit_ = true;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
}

void Hook::on_exit() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  ::kill(-pid_, SIGKILL);  // what it left in its group
  pid_ = 0;
  if (output_watch_) on_output();
  HookResult result;
  if (over_limit_)
    result.words =
        fmt::format("not done after {} s; killed", limit_.count() / 1000);
  else if (WIFSIGNALED(status))
    result.words = fmt::format("killed by signal {}", WTERMSIG(status));
  if (WIFEXITED(status) && !over_limit_) {
    result.code = WEXITSTATUS(status);
    result.ok = result.code == 0;
    result.words = fmt::format("exit code {}", result.code);
  }
  if (const auto line = first_line(output_); !line.empty())
    result.words += ": " + line;
  finish(std::move(result));
}

void Hook::finish(HookResult result) {
  result.took =
      std::chrono::duration_cast<milliseconds>(clock_.mono() - began_);
  result.output = std::move(output_);
  end();
  const auto done = std::move(done_);
  done(std::move(result));
}

void Hook::end() {
  timer_.stop();
  exit_watch_.reset();
  output_watch_.reset();
  pidfd_.reset();
  pipe_.reset();
  if (pid_ == 0) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace notify
