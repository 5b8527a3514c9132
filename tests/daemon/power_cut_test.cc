// The power is cut while live files are written, sealed and flushed. Whatever
// that leaves, the next start makes whole lines of it: what was synced is
// there, nothing twice, and what may be missing is said.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "capture/rig.h"
#include "daemon/power_loss.h"
#include "rotate/recovery.h"
#include "store/events.h"
#include "store/times.h"
#include "support/power_cut.h"
#include "support/sanitized.h"

using namespace capture_test;
using Stamp = capture::SinkOptions::Stamp;
using Sync = capture::SinkOptions::Sync;

namespace {

constexpr base::Millis kSyncEvery{20};
const base::SystemClock kClock;

// "line 17 xxxx...\n"
std::string line(int i) {
  return "line " + std::to_string(i) + " " +
         std::string(20 + static_cast<size_t>(i % 7) * 5, 'x') + "\n";
}
constexpr int kAfter = 100'000;  // of the life after the cut

struct Outcome {
  std::vector<int> lines;  // whole ones, in the order of files
  std::vector<std::string> torn;
};

class Story {
 public:
  explicit Story(Sync sync, Stamp stamp = Stamp::Prefix)
      : stamp_(stamp),
        name_(stamp == Stamp::None ? "api-out.raw.log" : "api-out.log"),
        sync_(sync),
        rig_(std::make_unique<Rig>(kClock, kSyncEvery)) {
    rig_->options.sync = sync;
    rig_->options.stamp = stamp;
    trace_ = ::getenv("LODGE_POWER_CUT_TRACE");
    child_ = rig_->add(1, name_);
    dir_ = rig_->dir.path("");
    while (dir_.ends_with('/')) dir_.pop_back();
  }

  void write(int count) {
    for (int i = 0; i < count; ++i) put(child_, line(written_++));
    const std::string last = line(written_ - 1);
    REQUIRE(eventually([&] { return rig_->history(name_).ends_with(last); }));
  }
  void seal() {
    auto sealed = rig_->seal(
        {{{rig_->dir.path(name_), rig_->options, {.app = "api"}}, {}}});
    REQUIRE(sealed.size() == 1);
    REQUIRE(sealed[0].outcome == capture::Sealed::Outcome::Sealed);
    if (sync_ == Sync::Rotate) sure();
  }
  void seal_at(uint64_t size) {
    rig_->capture.set_max_sizes({{rig_->dir.path(name_), size}});
  }
  void flush() {
    const auto replaced = rig_->replace({rig_->dir.path(name_)});
    REQUIRE(replaced.size() == 1);
    REQUIRE_FALSE(replaced[0].error);
    flushed_ = written_;
  }
  // An interval went by: a cut now would change nothing.
  void wait_for_sync() {
    REQUIRE(eventually([&] {
      const auto now = without_marks(support::read_tree(dir_));
      size_t last = 0;
      std::set<support::Tree> left;
      const auto cuts = support::power_cuts(
          dir_, before_, support::read_tree(dir_), read_trace());
      for (const auto& cut : cuts) {
        if (cut.calls != last) left.clear();
        last = cut.calls;
        left.insert(without_marks(cut.tree));
      }
      return left.size() == 1 && left.contains(now);
    }));
    sure();
  }
  // What happens from now on alone is looked at.
  void begin_here() {
    before_ = support::read_tree(dir_);
    std::filesystem::resize_file(trace_, 0);
    sure_ = {{0, written_}};
  }

  void judge() {
    const std::string trace = read_trace();
    const auto cuts =
        support::power_cuts(dir_, before_, support::read_tree(dir_), trace);
    child_.reset();
    rig_.reset();
    // The same disk may be left by later cuts, which know more to be sure.
    std::map<support::Tree, size_t> trees;
    for (const auto& cut : cuts) trees[cut.tree] = cut.calls;
    CHECK(trees.size() > 5);
    size_t lost = 0;
    size_t number = 0;
    int failures = 0;
    const size_t stride = support::kSanitized ? 5 : 1;
    for (const auto& [tree, calls] : trees) {
      if (number++ % stride != 0) continue;
      const std::string wrong = after_cut(tree, calls, lost);
      if (wrong.empty()) continue;
      std::string files;
      for (const auto& [path, bytes] : tree)
        files += "\n  " + path + " " + std::to_string(bytes.size());
      FAIL_CHECK("cut after " << calls << ": " << wrong << files << "\n"
                              << last_calls(trace, calls));
      if (++failures == 3) break;
    }
    MESSAGE("cuts: ", cuts.size(), ", trees: ", trees.size(),
            ", of which lost lines: ", lost);
  }

 private:
  static support::Tree without_marks(support::Tree tree) {
    std::erase_if(tree, [](const auto& file) {
      return base::fs::base_name(file.first).starts_with('.');
    });
    return tree;
  }

  std::string read_trace() const {
    std::ifstream file(trace_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  // As the model counts them: of this directory.
  size_t calls() const {
    std::istringstream text(read_trace());
    size_t count = 0;
    for (std::string call; std::getline(text, call);)
      if (call.find(" " + dir_) != call.npos) ++count;
    return count;
  }
  std::string last_calls(const std::string& trace, size_t count) const {
    std::istringstream text(trace);
    std::vector<std::string> all;
    for (std::string call; std::getline(text, call);)
      if (call.find(" " + dir_) != call.npos) all.push_back(call);
    std::string last;
    for (size_t i = count > 12 ? count - 12 : 0; i < count; ++i)
      last += all[i] + "\n";
    return last;
  }
  void sure() { sure_.emplace_back(calls(), written_); }

  int sure_after(size_t count) const {
    int lines = 0;
    for (const auto& [at, sure] : sure_)
      if (at <= count) lines = sure;
    return lines;
  }

  void take(std::string_view file, Outcome& into) const {
    while (!file.empty()) {
      const auto newline = file.find('\n');
      const auto size = newline == file.npos ? file.size() : newline + 1;
      const auto whole = file.substr(0, size);
      file.remove_prefix(size);
      const auto text = stamp_ == Stamp::None
                            ? std::string(whole)
                            : std::string(store::parse_line(whole).text);
      int number = -1;
      if (text.starts_with("line ")) number = std::atoi(text.c_str() + 5);
      if (number >= 0 && text == line(number))
        into.lines.push_back(number);
      else
        into.torn.push_back(text);
    }
  }

  // Empty: all is as it should be.
  std::string after_cut(const support::Tree& tree, size_t calls,
                        size_t& lost) const {
    const TempDir home;
    const std::string logs = home.path("logs");
    support::write_tree(logs, tree);
    std::filesystem::create_directories(home.path("run"));
    std::ofstream(home.path("run/boot")) << "the boot before\n";
    store::Catalog catalog;
    auto& app = catalog.apps.emplace_back();
    app.name = "api";
    app.events_file = "api-events.log";
    app.instances = {{0, 0, name_, ""}};
    supervisor::AppList list;
    list.apps.resize(1);
    list.apps[0].spec.name = "api";
    list.apps[0].instances.resize(1);
    const base::Home place(home.path(""));
    // As the daemon begins.
    (void)rotate::recover_live(place.logs(), catalog);
    daemon_::look_for_power_loss(place, "this boot", list, catalog, kClock);
    if (contents(home.path("run/boot")) != "this boot\n") return "no mark";
    Recorder seen;
    size_t ended = 0;
    {
      capture::CaptureThread capture({kClock}, seen);
      auto pipe = base::fs::make_pipe();
      if (!pipe) return "no pipe";
      capture::SinkOptions options;
      options.stamp = stamp_;
      capture.add(Rig::info(1), std::move(pipe->read),
                  {base::fs::join(logs, name_), options, {.app = "api"}});
      put(pipe->write, line(kAfter));
      pipe->write.reset();
      if (!eventually([&] { return !seen.ended().empty(); })) return "hangs";
      capture.stop();
      ended = seen.lines().size();
    }
    for (const auto& problem : rotate::recover(logs, catalog).problems)
      return problem.message;

    Outcome found;
    auto segments = store::list_segments(logs, "api");
    if (!segments) return segments.error().message;
    for (const auto& segment : *segments) {
      const std::string text = contents(segment.path);
      if (text.empty()) return "an empty segment";
      if (!text.ends_with('\n')) return "an open segment";
      take(text, found);
      if (segment.raw)
        if (auto wrong = look_at_times(segment.path); !wrong.empty())
          return wrong;
    }
    take(contents(base::fs::join(logs, name_)), found);
    for (const auto& [path, bytes] : support::read_tree(logs)) {
      const std::string name = base::fs::base_name(path);
      if (base::fs::is_temporary(name)) return "left: " + path;
      if (name.ends_with(".log") && bytes.find('\0') != bytes.npos)
        return "zeros in " + path;
    }
    if (found.lines.empty() || found.lines.back() != kAfter)
      return "what is written now is not there";
    found.lines.pop_back();
    for (size_t i = 1; i < found.lines.size(); ++i)
      if (found.lines[i] <= found.lines[i - 1])
        return "doubled, or not in order: " + std::to_string(found.lines[i]);
    // A flush takes all that was there, or nothing.
    const bool may_be_flushed = flushed_ > 0;
    const auto has = [&](int i) {
      return std::ranges::binary_search(found.lines, i);
    };
    bool missing = false;
    for (int i = 0; i < written_; ++i) {
      if (has(i)) continue;
      missing = true;
      if (i >= sure_after(calls)) continue;
      if (!may_be_flushed || i >= flushed_)
        return "synced, and gone: " + std::to_string(i);
      if (has(0)) return "half flushed";
    }
    lost += missing ? 1 : 0;
    return look_at_events(home.path("logs"), found, ended);
  }

  // Half a line is told of, and so is that something may be missing.
  static std::string look_at_events(const std::string& logs,
                                    const Outcome& found, size_t ended) {
    const auto text = contents(base::fs::join(logs, "api-events.log"));
    size_t told = 0;
    bool may_be_missing = false;
    for (const auto& one : lines_of(text)) {
      auto event =
          store::parse_event(std::string_view(one).substr(0, one.size() - 1));
      if (!event) return "a damaged event";
      if (event->reason.find("ends early") != std::string::npos) ++told;
      may_be_missing = may_be_missing || event->reason.find("may be missing") !=
                                             std::string::npos;
    }
    if (!may_be_missing) return "not told that lines may be missing";
    if (found.torn.size() > told + ended)
      return "a torn line that nobody tells of: " + found.torn.front();
    return "";
  }

  static std::string look_at_times(const std::string& segment) {
    auto fd = base::fs::open(segment, O_RDONLY);
    if (!fd) return fd.error().message;
    auto info = base::fs::fstat(fd->get(), segment);
    auto times = store::TimesReader(segment, fd->get()).all();
    if (!info || !times) return "no times";
    std::optional<uint64_t> before;
    for (const auto& entry : *times) {
      if (before && entry.offset <= *before) return "times run backward";
      if (entry.offset >= static_cast<uint64_t>(info->st_size))
        return "times of nothing";
      before = entry.offset;
    }
    return "";
  }

  const Stamp stamp_;
  const std::string name_;
  const Sync sync_;
  std::unique_ptr<Rig> rig_;
  base::UniqueFd child_;
  std::string dir_;
  std::string trace_;
  support::Tree before_;
  int written_ = 0;
  int flushed_ = 0;                           // lines that were there then
  std::vector<std::pair<size_t, int>> sure_;  // after so many calls, so many
};

// In a process of its own, which is traced.
void apart(const std::function<void()>& work) {
  if (::getenv("LODGE_POWER_CUT_TRACE") != nullptr) return work();
  const auto* const test = doctest::getContextOptions()->currentTest;
  REQUIRE(std::string_view(test->m_name).find(',') == std::string_view::npos);
  const TempDir dir;
  const std::string trace = dir.path("trace");
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("LODGE_POWER_CUT_TRACE", trace.c_str(), 1);
    ::setenv("LODGE_FAILPOINTS", ("journal=EIO@1;trace=" + trace).c_str(), 1);
    const std::string name = std::string("-tc=") + test->m_name;
    ::execl("/proc/self/exe", "daemon_test", name.c_str(), "-m", nullptr);
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

void seal_and_seal(Story& story) {
  story.write(6);
  story.wait_for_sync();
  story.write(4);
  story.seal();
  story.write(5);
  story.seal();
  story.write(3);
  story.wait_for_sync();
  story.seal();
  story.write(2);
  story.wait_for_sync();
}

}  // namespace

TEST_CASE("power: what is sealed when asked is sure an interval later") {
  apart([] {
    Story story(Sync::Interval);
    seal_and_seal(story);
    story.judge();
  });
}

TEST_CASE("power: lines without stamps keep their times") {
  apart([] {
    Story story(Sync::Interval, Stamp::None);
    story.write(5);
    story.wait_for_sync();
    story.write(3);
    story.seal();
    story.write(4);
    story.wait_for_sync();
    story.judge();
  });
}

TEST_CASE("power: what is sealed by its size is sure an interval later") {
  apart([] {
    Story story(Sync::Interval);
    story.seal_at(300);
    story.write(12);
    story.wait_for_sync();
    story.write(9);
    story.wait_for_sync();
    story.judge();
  });
}

TEST_CASE("power: sync rotate: a segment is sure when it is one") {
  apart([] {
    for (const auto stamp : {Stamp::Prefix, Stamp::None}) {
      Story story(Sync::Rotate, stamp);
      story.write(6);
      story.seal();
      story.write(4);
      story.seal();
      story.write(3);
      story.judge();
    }
  });
}

TEST_CASE("power: sync none: nothing is sure and nothing there twice") {
  apart([] {
    Story story(Sync::None);
    story.write(6);
    story.seal();
    story.write(4);
    story.judge();
  });
}

TEST_CASE("power: a flush took all that was there or nothing") {
  apart([] {
    Story story(Sync::Interval);
    story.write(6);
    story.wait_for_sync();
    story.begin_here();
    story.flush();
    story.write(4);
    story.wait_for_sync();
    story.judge();
  });
}
