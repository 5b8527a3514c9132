#include "rotate/durability_rig.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fs.h"
#include "rotate/recovery.h"
#include "rotate/stocked.h"
#include "store/archive_reader.h"
#include "store/segments.h"
#include "store/times.h"
#include "support/power_cut.h"
#include "support/sanitized.h"
#include "support/temp_dir.h"

namespace rotate_test {
namespace {

// No call of base/fs in the playing process: its children would inherit that
// there are no failpoints.
namespace fs = base::fs;

constexpr unsigned kMostSteps = 500;
// For the trace alone.
constexpr const char* kNoFault = "journal=EIO@1";
// A sanitizer makes each life many times as long.
constexpr unsigned kStride = support::kSanitized ? 7 : 1;

struct Shared {
  char failure[4096];
};

class Rig {
 public:
  explicit Rig(const DurabilityStory& story) : story_(story) {
    void* const at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    shared_ = static_cast<Shared*>(at);
    // In memory, where there is such a place: syncing is what is counted here,
    // not what it costs.
    base_ = support::in_memory();
    base_ += "/lodge-durable-XXXXXX";
    REQUIRE(::mkdtemp(base_.data()) != nullptr);
  }
  ~Rig() {
    std::filesystem::remove_all(base_);
    ::munmap(shared_, sizeof(Shared));
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void play() {
    for (const char* const action : {"ENOSPC", "EIO", "ENOSPC+", "EIO+"})
      for (unsigned k = 1; k < kMostSteps && is_going(); k += kStride)
        if (!fail_at(k, action)) break;
    lose_power_after();
    unsigned k = 1;
    for (; k < kMostSteps && is_going(); k += kStride)
      if (!kill_at(k)) break;
    CHECK(k > 5 / kStride);
    CHECK(k < kMostSteps);
    MESSAGE("steps: ", k - 1, ", runs: ", runs_, ", power cuts: ", cuts_);
  }

 private:
  bool is_going() const { return failures_ < 3; }
  std::string dir() const { return base_ + "/logs"; }
  std::string trace() const { return base_ + "/trace"; }

  // In a process of its own, with these failpoints. Its wait status.
  int in_child(const std::string& rules, const std::function<void()>& work) {
    std::filesystem::remove(trace());
    const pid_t child = ::fork();
    if (child == 0) {
      if (!rules.empty()) {
        const std::string all = rules + ";trace=" + trace();
        ::setenv("LODGE_FAILPOINTS", all.c_str(), 1);
      }
      try {
        work();
      } catch (const std::exception& error) {
        complain(error.what());
      }
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
  }

  // In a child: for the parent to read.
  void complain(const std::string& why) {
    if (why.empty() || shared_->failure[0] != '\0') return;
    std::strncpy(shared_->failure, why.c_str(), sizeof shared_->failure - 1);
  }

  void check(const std::string& where, int status) {
    std::string why = shared_->failure;
    if (why.empty() && status != 0) why = "died: " + std::to_string(status);
    shared_->failure[0] = '\0';
    if (why.empty()) return;
    ++failures_;
    FAIL_CHECK(where << ": " << why);
  }

  std::string read_trace() const {
    std::ifstream file(trace());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  size_t steps() const {
    const std::string text = read_trace();
    return static_cast<size_t>(std::ranges::count(text, '\n'));
  }

  void begin() {
    ++runs_;
    std::filesystem::remove_all(dir());
    const int status = in_child("", [&] { story_.prepare(dir()); });
    check("prepare", status);
  }

  void recover(const std::string& in) {
    for (const auto& problem : rotate::recover(in, rig_catalog()).problems)
      complain("recovery: " + problem.message);
  }

  // What the next start, undisturbed, makes of it.
  void settle(const std::string& in) {
    if (story_.is_recovery)
      (void)story_.act(in);
    else
      recover(in);
    complain(untidy(in));
    complain(story_.judge(in));
    if (!story_.act(in)) complain("it can't be done again");
    complain(story_.judge_end(in));
    complain(untidy(in));
  }

  bool fail_at(unsigned k, std::string action) {
    begin();
    const bool onwards = action.ends_with('+');
    if (onwards) action.pop_back();
    const std::string rule =
        "*=" + action + "@" + std::to_string(k) + (onwards ? "+" : "");
    int status = in_child(rule, [&] { (void)story_.act(dir()); });
    const std::string where = rule + " (" + last_step() + ")";
    if (steps() < k) return false;
    check(where, status);
    // Recovery is for who was killed: a call that failed is cleaned up after.
    status = in_child("", [&] {
      if (!onwards && !story_.is_recovery) complain(temporaries(dir()));
      settle(dir());
    });
    check(where, status);
    return true;
  }

  // The last call of the trace.
  std::string last_step() const {
    std::string text = read_trace();
    while (text.ends_with('\n')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }

  static std::string temporaries(const std::string& in) {
    for (const auto& [path, bytes] : support::read_tree(in))
      if (fs::is_temporary(fs::base_name(path))) return "left: " + path;
    return "";
  }

  bool kill_at(unsigned k) {
    for (unsigned j = 1; is_going(); j += kStride) {
      begin();
      const auto before = support::read_tree(dir());
      const std::string rule = "*=kill@" + std::to_string(k);
      int status = in_child(rule, [&] { (void)story_.act(dir()); });
      if (!WIFSIGNALED(status)) return false;
      const std::string where = rule + " (" + last_step() + ")";
      const std::string trace = read_trace();
      if (j == 1) cut_power(where, before, trace, true);
      // Without the call that was not made.
      const std::string made =
          trace.substr(0, trace.rfind('\n', trace.size() - 2) + 1);
      const std::string again = "*=kill@" + std::to_string(j);
      status = in_child(again, [&] {
        if (story_.is_recovery)
          (void)story_.act(dir());
        else
          recover(dir());
      });
      const bool killed = WIFSIGNALED(status);
      const std::string then = where + ", then " + again;
      // What the first life did is no surer for its having been killed.
      cut_power(then, before, made + read_trace(), killed);
      status = in_child("", [&] { settle(dir()); });
      check(then, status);
      if (!killed) break;
    }
    return true;
  }

  // Once all is done, and not all is synced.
  void lose_power_after() {
    begin();
    const auto before = support::read_tree(dir());
    const int status = in_child(kNoFault, [&] { (void)story_.act(dir()); });
    check("undisturbed", status);
    cut_power("at the end", before, read_trace(), false);
  }

  void cut_power(const std::string& where, const support::Tree& before,
                 const std::string& trace, bool killed) {
    const std::string made = base_ + "/cut";
    const auto trees = support::after_power_cut(
        dir(), before, support::read_tree(dir()), trace, killed);
    cuts_ += trees.size();
    const int status = in_child("", [&] {
      for (const auto& tree : trees) {
        std::filesystem::remove_all(made);
        support::write_tree(made, tree);
        settle(made);
        if (shared_->failure[0] == '\0') continue;
        for (const auto& [path, bytes] : tree)
          ::strncat(
              shared_->failure,
              ("\n  " + path + " " + std::to_string(bytes.size())).c_str(),
              sizeof shared_->failure - 1 - ::strlen(shared_->failure));
        return;
      }
    });
    check(where + ", power cut", status);
  }

  const DurabilityStory& story_;
  Shared* shared_ = nullptr;
  std::string base_;
  size_t runs_ = 0;
  size_t cuts_ = 0;
  size_t failures_ = 0;
};

std::string times_text(const std::vector<store::TimeEntry>& times) {
  std::string text;
  for (const auto& entry : times)
    text += " " + std::to_string(entry.offset) + "@" +
            std::to_string(entry.time.us);
  return text;
}

std::string archive_text(const std::string& path) {
  auto fd = fs::open(path, O_RDONLY);
  if (!fd) return fd.error().message;
  auto reader = store::ArchiveReader::open(std::move(*fd), path);
  if (!reader) return reader.error().message;
  std::string text;
  std::string frame;
  for (size_t i = 0; i < reader->frames().size(); ++i) {
    if (auto read = reader->read_frame(i, frame); !read)
      return read.error().message;
    text += frame;
  }
  for (const auto& problem : reader->problems()) text += problem.message;
  return text + times_text(reader->times());
}

std::string segment_text(const store::Segment& segment) {
  auto text = fs::read_file(segment.path);
  if (!text) return text.error().message;
  if (!segment.raw) return *text;
  auto fd = fs::open(segment.path, O_RDONLY);
  if (!fd) return fd.error().message;
  auto times = store::TimesReader(segment.path, fd->get()).all();
  return times ? *text + times_text(*times) : times.error().message;
}

}  // namespace

store::Catalog rig_catalog() {
  store::Catalog catalog;
  catalog.apps = {catalog_app("api"), catalog_app("web")};
  catalog.apps[1].instances[0].out_file = "web-out.raw.log";
  return catalog;
}

std::string sealed_text(const std::string& dir) {
  std::string text;
  for (const char* const app : {"api", "web"}) {
    const auto segments = store::list_segments(dir, app);
    if (!segments) return segments.error().message;
    for (const auto& segment : *segments) {
      const std::string name = fs::base_name(segment.path);
      text += std::string(app) + " " +
              name.substr(0, name.find('.', name.find('.') + 1)) + " " +
              (segment.compressed ? archive_text(segment.path)
                                  : segment_text(segment)) +
              "\n";
    }
  }
  return text;
}

std::string untidy(const std::string& dir) {
  const auto tree = support::read_tree(dir);
  for (const auto& [path, bytes] : tree) {
    if (fs::is_temporary(fs::base_name(path))) return "left: " + path;
    if (tree.contains(path + ".zst")) return "left: " + path;
  }
  return "";
}

void prove_durable(const DurabilityStory& story) {
  if (::getenv("LODGE_DURABILITY_APART") != nullptr) {
    Rig(story).play();
    return;
  }
  // This test alone, in this binary anew.
  const auto* const test = doctest::getContextOptions()->currentTest;
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("LODGE_DURABILITY_APART", "1", 1);
    const std::string name = std::string("-tc=") + test->m_name;
    ::execl("/proc/self/exe", "rotate_test", name.c_str(), "-m", nullptr);
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace rotate_test
