#include "supervisor/watched_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fs.h"

namespace supervisor {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// Directories of one app: each takes a watch of the kernel, of which a user
// has some thousands, and a kilobyte.
constexpr size_t kMostDirs = 16'384;
constexpr int kDeepest = 64;
// Who writes without a pause is told of all the same.
constexpr milliseconds kLongestQuiet{2000};

bool is_in(const std::string& path, const std::string& dir) {
  return path.starts_with(dir) &&
         (path.size() == dir.size() || dir.ends_with('/') ||
          path[dir.size()] == '/');
}

// The directory before the first name with characters of a glob.
std::string fixed_part(const std::string& glob) {
  const auto first = glob.find_first_of("*?[{");
  const auto slash = glob.rfind('/', first);
  return slash == 0 || slash == glob.npos ? "/" : glob.substr(0, slash);
}

}  // namespace

WatchScope::WatchScope(const WatchOrder& order)
    : cwd_(order.cwd), own_(order.own), rules_(order.ignore, order.cwd) {
  for (const auto& path : order.paths) {
    if (is_glob(path) && !base::fs::exists(path))
      roots_.push_back({fixed_part(path), path});
    else
      roots_.push_back({path, {}});
  }
}

bool WatchScope::is_own(const std::string& path) const {
  return std::ranges::any_of(own_, [&](const auto& own) {
    return own.ends_with('/') ? path.starts_with(own) : path == own;
  });
}

// The root itself was asked for, whatever it is called: what is ignored begins
// below it.
bool WatchScope::ignores(const std::string& path, const Root& root) const {
  if (path == root.path) return false;
  const std::string& base = is_in(root.path, cwd_) ? cwd_ : root.path;
  if (!is_in(path, base)) return true;
  std::string_view below = path;
  // Of a root below the app's directory the names down to it don't count, but
  // patterns of paths are meant from the app's directory.
  below.remove_prefix(
      std::min(base.size() + (base.ends_with('/') ? 0 : 1), below.size()));
  if (root.path == base) return rules_.ignores(below);
  std::string_view inner = std::string_view(path).substr(
      std::min(root.path.size() + 1, path.size()));
  return rules_.ignores(inner) || rules_.ignores_path(below);
}

bool WatchScope::enters(const std::string& dir, const Root& root) const {
  return !ignores(dir, root) && !is_own(dir + "/");
}

bool WatchScope::counts(const std::string& path, const Root& root) const {
  if (ignores(path, root) || is_own(path)) return false;
  return root.glob.empty() || matches_glob(root.glob, path);
}

std::string WatchScope::name_of(const std::string& path) const {
  if (!is_in(path, cwd_) || path.size() <= cwd_.size() + 1) return path;
  return path.substr(cwd_.ends_with('/') ? cwd_.size() : cwd_.size() + 1);
}

WatchedTree::WatchedTree(base::EventLoop& loop, WatchOrder order, Tell changed,
                         Tell failed)
    : loop_(loop),
      order_(std::move(order)),
      scope_(order_),
      changed_(std::move(changed)),
      failed_(std::move(failed)),
      quiet_(loop,
             [this] { changed_(scope_.name_of(std::exchange(first_, {}))); }),
      poll_timer_(loop, [this] { poll(); }) {
  if (order_.polling) {
    poll();
    poll_timer_.start(order_.interval, order_.interval);
    return;
  }
  for (const auto& root : scope_.roots()) begin(root);
}

void WatchedTree::begin(const WatchScope::Root& root) {
  const auto info = base::fs::stat(root.path);
  if (!info)
    return tell_failure(
        fmt::format("{}; is it spelt right?", info.error().message));
  if (S_ISDIR(info->st_mode)) {
    walk(root.path, root, 0, {});
    return;
  }
  // A file that is replaced is another one of that name: its directory tells.
  const std::string dir = base::fs::dir_name(root.path);
  auto watch = base::DirWatch::open(
      loop_, dir, [this, path = root.path](std::string_view name) {
        if (name == base::fs::base_name(path)) touched(path);
      });
  if (!watch) return tell_failure(watch.error().message);
  dirs_.insert_or_assign(root.path, std::move(*watch));
}

bool WatchedTree::add(const std::string& dir, const WatchScope::Root& root,
                      int depth) {
  if (dirs_.contains(dir)) return true;
  if (dirs_.size() >= kMostDirs) {
    tell_failure(fmt::format(
        "more than {} directories; those beyond are not watched. Name fewer in "
        "watch, or more in ignore_watch",
        kMostDirs));
    return false;
  }
  auto watch = base::DirWatch::open(
      loop_, dir, [this, dir, root, depth](std::string_view name) {
        on_change(dir, root, depth, name);
      });
  if (!watch) {
    // It may have gone meanwhile; then nobody misses it.
    if (base::fs::exists(dir))
      tell_failure(fmt::format(
          "{}; the machine's limit is fs.inotify.max_user_watches, and "
          "watch_options.usePolling does without",
          watch.error().message));
    return !base::fs::exists(dir);
  }
  dirs_.emplace(dir, std::move(*watch));
  return true;
}

void WatchedTree::walk(const std::string& dir, const WatchScope::Root& root,
                       int depth, const Found& file) {
  if (depth == 0) seen_.clear();
  // The watch first, then the look: what comes between is seen twice, not
  // never.
  if (!order_.polling && !add(dir, root, depth)) return;
  auto names = base::fs::list_dir(dir);
  if (!names) return;
  for (const auto& name : *names) {
    const std::string path = base::fs::join(dir, name);
    auto info =
        order_.follow_links ? base::fs::stat(path) : base::fs::link_stat(path);
    if (!info) continue;
    if (!S_ISDIR(info->st_mode)) {
      if (file && scope_.counts(path, root)) file(path, *info);
      continue;
    }
    const bool deeper = depth < kDeepest &&
                        (order_.depth < 0 || depth < order_.depth) &&
                        scope_.enters(path, root);
    // A link may lead round in a circle.
    if (deeper && seen_.emplace(info->st_dev, info->st_ino).second)
      walk(path, root, depth + 1, file);
  }
}

void WatchedTree::on_change(const std::string& dir,
                            const WatchScope::Root& root, int depth,
                            std::string_view name) {
  if (name.empty()) {
    // Itself, or news was lost: directories may be new.
    if (base::fs::exists(dir))
      walk(dir, root, depth, {});
    else
      dirs_.erase(std::string(dir));
    return;
  }
  const std::string path = base::fs::join(dir, name);
  const auto info = base::fs::link_stat(path);
  if (!info) {
    // A file that is gone, or a directory of which the files have told already.
    if (dirs_.erase(path) == 0 && scope_.counts(path, root)) touched(path);
    return;
  }
  if (!S_ISDIR(info->st_mode)) {
    if (scope_.counts(path, root)) touched(path);
    return;
  }
  const bool deeper = order_.depth < 0 || depth < order_.depth;
  if (dirs_.contains(path) || !deeper || !scope_.enters(path, root)) return;
  // A new directory: what is in it by now counts, itself it does not.
  seen_.clear();
  walk(path, root, depth + 1,
       [this](const std::string& file, const auto&) { touched(file); });
}

void WatchedTree::poll() {
  std::map<std::string, Stamp> now;
  const auto note = [&](const std::string& path, const struct ::stat& info) {
    now[path] = {info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                 info.st_size, info.st_ino};
  };
  for (const auto& root : scope_.roots()) {
    const auto info = base::fs::stat(root.path);
    if (!info) continue;
    if (S_ISDIR(info->st_mode))
      walk(root.path, root, 0, note);
    else
      note(root.path, *info);
  }
  if (std::exchange(polled_, true)) {
    for (const auto& [path, stamp] : now) {
      const auto before = files_.find(path);
      if (before == files_.end() || before->second != stamp) touched(path);
    }
    for (const auto& [path, stamp] : files_)
      if (!now.contains(path)) touched(path);
  }
  files_ = std::move(now);
}

void WatchedTree::touched(const std::string& path) {
  const auto now = Steady::now();
  if (first_.empty()) {
    first_ = path;
    latest_ = now + std::max(kLongestQuiet, order_.delay);
  }
  const auto left = std::chrono::ceil<milliseconds>(latest_ - now);
  quiet_.start(std::clamp(order_.delay, milliseconds{0},
                          std::max(left, milliseconds{0})));
}

// Once: of thousands of directories each would say the same.
void WatchedTree::tell_failure(std::string why) {
  if (!std::exchange(failed_once_, true)) failed_(why);
}

}  // namespace supervisor
