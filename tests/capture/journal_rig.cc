#include "capture/journal_rig.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>

#include "capture/journal_life.h"
#include "capture/spool.h"
#include "support/sanitized.h"
#include "support/temp_dir.h"

namespace capture_test {
namespace {

// No call of base/fs in this process: its children would inherit that there
// are no failpoints.
constexpr int kHang = 20'000;  // ms that a life may be silent
constexpr size_t kPage = 4096;
constexpr unsigned kParts = 2;  // processes that play, side by side
constexpr uint64_t kSpoolSize = uint64_t{1} << 30;

void* shared_memory(int fd, size_t size) {
  const int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  REQUIRE(at != MAP_FAILED);
  return at;
}

// The first page of a spool that was never used; made by a child.
std::string new_spool_page() {
  auto* const page = static_cast<char*>(shared_memory(-1, kPage));
  const pid_t child = ::fork();
  if (child == 0) {
    auto spool = capture::Spool::create("");
    if (!spool || ::pread(spool->fd(), page, kPage, 0) != ssize_t{kPage})
      ::_exit(1);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  std::string text(page, kPage);
  ::munmap(page, kPage);
  return text;
}

std::string last_step(const std::string& trace) {
  std::ifstream file(trace);
  std::string line;
  std::string last = "nothing";
  size_t count = 0;
  for (; std::getline(file, line); ++count) last = line;
  return last + " (" + std::to_string(count) + ")";
}

class Player {
 public:
  // `rules` of each life; those after them have none.
  Player(const Story& story, std::vector<std::string> rules,
         const std::string& spool_page);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // What went wrong; empty: nothing.
  std::string play();
  // How many lives were killed, of those that had rules.
  size_t kills() const { return kills_; }
  std::string steps() const { return steps_; }

 private:
  void start();
  void stop_child();
  bool buried();
  void put(const StoryOp& op);
  void perform(const StoryOp& op);
  void note_flush(int source);
  void end(int source);
  void seen(const StoryOp& op);
  void quit();
  bool say(char kind, int source);
  bool await(char kind, int source);
  bool receive(int timeout);
  Run::Source& source(int index) {
    return run_.sources[static_cast<size_t>(index)];
  }
  void fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
  }

  const std::vector<std::string> rules_;
  Run run_;
  pid_t child_ = -1;
  int control_ = -1;
  size_t lives_ = 0;
  size_t kills_ = 0;
  size_t flush_life_ = 0;  // that was asked for a flush
  std::vector<Message> heard_;
  std::string failure_;
  std::string steps_;
};

Player::Player(const Story& story, std::vector<std::string> rules,
               const std::string& spool_page)
    : rules_(std::move(rules)), run_{.story = story, .dir = {}, .sources = {}} {
  run_.dir = std::string(support::in_memory()) + "/lodge-journal-XXXXXX";
  REQUIRE(::mkdtemp(run_.dir.data()) != nullptr);
  run_.shared = new (shared_memory(-1, sizeof(Shared))) Shared{};
  run_.spool = ::memfd_create("lodge", MFD_CLOEXEC);
  REQUIRE(::ftruncate(run_.spool, kSpoolSize) == 0);
  REQUIRE(::pwrite(run_.spool, spool_page.data(), kPage, 0) == ssize_t{kPage});
  for (size_t i = 0; i < story.file_of.size(); ++i) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    run_.sources.push_back({.read = ends[0], .write = ends[1], .written = {}});
  }
}

Player::~Player() {
  stop_child();
  for (const auto& source : run_.sources) {
    ::close(source.read);
    if (source.write >= 0) ::close(source.write);
  }
  ::close(run_.spool);
  ::munmap(run_.shared, sizeof(Shared));
  std::filesystem::remove_all(run_.dir);
}

void Player::start() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const std::string trace = run_.dir + "/trace-" + std::to_string(lives_);
  std::string rules = "trace=" + trace;
  if (lives_ < rules_.size()) rules += ";" + rules_[lives_];
  ++lives_;
  heard_.clear();
  child_ = ::fork();
  REQUIRE(child_ >= 0);
  if (child_ == 0) {
    ::close(ends[0]);
    for (const auto& source : run_.sources)
      if (source.write >= 0) ::close(source.write);
    live(run_, ends[1], rules);
  }
  ::close(ends[1]);
  control_ = ends[0];
}

void Player::stop_child() {
  if (child_ < 0) return;
  ::kill(child_, SIGKILL);
  (void)buried();
}

// Waits for the child's end; whether it was killed.
bool Player::buried() {
  int status = 0;
  ::waitpid(child_, &status, 0);
  child_ = -1;
  ::close(control_);
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (killed) ++kills_;
  steps_ += "\n  life " + std::to_string(lives_) + ": " +
            (killed ? "killed at " : "ended after ") +
            last_step(run_.dir + "/trace-" + std::to_string(lives_ - 1));
  if (!killed && status != 0)
    fail("a life ended with status " + std::to_string(status) + ": " +
         run_.shared->failure);
  if (killed && lives_ > rules_.size()) fail("a life was killed by nobody");
  return killed;
}

// False: the child is dead, and another is there.
bool Player::receive(int timeout) {
  pollfd waiting{control_, POLLIN, 0};
  const int ready = ::poll(&waiting, 1, timeout);
  if (ready == 0) return true;
  Message message{};
  if (::recv(control_, &message, sizeof message, 0) == sizeof message) {
    if (message.kind == 'e') source(message.source).ended = true;
    heard_.push_back(message);
    return true;
  }
  (void)buried();
  if (failure_.empty()) start();
  return false;
}

bool Player::say(char kind, int source) {
  const Message message{kind, source};
  return ::send(control_, &message, sizeof message, MSG_NOSIGNAL) ==
         sizeof message;
}

// False: it died before.
bool Player::await(char kind, int source) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kHang);
  while (failure_.empty()) {
    for (size_t i = 0; i < heard_.size(); ++i) {
      if (heard_[i].kind != kind || heard_[i].source != source) continue;
      heard_.erase(heard_.begin() + static_cast<ptrdiff_t>(i));
      return true;
    }
    if (!receive(kHang)) return false;
    if (std::chrono::steady_clock::now() < end) continue;
    fail(std::string("nothing was heard of ") + kind + " " + letter_of(source));
  }
  return false;
}

void Player::put(const StoryOp& op) {
  Run::Source& to = source(op.source);
  std::string_view rest = op.bytes;
  to.written += op.bytes;
  while (!rest.empty() && failure_.empty()) {
    const ssize_t n = ::write(to.write, rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    REQUIRE(errno == EAGAIN);
    (void)receive(1);
  }
}

void Player::end(int index) {
  if (source(index).write >= 0) ::close(std::exchange(source(index).write, -1));
  while (!source(index).ended && failure_.empty()) (void)await('e', index);
}

void Player::seen(const StoryOp& op) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kHang);
  while (failure_.empty()) {
    std::ifstream file(run_.path_of(op.source));
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    if (text.find(op.bytes) != text.npos) return;
    (void)receive(1);
    if (std::chrono::steady_clock::now() > end) fail("never seen: " + op.bytes);
  }
}

void Player::note_flush(int index) {
  const auto& file_of = run_.story.file_of;
  for (size_t i = 0; i < run_.sources.size(); ++i)
    if (file_of[i] == file_of[static_cast<size_t>(index)])
      run_.sources[i].flushed_to = run_.sources[i].written.size();
}

void Player::perform(const StoryOp& op) {
  const size_t killed = kills_;
  switch (op.kind) {
    case StoryOp::Add:
      source(op.source).added = true;
      (void)say('a', op.source);
      return;
    case StoryOp::Put:
      return put(op);
    case StoryOp::Drain:
      do (void)say('d', op.source);
      while (!await('d', op.source) && failure_.empty());
      return;
    case StoryOp::End:
      return end(op.source);
    case StoryOp::Seen:
      return seen(op);
    case StoryOp::FlushIn:
      note_flush(op.source);
      flush_life_ = lives_;
      if (say('g', op.source)) (void)await('d', op.source);
      return;
    case StoryOp::Flushed:
      if (flush_life_ == lives_) (void)await('f', op.source);
      return;
    case StoryOp::Flush:
      note_flush(op.source);
      if (say('f', op.source)) (void)await('f', op.source);
      return;
    case StoryOp::Seal:
      if (say('s', op.source)) (void)await('s', op.source);
      return;
    case StoryOp::SealIn:
      if (say('p', op.source) && await('d', op.source))
        (void)await('s', op.source);
      return;
    case StoryOp::Vanish:
      source(op.source).ended = true;
      stop_child();
      kills_ = killed;   // by no rule,
      failure_.clear();  // and there is nothing wrong with that
      return start();
    case StoryOp::Trouble:
      if (kills_ == 0 && !rules_.empty()) (void)await('t', 0);
      return;
    case StoryOp::Later:
      run_.shared->mono_offset_ms += op.source;
      return;
    case StoryOp::Release:
      std::ofstream(run_.dir + "/release").put('\n');
      return;
  }
}

void Player::quit() {
  // The last life has adopted what there was before it is told to end.
  perform({StoryOp::Drain, 0});
  do (void)say('q', 0);
  while (!await('q', 0) && failure_.empty());
  if (child_ >= 0 && buried()) fail("killed after its end");
}

std::string Player::play() {
  start();
  for (const auto& op : run_.story.script) {
    perform(op);
    if (!failure_.empty()) return failure_;
  }
  quit();
  if (!failure_.empty()) return failure_;
  const pid_t judging = ::fork();
  if (judging == 0) {
    ::unsetenv("LODGE_FAILPOINTS");
    if (auto wrong = judge(run_); !wrong.empty()) give_up(*run_.shared, wrong);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(judging, &status, 0) == judging);
  if (status == 0) return {};
  return run_.shared->failure[0] != '\0' ? run_.shared->failure
                                         : "the judge died";
}

// --- all steps ---------------------------------------------------------------

unsigned factor() {
  const char* const text = ::getenv("LODGE_JOURNAL_FACTOR");
  const int value = text == nullptr ? 1 : ::atoi(text);
  return value < 1 ? 1 : static_cast<unsigned>(value);
}

// A sanitizer makes each life ten times as long, and looks for other things
// than the step it is killed at: then only every so-manieth step is played.
constexpr unsigned kEvery = support::kSanitized ? 12 : 1;
constexpr bool kPairs = !support::kSanitized;

class Sweep {
 public:
  explicit Sweep(const Story& story) : story_(story), page_(new_spool_page()) {}

  // The number of lives that were killed, with the first killed at its k-th
  // step, the second at its j-th; 0: not at all.
  size_t one(unsigned k, unsigned j) {
    std::vector<std::string> rules;
    for (const unsigned at : {k, j})
      if (at != 0)
        rules.push_back((story_.faults.empty() ? "" : story_.faults + ";") +
                        story_.victim + "=kill@" + std::to_string(at));
    Player player(story_, std::move(rules), page_);
    const std::string wrong = player.play();
    ++runs_;
    if (!wrong.empty()) {
      ++failures_;
      const std::string then = j == 0 ? "" : ", then " + std::to_string(j);
      const std::string all = "killed at step " + std::to_string(k) + then +
                              ": " + wrong + player.steps();
      FAIL_CHECK(all);
    }
    return player.kills();
  }
  bool enough() const { return failures_ >= 5; }

  // Every kParts-th from `part`.
  void all(unsigned part) {
    unsigned k = 1 + part;
    while (!enough() && one(k, 0) == 1) k += kParts * kEvery;
    CHECK(k > 10);
    if (!kPairs) return;
    const unsigned stride1 = std::max(1u, story_.stride1 / factor());
    const unsigned stride2 = std::max(1u, story_.stride2 / factor());
    for (unsigned i = 1 + part * stride1; i < k && !enough();
         i += kParts * stride1)
      for (unsigned j = 1 + i % stride2; !enough() && one(i, j) == 2;
           j += stride2) {
      }
    MESSAGE("steps: up to " << k - 1 << ", runs: " << runs_);
  }

 private:
  const Story& story_;
  const std::string page_;
  size_t runs_ = 0;
  size_t failures_ = 0;
};

// This test alone, in this binary anew.
pid_t start_apart(const char* test, unsigned part) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("LODGE_JOURNAL_APART", std::to_string(part).c_str(), 1);
    const std::string name = std::string("-tc=") + test;
    ::execl("/proc/self/exe", "capture_test", name.c_str(), "-m", nullptr);
    ::_exit(127);
  }
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::string story_line(int source, int number, size_t size) {
  std::string text = letter_of(source) + std::to_string(number) + ".";
  for (size_t at = static_cast<size_t>(number); text.size() < size; ++at)
    text += static_cast<char>('a' + at % 26);
  return text + "\n";
}

std::string story_lines(int source, int from, int to, size_t size) {
  std::string text;
  for (int i = from; i < to; ++i) text += story_line(source, i, size);
  return text;
}

void prove(const Story& story) {
  const char* const part = ::getenv("LODGE_JOURNAL_APART");
  if (part == nullptr) {
    const auto* const test = doctest::getContextOptions()->currentTest;
    std::vector<pid_t> parts;
    for (unsigned i = 0; i < kParts; ++i)
      parts.push_back(start_apart(test->m_name, i));
    for (const pid_t child : parts) CHECK(status_of(child) == 0);
    return;
  }
  Sweep sweep(story);
  const char* const at = ::getenv("LODGE_JOURNAL_AT");  // "k" or "k,j"
  if (at == nullptr) return sweep.all(static_cast<unsigned>(::atoi(part)));
  char* end = nullptr;
  const auto k = static_cast<unsigned>(::strtoul(at, &end, 10));
  (void)sweep.one(k, *end == ',' ? static_cast<unsigned>(::atoi(end + 1)) : 0);
}

}  // namespace capture_test
