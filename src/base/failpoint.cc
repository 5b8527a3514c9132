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
#include <deque>
#include <string>

namespace base::failpoint {
namespace {

enum class Action { Kill, Short, Fail };

struct Rule {
  std::string op;
  std::string substring;
  Action action = Action::Fail;
  int error = 0;
  unsigned k = 1;
  bool onwards = false;
  std::atomic<unsigned> seen{0};
};

struct Rules {
  std::deque<Rule> rules;  // deque: Rule holds an atomic and can't move
  std::string trace;
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

constexpr std::array<std::string_view, 10> kOps = {
    "open",   "read",  "write",    "fsync", "rename",
    "unlink", "mkdir", "truncate", "link",  "*"};

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
  std::string_view count = right.substr(at + 1);
  if (count.ends_with('+')) {
    rule.onwards = true;
    count.remove_suffix(1);
  }
  const char* const count_end = count.data() + count.size();
  const auto [parsed_to, error] =
      std::from_chars(count.data(), count_end, rule.k);
  if (error != std::errc{} || parsed_to != count_end || rule.k == 0)
    return false;
  const std::string_view action = right.substr(0, at);
  if (action == "kill") {
    rule.action = Action::Kill;
    return true;
  }
  if (action == "short") {
    rule.action = Action::Short;
    return true;
  }
  for (const auto& known : kErrnos) {
    if (known.name != action) continue;
    rule.error = known.value;
    return true;
  }
  return false;
}

// The one place of ours with process-wide state: faults are a property of the
// process under test, set from outside before it starts.
Rules* load() {
  const char* text = std::getenv("LODGE_FAILPOINTS");
  if (text == nullptr || *text == '\0') return nullptr;
  auto* rules = new Rules;
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

void trace(const std::string& path, std::string_view op,
           std::string_view what) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  std::string line;
  line.append(op).append(" ").append(what).append("\n");
  (void)!::write(fd, line.data(), line.size());
  ::close(fd);
}

}  // namespace

bool enabled() {
  return rules() != nullptr;
}

Verdict consult(std::string_view op, std::string_view what) {
  Rules* const active = rules();
  if (active == nullptr) return {};
  if (!active->trace.empty()) trace(active->trace, op, what);
  Verdict verdict;
  for (auto& rule : active->rules) {
    if (rule.op != "*" && rule.op != op) continue;
    if (what.find(rule.substring) == what.npos) continue;
    const unsigned nth = rule.seen.fetch_add(1) + 1;
    const bool hit = rule.onwards ? nth >= rule.k : nth == rule.k;
    if (!hit) continue;
    if (rule.action == Action::Kill) ::kill(::getpid(), SIGKILL);
    if (rule.action == Action::Short) verdict.half = true;
    if (rule.action == Action::Fail) verdict.error = rule.error;
  }
  return verdict;
}

}  // namespace base::failpoint
