// Workers for what hangs: enough for every disk, though one has them all wait.
#include "capture/hands.h"

#include <doctest/doctest.h>

#include "capture/rig.h"

using namespace capture_test;

namespace {

// A loop that does nothing until it is told to end.
struct Scene {
  Scene() : hands([this] { return (ending.wait(false), true); }) {
    hands.start();
  }
  ~Scene() {
    ending = true;
    ending.notify_all();
    released = true;
    released.notify_all();
    CHECK(hands.stop(std::chrono::steady_clock::now() +
                     std::chrono::seconds(20)));
  }
  void hang(uint64_t device) {
    hands.submit(device, [this] {
      ++hanging;
      released.wait(false);
      --hanging;
      ++done;
    });
  }

  std::atomic<bool> ending = false;
  std::atomic<bool> released = false;
  std::atomic<size_t> hanging = 0;
  std::atomic<size_t> done = 0;
  capture::Hands hands;
};

}  // namespace

TEST_CASE("a dead disk has not all workers, however much is asked of it") {
  constexpr size_t kAsked = 3 * capture::Hands::kMostWorkers;
  Scene scene;
  for (size_t i = 0; i < kAsked; ++i) scene.hang(1);
  REQUIRE(eventually(
      [&] { return scene.hanging == capture::Hands::kMostOfDevice; }));
  std::atomic<bool> performed = false;
  scene.hands.submit(2, [&] { performed = true; });
  CHECK(eventually([&] { return performed.load(); }));
  CHECK(scene.hanging == capture::Hands::kMostOfDevice);
  scene.released = true;
  scene.released.notify_all();
  CHECK(eventually([&] { return scene.done == kAsked; }));
}

TEST_CASE("of many dead disks each has some, and all are served in the end") {
  constexpr size_t kDisks = 10;
  constexpr size_t kEach = 20;
  Scene scene;
  for (size_t i = 0; i < kDisks * kEach; ++i) scene.hang(i % kDisks);
  REQUIRE(eventually(
      [&] { return scene.hanging == capture::Hands::kMostWorkers; }));
  scene.released = true;
  scene.released.notify_all();
  CHECK(eventually([&] { return scene.done == kDisks * kEach; }));
}
