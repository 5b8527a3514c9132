#include "supervisor/tree_meter.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <map>
#include <set>

using supervisor::ProcessInfo;
using supervisor::TreeMeter;
using std::chrono::milliseconds;

namespace {

constexpr int kKeeper = 10;

// A machine as a test wants it.
struct Machine {
  std::map<int, ProcessInfo> processes;
  std::map<int, int> marks;
  std::set<int> read;  // since the last look
  base::MonoTime now{};
  TreeMeter meter{{.pids =
                       [this] {
                         std::vector<int> pids;
                         for (const auto& [pid, info] : processes)
                           pids.push_back(pid);
                         return pids;
                       },
                   .read = [this](int pid) -> std::optional<ProcessInfo> {
                     read.insert(pid);
                     return processes.at(pid);
                   },
                   .marked =
                       [this](int pid) {
                         const auto it = marks.find(pid);
                         return it == marks.end() ? -1 : it->second;
                       }}};

  void put(int pid, int parent, int session, uint64_t ticks = 0,
           uint64_t reaped = 0, uint64_t start = 1) {
    ProcessInfo info;
    info.pid = pid;
    info.parent = parent;
    info.session = session;
    info.state = 'S';
    info.cpu_ticks = ticks;
    info.reaped_ticks = reaped;
    info.start_ticks = start;
    info.memory_bytes = 100;
    processes[pid] = info;
  }
  void look(const std::vector<TreeMeter::Root>& roots, int keeper = kKeeper) {
    read.clear();
    now += milliseconds(1000);
    meter.look(roots, keeper, now, [](int) { return milliseconds(10'000); });
  }
};

uint64_t seconds(uint64_t n) {
  return n * static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

TEST_CASE("children, grandchildren and what left by double fork are summed") {
  Machine machine;
  machine.put(1, 0, 1);
  machine.put(kKeeper, 1, kKeeper);
  machine.put(20, kKeeper, 20);
  machine.put(21, 20, 20);
  machine.put(15, 22, 99);  // lower than its parent, a session of its own
  machine.put(22, 21, 20);
  machine.put(30, kKeeper, 30);  // a daemon's child: marked
  machine.marks = {{30, 0}, {31, 1}};
  machine.put(31, kKeeper, 31);  // of another instance that is not up
  machine.put(40, 1, 40);
  machine.look({{.id = 0, .pid = 20}});
  const auto* use = machine.meter.of(0, 20);
  REQUIRE(use != nullptr);
  CHECK(use->processes == 5);
  CHECK(use->memory_bytes == 500);
  CHECK(machine.meter.of(1, 31) == nullptr);
  CHECK(machine.meter.of(0, 21) == nullptr);
}

TEST_CASE("what is nobody's is not read again until its number comes anew") {
  Machine machine;
  machine.put(kKeeper, 1, kKeeper);
  machine.put(20, kKeeper, 20);
  machine.put(40, 1, 40);
  machine.look({{0, 20}});
  CHECK(machine.read.contains(40));
  machine.look({{0, 20}});
  CHECK(machine.read == std::set<int>{20});
  machine.processes.erase(40);
  machine.look({{0, 20}});
  machine.put(40, 20, 20);
  machine.look({{0, 20}});
  CHECK(machine.meter.of(0, 20)->processes == 2);
  // Or when it is itself an app's first process, between two looks.
  machine.put(50, 1, 50);
  machine.look({{0, 20}});
  machine.put(50, kKeeper, 50, 0, 0, 2);
  machine.look({{0, 20}, {1, 50}});
  CHECK(machine.meter.of(1, 50)->processes == 1);
}

TEST_CASE("the time of a child that ended is its parent's, and not lost") {
  Machine machine;
  machine.put(kKeeper, 1, kKeeper);
  machine.put(20, kKeeper, 20, seconds(1));
  machine.put(21, 20, 20, seconds(4));
  machine.look({{0, 20}});
  CHECK(machine.meter.of(0, 20)->cpu_percent == doctest::Approx(50.0));
  machine.processes.erase(21);
  machine.put(20, kKeeper, 20, seconds(1), seconds(4) + seconds(1) / 2);
  machine.look({{0, 20}});
  CHECK(machine.meter.of(0, 20)->cpu_percent == doctest::Approx(50.0));
  machine.look({{0, 20}});
  CHECK(machine.meter.of(0, 20)->cpu_percent == doctest::Approx(0.0));
}

TEST_CASE("time that nobody waited for makes no negative figure") {
  Machine machine;
  machine.put(kKeeper, 1, kKeeper);
  machine.put(20, kKeeper, 20);
  machine.put(30, kKeeper, 30, seconds(9));
  machine.marks = {{30, 0}};
  machine.look({{0, 20}});
  machine.processes.erase(30);
  machine.look({{0, 20}});
  CHECK(machine.meter.of(0, 20)->cpu_percent == doctest::Approx(0.0));
}

TEST_CASE("a new life begins with a figure of its own") {
  Machine machine;
  machine.put(kKeeper, 1, kKeeper);
  machine.put(20, kKeeper, 20, seconds(100));
  machine.look({{0, 20}});
  machine.processes.erase(20);
  machine.put(25, kKeeper, 25, seconds(1));
  machine.look({{0, 25}});
  CHECK(machine.meter.of(0, 20) == nullptr);
  CHECK(machine.meter.of(0, 25)->cpu_percent == doctest::Approx(10.0));
}
