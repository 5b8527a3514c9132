#include "base/claim.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/spares.h"

TEST_CASE("of several threads one does the work, and who waits sees it done") {
  constexpr int kRounds = 300;
  for (int round = 0; round < kRounds; ++round) {
    base::Claim claim;
    CHECK(claim.is_free());
    std::string made;  // guarded by the claim
    std::atomic<int> begun = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
          if (claim.take()) {
            ++begun;
            made = "done";
            claim.finish();
          }
        });
      if (claim.take()) {
        ++begun;
        made = "done";
        claim.finish();
      }
      claim.wait();
      CHECK(made == "done");
    }
    CHECK(claim.is_done());
    CHECK(begun == 1);
    CHECK_FALSE(claim.take());
  }
}

TEST_CASE("what is spare is used again, by one thread at a time") {
  base::Spares<std::string> spares(2);
  CHECK(spares.take().empty());
  for (const auto* text : {"a", "b", "c"}) spares.give(text);
  const auto one = spares.take();
  const auto other = spares.take();
  CHECK(((one == "a" && other == "b") || (one == "b" && other == "a")));
  CHECK(spares.take().empty());  // no third was kept

  std::atomic<bool> shared = false;
  base::Spares<std::vector<int>> owned(4);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 2000; ++i) {
          auto mine = owned.take();
          mine.assign(3, thread);
          std::this_thread::yield();
          if (mine != std::vector<int>(3, thread)) shared = true;
          owned.give(std::move(mine));
        }
      });
  }
  CHECK_FALSE(shared);
}
