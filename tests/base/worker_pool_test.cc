#include "base/worker_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <set>

#include "base/event_loop.h"
#include "support/proc.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace base {
namespace {

size_t threads_now() {
  const std::string status = support::slurp("/proc/self/status");
  const auto at = status.find("\nThreads:");
  return std::stoul(status.substr(at + 9));
}

}  // namespace

TEST_CASE("a pool without jobs has no threads") {
  const size_t before = threads_now();
  const WorkerPool pool(4);
  CHECK(threads_now() == before);
}

TEST_CASE("every job runs, once") {
  constexpr size_t kJobs = 5000;
  std::vector<std::atomic<int>> ran(kJobs);
  {
    WorkerPool pool(3);
    for (size_t i = 0; i < kJobs; ++i) pool.submit([&ran, i] { ++ran[i]; });
  }  // finishes what was submitted
  CHECK(std::ranges::all_of(ran, [](const auto& n) { return n == 1; }));
}

TEST_CASE("as many jobs run at once as the pool has threads, no more") {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::latch all_there(3);
  {
    WorkerPool pool(3);
    for (int i = 0; i < 3; ++i)
      pool.submit([&] { all_there.arrive_and_wait(); });
    all_there.wait();  // hangs if fewer than three run side by side
    for (int i = 0; i < 200; ++i)
      pool.submit([&] {
        const int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --running;
      });
  }
  CHECK(most <= 3);
}

TEST_CASE("a job may submit another, even while the pool ends") {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(2);
    for (int i = 0; i < 50; ++i)
      pool.submit([&] {
        ++ran;
        pool.submit([&] { ++ran; });
      });
  }
  CHECK(ran == 100);
}

TEST_CASE("a job's data is freed when it is done, not when the pool ends") {
  const auto witness = std::make_shared<int>(0);
  WorkerPool pool(1);
  pool.submit([witness] {});
  CHECK(support::wait_until([&] { return witness.use_count() == 1; }));
}

TEST_CASE("answers come back through the loop of the one who asked") {
  EventLoop loop;
  WorkerPool pool(2);
  std::set<int> answers;
  for (int i = 0; i < 100; ++i)
    pool.submit([&, i] { loop.post([&, i] { answers.insert(i * i); }); });
  while (answers.size() < 100) loop.run_once();
  CHECK(answers.contains(99 * 99));
}

}  // namespace base
