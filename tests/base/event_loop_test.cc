#include "base/event_loop.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/dir_watch.h"
#include "base/fs.h"
#include "support/temp_dir.h"

namespace base {
namespace {

using namespace std::chrono_literals;

// Turns the loop until the condition holds; false after ten seconds.
template <class Condition>
bool turn_until(EventLoop& loop, Condition condition) {
  bool late = false;
  Timer watchdog(loop, [&] { late = true; });
  watchdog.start(10s);
  while (!condition() && !late) loop.run_once();
  return condition();
}

// Turns the loop until what was posted now, and so all before it, has run.
void settle(EventLoop& loop) {
  bool reached = false;
  loop.post([&] { reached = true; });
  CHECK(turn_until(loop, [&] { return reached; }));
}

}  // namespace

TEST_CASE("timers fire once, in the order of their times") {
  EventLoop loop;
  std::vector<int> fired;
  Timer third(loop, [&] { fired.push_back(3); });
  Timer first(loop, [&] { fired.push_back(1); });
  Timer second(loop, [&] { fired.push_back(2); });
  third.start(30ms);
  first.start(0ms);
  second.start(10ms);
  CHECK(turn_until(loop, [&] { return fired.size() == 3; }));
  CHECK(fired == std::vector{1, 2, 3});
}

TEST_CASE("a timer never fires before its time") {
  EventLoop loop;
  std::chrono::steady_clock::time_point fired;
  Timer timer(loop, [&] { fired = std::chrono::steady_clock::now(); });
  std::this_thread::sleep_for(30ms);  // the loop's own idea of now is stale
  const auto begin = std::chrono::steady_clock::now();
  timer.start(20ms);
  CHECK(turn_until(loop, [&] { return fired != decltype(fired){}; }));
  CHECK(fired - begin >= 19ms);
}

TEST_CASE("a repeating timer goes on until it is stopped, from within too") {
  EventLoop loop;
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(loop, [&] {
    if (++fired == 3) timer->stop();
  });
  timer->start(1ms, 1ms);
  bool later = false;
  Timer after(loop, [&] { later = true; });
  CHECK(turn_until(loop, [&] { return fired == 3; }));
  after.start(20ms);
  CHECK(turn_until(loop, [&] { return later; }));
  CHECK(fired == 3);
}

TEST_CASE("a timer started anew forgets the time before") {
  EventLoop loop;
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.start(1ms);
  timer.start(1h);
  bool later = false;
  Timer after(loop, [&] { later = true; });
  after.start(20ms);
  CHECK(turn_until(loop, [&] { return later; }));
  CHECK(fired == 0);
}

TEST_CASE("a destroyed timer does not fire") {
  EventLoop loop;
  bool fired = false;
  {
    Timer(loop, [&] { fired = true; }).start(0ms);
  }
  bool later = false;
  Timer after(loop, [&] { later = true; });
  after.start(5ms);
  CHECK(turn_until(loop, [&] { return later; }));
  CHECK_FALSE(fired);
}

TEST_CASE("a handle may be moved and still works") {
  EventLoop loop;
  int fired = 0;
  Timer one(loop, [&] { fired += 1; });
  one.start(1ms);
  Timer two = std::move(one);
  Timer three(loop, [&] { fired += 10; });
  three.start(1ms);
  three = std::move(two);  // what it was is destroyed
  CHECK(turn_until(loop, [&] { return fired != 0; }));
  CHECK(fired == 1);
}

TEST_CASE("posts run on the loop's thread, in the order of each poster") {
  constexpr int kThreads = 4;
  constexpr int kPosts = 2000;
  EventLoop loop;
  std::vector<std::vector<int>> got(kThreads);
  std::set<std::thread::id> ran_on;
  int total = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i)
        loop.post([&, t, i] {
          got[static_cast<size_t>(t)].push_back(i);
          ran_on.insert(std::this_thread::get_id());
          ++total;
        });
    });
  CHECK(turn_until(loop, [&] { return total == kThreads * kPosts; }));
  CHECK(ran_on == std::set{std::this_thread::get_id()});
  for (const auto& numbers : got) {
    REQUIRE(numbers.size() == kPosts);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST_CASE("a task may post another, which runs too") {
  EventLoop loop;
  int depth = 0;
  std::function<void()> task = [&] {
    if (++depth < 100) loop.post(task);
  };
  loop.post(task);
  CHECK(turn_until(loop, [&] { return depth == 100; }));
}

TEST_CASE("stop from another thread ends run, once and for all") {
  EventLoop loop;
  std::jthread other([&] {
    loop.post([] {});
    loop.stop();
  });
  loop.run();
  CHECK(loop.stopped());
  loop.run();  // returns at once
}

TEST_CASE("what was posted before stop runs, wherever stop is called") {
  EventLoop loop;
  auto pipe = fs::make_pipe().value();
  int ran = 0;
  FdWatch watch(loop, pipe.write.get(), [&](int) {
    watch.want(0);
    std::thread([&] { loop.post([&] { ++ran; }); }).join();
    loop.stop();
  });
  watch.want(FdWatch::Writable);
  loop.run();
  CHECK(ran == 1);
}

TEST_CASE("tasks left in the queue are dropped unrun, and freed") {
  const auto witness = std::make_shared<int>(0);
  {
    EventLoop loop;
    loop.post([witness] { ++*witness; });
    loop.stop();
  }
  CHECK(*witness == 0);
  CHECK(witness.use_count() == 1);
}

TEST_CASE("a readable pipe is told again until it is read") {
  EventLoop loop;
  auto pipe = fs::make_pipe().value();
  int told = 0;
  FdWatch watch(loop, pipe.read.get(), [&](int ready) {
    CHECK(ready == FdWatch::Readable);
    ++told;
  });
  settle(loop);
  CHECK(told == 0);  // nobody asked
  CHECK(fs::write_all(pipe.write.get(), "x", "pipe").has_value());
  watch.want(FdWatch::Readable);
  CHECK(turn_until(loop, [&] { return told >= 3; }));
  watch.want(0);
  const int before = told;
  settle(loop);
  settle(loop);
  CHECK(told == before);
}

TEST_CASE("a pipe whose writers are gone is readable, with data and without") {
  for (const std::string data : {"", "last words"}) {
    CAPTURE(data);
    EventLoop loop;
    auto pipe = fs::make_pipe().value();
    std::string got;
    bool ended = false;
    FdWatch watch(loop, pipe.read.get(), [&](int ready) {
      CHECK((ready & FdWatch::Readable) != 0);
      char bytes[64];
      const auto n = fs::read(pipe.read.get(), bytes, "pipe").value();
      if (n == 0)
        ended = true;
      else
        got.append(bytes, n);
    });
    watch.want(FdWatch::Readable);
    CHECK(fs::write_all(pipe.write.get(), data, "pipe").has_value());
    pipe.write.reset();
    CHECK(turn_until(loop, [&] { return ended; }));
    CHECK(got == data);
  }
}

TEST_CASE("a pipe with room is writable, one without reader is told") {
  EventLoop loop;
  auto pipe = fs::make_pipe().value();
  int last = 0;
  FdWatch watch(loop, pipe.write.get(), [&](int ready) { last = ready; });
  watch.want(FdWatch::Writable);
  CHECK(turn_until(loop, [&] { return last == FdWatch::Writable; }));
  pipe.read.reset();
  last = 0;
  CHECK(turn_until(loop, [&] { return last != 0; }));
}

TEST_CASE("a directory's watch names what was made, written, moved, removed") {
  const support::TempDir dir;
  EventLoop loop;
  std::multiset<std::string> changed;
  auto watch = DirWatch::open(loop, dir.path(), [&](std::string_view name) {
    changed.insert(std::string(name));
  });
  REQUIRE(watch.has_value());
  const auto told = [&](const std::string& name) {
    const bool seen = turn_until(loop, [&] { return changed.contains(name); });
    changed.clear();
    return seen;
  };
  auto fd = fs::open(dir.file("new"), O_WRONLY | O_CREAT).value();
  CHECK(told("new"));
  CHECK(fs::write_all(fd.get(), "x", "new").has_value());
  CHECK(told("new"));
  CHECK(fs::rename(dir.file("new"), dir.file("moved")).has_value());
  CHECK(told("moved"));
  CHECK(fs::unlink(dir.file("moved")).has_value());
  CHECK(told("moved"));
}

TEST_CASE(
    "a directory that is watched twice tells both, and then who is left") {
  const support::TempDir dir;
  EventLoop loop;
  int first = 0;
  int second = 0;
  std::optional<DirWatch> one =
      DirWatch::open(loop, dir.path(), [&](std::string_view) {
        ++first;
      }).value();
  const auto other = DirWatch::open(loop, dir.path(), [&](std::string_view) {
                       ++second;
                     }).value();
  dir.write("a", "x");
  CHECK(turn_until(loop, [&] { return first > 0 && second > 0; }));
  settle(loop);
  one.reset();
  first = second = 0;
  dir.write("b", "x");
  CHECK(turn_until(loop, [&] { return second > 0; }));
  CHECK(first == 0);
}

TEST_CASE("a watch that another's callback destroyed hears no more") {
  const support::TempDir dir;
  EventLoop loop;
  std::optional<DirWatch> watches[2];
  int told = 0;
  for (int i = 0; i < 2; ++i)
    watches[i] = DirWatch::open(loop, dir.path(), [&, i](std::string_view) {
                   ++told;
                   watches[1 - i].reset();
                 }).value();
  dir.write("a", "x");  // created, written, closed: several events
  CHECK(turn_until(loop, [&] { return told > 0; }));
  settle(loop);
  CHECK(watches[0].has_value());
  CHECK_FALSE(watches[1].has_value());
}

TEST_CASE(
    "who is told of several changes at once is told once that it was all") {
  const support::TempDir dir;
  EventLoop loop;
  int changes = 0;
  int batches = 0;
  const auto watch = DirWatch::open(
                         loop, dir.path(), [&](std::string_view) { ++changes; },
                         [&] { ++batches; })
                         .value();
  for (const char* name : {"a", "b", "c"}) dir.write(name, "x");
  CHECK(turn_until(loop, [&] { return batches > 0; }));
  settle(loop);
  CHECK(changes >= 3);
  CHECK(batches == 1);
}

TEST_CASE("who asks for news is told before what they are") {
  const support::TempDir dir;
  EventLoop loop;
  std::string told;
  const auto watch =
      DirWatch::open(
          loop, dir.path(), [&](std::string_view name) { told += name; },
          [&] { loop.stop(); }, [&] { told += '?'; })
          .value();
  settle(loop);
  dir.write("a", "x");
  loop.run();
  CHECK(told.starts_with("?a"));
}

TEST_CASE("where somebody waits for news all else goes on") {
  const support::TempDir dir;
  EventLoop loop;
  const auto watch = DirWatch::open(
                         loop, dir.path(), [](std::string_view) {}, {}, [] {})
                         .value();
  auto pipe = fs::make_pipe().value();
  CHECK(fs::write_all(pipe.write.get(), "x", "pipe").has_value());
  int posted = 0;
  Timer watchdog(loop, [&] { loop.stop(); });
  watchdog.start(10s);
  // Each is begun in the turn that tells of the one before.
  std::optional<SignalWatch> signal;
  FdWatch second(loop, pipe.read.get(), [&](int) {
    second.want(0);
    signal.emplace(loop, SIGUSR1, [&] {
      std::thread([&] {
        loop.post([&] {
          ++posted;
          loop.stop();
        });
      }).join();
    });
    ::raise(SIGUSR1);
  });
  auto other = fs::make_pipe().value();
  FdWatch first(loop, other.write.get(), [&](int) {
    first.want(0);
    second.want(FdWatch::Readable);
  });
  first.want(FdWatch::Writable);
  loop.run();
  CHECK(posted == 1);
}

TEST_CASE("a watched directory that goes away says so without a name") {
  const support::TempDir parent;
  const std::string dir = parent.file("watched");
  REQUIRE(::mkdir(dir.c_str(), 0700) == 0);
  EventLoop loop;
  std::vector<std::string> names;
  const auto watch = DirWatch::open(loop, dir, [&](std::string_view name) {
                       names.emplace_back(name);
                     }).value();
  REQUIRE(::rmdir(dir.c_str()) == 0);
  CHECK(turn_until(loop, [&] { return !names.empty(); }));
  CHECK(names.back().empty());
}

TEST_CASE("more changes than the kernel keeps say: look at everything") {
  const support::TempDir dir;
  EventLoop loop;
  size_t told = 0;
  bool everything = false;
  const auto watch =
      DirWatch::open(loop, dir.path(), [&](std::string_view name) {
        ++told;
        everything = everything || name.empty();
      }).value();
  const size_t most = std::stoul(
      fs::read_file("/proc/sys/fs/inotify/max_queued_events", 100).value());
  const std::string names[] = {dir.file("a"), dir.file("b")};
  dir.write("a", "x");
  // Two events each.
  for (size_t i = 0; i < most / 2 + 10; ++i)
    REQUIRE(::rename(names[i % 2].c_str(), names[1 - i % 2].c_str()) == 0);
  CHECK(turn_until(loop, [&] { return everything; }));
  CHECK(told >= most);
}

TEST_CASE("a directory that is not there can't be watched, and that is told") {
  EventLoop loop;
  const auto watch =
      DirWatch::open(loop, "/nonexistent/dir", [](std::string_view) {});
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().message.find("/nonexistent/dir") != std::string::npos);
}

TEST_CASE("a signal arrives on the loop") {
  EventLoop loop;
  int came = 0;
  SignalWatch watch(loop, SIGUSR1, [&] { ++came; });
  ::raise(SIGUSR1);
  CHECK(turn_until(loop, [&] { return came == 1; }));
}

// A callback that owns memory, to be caught reading it after its handle went.
struct Words {
  std::string text = std::string(100, 'w');
  bool whole() const { return text == std::string(100, 'w'); }
};

TEST_CASE("each handle may be destroyed by its own callback") {
  EventLoop loop;
  bool done = false;
  const Words words;
  SUBCASE("timer") {
    std::optional<Timer> timer;
    timer.emplace(loop, [&, words] {
      timer.reset();
      done = words.whole();
    });
    timer->start(0ms, 1ms);
    CHECK(turn_until(loop, [&] { return done; }));
  }
  SUBCASE("descriptor") {
    auto pipe = fs::make_pipe().value();
    std::optional<FdWatch> watch;
    watch.emplace(loop, pipe.read.get(), [&, words](int) {
      watch.reset();
      pipe.read.reset();
      done = words.whole();
    });
    watch->want(FdWatch::Readable);
    pipe.write.reset();
    CHECK(turn_until(loop, [&] { return done; }));
  }
  SUBCASE("directory") {
    const support::TempDir dir;
    std::optional<DirWatch> watch;
    watch.emplace(
        DirWatch::open(loop, dir.path(), [&, words](std::string_view) {
          watch.reset();
          done = words.whole();
        }).value());
    // Several events in one read of inotify.
    for (const char* name : {"a", "b", "c"}) dir.write(name, "x");
    CHECK(turn_until(loop, [&] { return done; }));
  }
  SUBCASE("signal") {
    std::optional<SignalWatch> watch;
    watch.emplace(loop, SIGUSR2, [&, words] {
      watch.reset();
      done = words.whole();
    });
    ::raise(SIGUSR2);
    CHECK(turn_until(loop, [&] { return done; }));
  }
  settle(loop);
}

TEST_CASE("a callback may destroy another handle that is ready as well") {
  EventLoop loop;
  auto one = fs::make_pipe().value();
  auto two = fs::make_pipe().value();
  std::optional<FdWatch> first;
  std::optional<FdWatch> second;
  int told = 0;
  first.emplace(loop, one.read.get(), [&](int) {
    ++told;
    second.reset();
    first.reset();
  });
  second.emplace(loop, two.read.get(), [&](int) {
    ++told;
    first.reset();
    second.reset();
  });
  first->want(FdWatch::Readable);
  second->want(FdWatch::Readable);
  one.write.reset();
  two.write.reset();
  CHECK(turn_until(loop, [&] { return told > 0; }));
  settle(loop);
  CHECK(told == 1);
}

}  // namespace base
