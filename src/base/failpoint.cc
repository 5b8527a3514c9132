#include "base/failpoint.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <string>

namespace base::failpoint {
namespace {

enum class Action { Kill, Short, Fail, Hang, Sleep };

struct Rule {
  std::string op;
  std::string substring;
  Action action = Action::Fail;
  int error = 0;
  unsigned sleep_ms = 0;
  unsigned k = 1;
  bool onwards = false;
  unsigned one_in = 0;  // 0 = counted, not by chance
  std::atomic<unsigned> seen{0};
};

struct Rules {
  std::deque<Rule> rules;  // deque: Rule holds an atomic and can't move
  std::string trace;
  std::string release;
  std::atomic<uint64_t> chance{0};  // a splitmix64 state
};

struct NamedErrno {
  std::string_view name;
  int value;
};
constexpr std::array kErrnos = {
    NamedErrno{"ENOSPC", ENOSPC}, NamedErrno{"EIO", EIO},
    NamedErrno{"EINTR", EINTR},   NamedErrno{"EACCES", EACCES},
    NamedErrno{"EMFILE", EMFILE}, NamedErrno{"ENFILE", ENFILE},
    NamedErrno{"EROFS", EROFS},   NamedErrno{"EDQUOT", EDQUOT},
    NamedErrno{"EFBIG", EFBIG},   NamedErrno{"EAGAIN", EAGAIN},
    NamedErrno{"ENOENT", ENOENT}, NamedErrno{"EINVAL", EINVAL},
    NamedErrno{"ENOSYS", ENOSYS}, NamedErrno{"EPERM", EPERM},
};

constexpr std::array<std::string_view, 12> kOps = {
    "open",  "read",     "write", "fsync",   "rename",  "unlink",
    "mkdir", "truncate", "link",  "reserve", "journal", "*"};

bool parse_number(std::string_view text, unsigned& into) {
  const char* const end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && parsed_to == end;
}

bool parse_when(std::string_view text, Rule& rule) {
  if (text.starts_with("1/"))
    return parse_number(text.substr(2), rule.one_in) && rule.one_in != 0;
  if (text.ends_with('+')) {
    rule.onwards = true;
    text.remove_suffix(1);
  }
  return parse_number(text, rule.k) && rule.k != 0;
}

bool parse_action(std::string_view text, Rule& rule) {
  if (text == "kill") {
    rule.action = Action::Kill;
    return true;
  }
  if (text == "short") {
    rule.action = Action::Short;
    return true;
  }
  if (text == "hang") {
    rule.action = Action::Hang;
    return true;
  }
  if (text.starts_with("sleep:")) {
    rule.action = Action::Sleep;
    return parse_number(text.substr(6), rule.sleep_ms);
  }
  for (const auto& known : kErrnos) {
    if (known.name != text) continue;
    rule.error = known.value;
    return true;
  }
  return false;
}

// A rule that could never fire would make its test pass for nothing: every
// part is checked.
bool parse_rule(std::string_view text, Rules& into) {
  const auto equals = text.find('=');
  if (equals == text.npos) return false;
  std::string_view left = text.substr(0, equals);
  std::string_view right = text.substr(equals + 1);
  if (left == "trace") {
    into.trace = right;
    return true;
  }
  const auto at = right.rfind('@');
  if (at == right.npos) return false;
  Rule& rule = into.rules.emplace_back();
  const auto tilde = left.find('~');
  rule.op = left.substr(0, tilde);
  if (tilde != left.npos) rule.substring = left.substr(tilde + 1);
  if (std::ranges::find(kOps, rule.op) == kOps.end()) return false;
  if (!parse_when(right.substr(at + 1), rule)) return false;
  if (!parse_action(right.substr(0, at), rule)) return false;
  // What nobody can release hangs for good, and the test with it.
  return rule.action != Action::Hang || !into.release.empty();
}

// The one place of ours with process-wide state: faults are a property of the
// process under test, set from outside before it starts.
Rules* load() {
  const char* text = std::getenv("LODGE_FAILPOINTS");
  if (text == nullptr || *text == '\0') return nullptr;
  auto* rules = new Rules;
  if (const char* release = std::getenv("LODGE_FAILPOINT_RELEASE"))
    rules->release = release;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  rules->chance = static_cast<uint64_t>(::getpid()) << 32 ^
                  static_cast<uint64_t>(now.tv_sec) * 1'000'000'000ull ^
                  static_cast<uint64_t>(now.tv_nsec);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find(';');
    const auto one = rest.substr(0, end);
    if (!one.empty() && !parse_rule(one, *rules)) {
      constexpr std::string_view kBad = "lodge: LODGE_FAILPOINTS: bad rule\n";
      (void)!::write(2, kBad.data(), kBad.size());
      std::abort();
    }
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  return rules;
}

Rules* rules() {
  static Rules* const loaded = load();
  return loaded;
}

void trace(const std::string& path, std::string_view op, std::string_view what,
           std::string_view from) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  std::string line;
  line.append(op).append(" ").append(what);
  if (!from.empty()) line.append("\t").append(from);
  line.append("\n");
  (void)!::write(fd, line.data(), line.size());
  ::close(fd);
}

// splitmix64: any number of threads may draw, each gets a number of its own.
bool by_chance(std::atomic<uint64_t>& state, unsigned one_in) {
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;
  uint64_t x = state.fetch_add(kStep, std::memory_order_relaxed) + kStep;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return (x ^ (x >> 31)) % one_in == 0;
}

bool is_hit(Rules& rules, Rule& rule) {
  if (rule.one_in != 0) return by_chance(rules.chance, rule.one_in);
  const unsigned nth = rule.seen.fetch_add(1) + 1;
  return rule.onwards ? nth >= rule.k : nth == rule.k;
}

void sleep_for(unsigned ms) {
  timespec left{static_cast<time_t>(ms / 1000),
                static_cast<long>(ms % 1000) * 1'000'000};
  while (::nanosleep(&left, &left) < 0 && errno == EINTR) {
  }
}

void hang_until(const std::string& release) {
  while (::access(release.c_str(), F_OK) != 0) sleep_for(5);
}

}  // namespace

namespace detail {

std::atomic<bool> known_off{false};

bool has_rules() {
  if (rules() != nullptr) return true;
  known_off.store(true, std::memory_order_relaxed);
  return false;
}

Verdict judge(std::string_view op, std::string_view what,
              std::string_view from) {
  Rules* const active = rules();
  if (!active->trace.empty()) trace(active->trace, op, what, from);
  Verdict verdict;
  for (auto& rule : active->rules) {
    if (rule.op != "*" && rule.op != op) continue;
    if (what.find(rule.substring) == what.npos) continue;
    if (!is_hit(*active, rule)) continue;
    switch (rule.action) {
      case Action::Kill:
        ::kill(::getpid(), SIGKILL);
        break;
      case Action::Short:
        verdict.half = true;
        break;
      case Action::Fail:
        verdict.error = rule.error;
        break;
      case Action::Hang:
        hang_until(active->release);
        break;
      case Action::Sleep:
        sleep_for(rule.sleep_ms);
        break;
    }
  }
  return verdict;
}

}  // namespace detail
}  // namespace base::failpoint
