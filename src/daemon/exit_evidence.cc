#include "daemon/exit_evidence.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "base/fs.h"

namespace daemon_ {
namespace {

constexpr size_t kMostWords = size_t{16} << 10;
constexpr int kAborted = 128 + SIGABRT;  // as a shell tells of it

// Signals that a program's own doing brings.
bool is_own_fault(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGPIPE:
    case SIGALRM:
    case SIGXCPU:
    case SIGXFSZ:
      return true;
    default:
      return false;
  }
}

std::string grew(std::string_view what, uint64_t by) {
  return fmt::format("{} rose by {}", what, by);
}

}  // namespace

bool is_from_outside(const supervisor::Happening& ended) {
  return ended_by(ended) == "outside";
}

std::string_view ended_by(const supervisor::Happening& ended) {
  const auto& ending = ended.ending;
  if (!ending.started || !ending.known) return {};
  if (ended.told) return ending.signal == SIGKILL ? "kill_timeout" : "asked";
  if (ending.signal == 0 || is_own_fault(ending.signal)) return "itself";
  return "outside";
}

void add_kernel_evidence(const OomCounts& counts, store::Event& exit) {
  if (counts.cgroup && *counts.cgroup > 0) {
    // A cgroup that others live in may have lost one of those.
    exit.oom = counts.own ? "certain" : "likely";
    exit.evidence = grew(counts.own ? "oom_kill of its cgroup"
                                    : "oom_kill of the cgroup it shares",
                         *counts.cgroup);
    return;
  }
  if (counts.system && *counts.system > 0) {
    exit.oom = "likely";
    exit.evidence =
        grew("the kernel's count of out-of-memory kills", *counts.system) +
        " around then";
    return;
  }
  if (!counts.cgroup && !counts.system) return;
  exit.oom = "no";
  exit.evidence = "the kernel killed nothing for want of memory";
}

bool wants_last_words(const store::Event& exit) {
  if (exit.ended_by != "itself") return false;
  return exit.signal ? *exit.signal == SIGABRT : exit.code.value_or(0) != 0;
}

void add_last_words(std::string_view text, store::Event& exit) {
  if (!wants_last_words(exit)) return;
  const auto says = [&](std::string_view words) {
    return text.find(words) != text.npos;
  };
  const bool aborted = exit.signal || exit.code == kAborted;
  if (aborted &&
      (says("JavaScript heap out of memory") || says("Reached heap limit"))) {
    exit.oom = "certain";
    exit.evidence = "node: JavaScript heap out of memory";
    return;
  }
  if (says("runtime: out of memory") || says("fatal error: out of memory")) {
    exit.oom = "certain";
    exit.evidence = "go: out of memory";
    return;
  }
  if (says("java.lang.OutOfMemoryError")) {
    exit.oom = "likely";
    exit.evidence = "java: OutOfMemoryError";
    return;
  }
  // The last line of a traceback: elsewhere it may have been dealt with.
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto last = text.substr(text.rfind('\n') + 1);
  const auto error = last.find("MemoryError");
  if (error != last.npos && (error == 0 || last[error - 1] == ' ')) {
    exit.oom = "certain";
    exit.evidence = "python: MemoryError";
  }
}

std::string read_end(const std::string& path) {
  auto fd = base::fs::open(path, O_RDONLY);
  if (!fd) return {};
  auto info = base::fs::fstat(fd->get(), path);
  if (!info || !S_ISREG(info->st_mode)) return {};
  const auto size = static_cast<uint64_t>(info->st_size);
  std::string text(std::min<uint64_t>(size, kMostWords), '\0');
  auto got = base::fs::pread(fd->get(), text, size - text.size(), path);
  if (!got) return {};
  text.resize(*got);
  return text;
}

}  // namespace daemon_
