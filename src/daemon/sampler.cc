#include "daemon/sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <unordered_set>

#include "base/fs.h"
#include "supervisor/launch_plan.h"

namespace daemon_ {
namespace {

using supervisor::ProcessInfo;

// A process that is in no tree of ours hardly comes into one: it is looked at
// again this seldom.
constexpr unsigned kForeignEvery = 32;

int number_of(const char* name) {
  int pid = 0;
  const std::string_view text(name);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc{} && end == text.data() + text.size() ? pid : 0;
}

// As base::fs::read_file, without its allocations: there are hundreds.
std::optional<ProcessInfo> read_stat(int proc, const char* name) {
  char path[32];
  char text[1024];
  const size_t length = std::string_view(name).copy(path, sizeof path - 6);
  std::string_view("/stat").copy(path + length, 5);
  path[length + 5] = '\0';
  const int fd = ::openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const ssize_t n = ::read(fd, text, sizeof text);
  ::close(fd);
  if (n <= 0) return std::nullopt;
  return supervisor::parse_stat({text, static_cast<size_t>(n)});
}

}  // namespace

// All on the worker, one look at a time.
struct Sampler::Reader {
  TreeTally tally;
  unsigned looks = 0;
  int keeper = ::getppid();
  std::unordered_set<int> foreign;
  std::unordered_map<int, std::string> strays;  // children of the keeper

  std::map<int, TreeUsage> look(const std::vector<TreeRoot>& roots,
                                base::MonoTime now) {
    std::unordered_set<int> heads;
    for (const auto& root : roots) heads.insert(root.pid);
    std::vector<ProcessInfo> all;
    all.reserve(roots.size() * 2);
    std::unordered_set<int> still_foreign;
    std::unordered_map<int, std::string> tags;
    ++looks;
    DIR* const dir = ::opendir("/proc");
    if (dir == nullptr) return {};
    while (const dirent* entry = ::readdir(dir)) {
      const int pid = number_of(entry->d_name);
      if (pid <= 0) continue;
      const bool skipped =
          foreign.contains(pid) && !heads.contains(pid) &&
          (static_cast<unsigned>(pid) + looks) % kForeignEvery != 0;
      if (skipped) {
        still_foreign.insert(pid);
        continue;
      }
      auto info = read_stat(::dirfd(dir), entry->d_name);
      if (!info) continue;
      if (info->parent == keeper && !heads.contains(pid)) {
        const auto known = strays.find(pid);
        tags[pid] = known != strays.end() ? known->second
                                          : supervisor::read_variable(
                                                pid, supervisor::kTagVariable);
      }
      all.push_back(*info);
    }
    ::closedir(dir);
    strays = std::move(tags);
    auto usages = tally.take(all, roots, strays, now);
    for (const auto& process : all)
      if (!tally.is_member(process.pid) && process.parent != keeper)
        still_foreign.insert(process.pid);
    foreign = std::move(still_foreign);
    return usages;
  }
};

Sampler::Sampler(base::EventLoop& loop, const base::Clock& clock,
                 std::function<std::vector<TreeRoot>()> roots)
    : loop_(loop),
      clock_(clock),
      roots_(std::move(roots)),
      timer_(loop, [this] { look(); }),
      reader_(std::make_unique<Reader>()) {}

Sampler::~Sampler() = default;

void Sampler::begin() {
  timer_.start(kEvery, kEvery);
}

void Sampler::look() {
  if (looking_) return;
  auto roots = roots_();
  if (roots.empty()) {
    usages_.clear();
    return;
  }
  if (skipped_++ < (roots.size() - 1) / kTreesPerLook && !usages_.empty())
    return;
  skipped_ = 0;
  looking_ = true;
  worker_.submit([this, roots = std::move(roots)] {
    const auto now = clock_.mono();
    auto usages = reader_->look(roots, now);
    const auto kills = read_system_oom_kills();
    loop_.post([this, usages = std::move(usages), kills, now]() mutable {
      // One that has just ended is still asked for what it used.
      for (auto& [id, usage] : usages)
        if (const auto* before = of(id, usage.pid);
            usage.processes == 0 && before != nullptr)
          usage = *before;
      usages_ = std::move(usages);
      oom_.saw_system(kills, now);
      looking_ = false;
      for (const auto& hear : listeners_) hear();
    });
  });
}

const TreeUsage* Sampler::of(int id, int pid) const {
  const auto known = usages_.find(id);
  const bool is_it = known != usages_.end() && known->second.pid == pid &&
                     known->second.processes > 0;
  return is_it ? &known->second : nullptr;
}

void Sampler::started(int id, int pid) {
  worker_.submit([this, id, pid] {
    auto mark = read_oom_mark(pid);
    const auto kills = read_system_oom_kills();
    const auto now = clock_.mono();
    loop_.post([this, id, mark = std::move(mark), kills, now]() mutable {
      oom_.saw_system(kills, now);
      oom_.saw_mark(id, std::move(mark));
    });
  });
}

OomCounts Sampler::oom_counts(int id, int pid) {
  const auto mark = oom_.take_mark(id, pid);
  std::optional<uint64_t> in_cgroup;
  if (!mark.file.empty())
    if (auto text = base::fs::read_file(mark.file, 4096); text)
      in_cgroup = parse_oom_kills(*text);
  return oom_.counts(read_system_oom_kills(), in_cgroup, mark, clock_.mono());
}

}  // namespace daemon_
