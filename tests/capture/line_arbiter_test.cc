#include "capture/line_arbiter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

using base::Millis;
using capture::LineArbiter;

namespace {

// The file as the arbiter orders it; "|" marks a newline that is not the
// child's.
struct Page {
  std::string text;
  std::vector<uint64_t> ended;
};

// What a sink does with an arbiter: keeps what waits, and writes what is
// granted until nothing is.
struct Scene : LineArbiter::Waiting {
  ~Scene() override = default;
  explicit Scene(int sources, LineArbiter::Whole whole = LineArbiter::Whole::No)
      : arbiter(whole) {
    for (int i = 1; i <= sources; ++i)
      arbiter.attach(static_cast<uint64_t>(i), now);
  }
  std::string_view waiting(uint64_t source) const override {
    const auto found = held.find(source);
    return found == held.end() ? std::string_view() : found->second;
  }
  void feed(uint64_t source, std::string_view bytes) {
    held[source].append(bytes);
    if (!bytes.empty()) arbiter.more(source, now);
    drain();
  }
  void end(uint64_t source) {
    gone.push_back(source);
    arbiter.end(source);
    drain();
  }
  void finish() {
    arbiter.finish();
    drain();
  }
  void pass(Millis time) {
    now += time;
    drain();
  }
  void drain() {
    for (;;) {
      std::erase_if(gone, [&](uint64_t source) {
        if (!waiting(source).empty() || arbiter.owner() == source) return false;
        arbiter.forget(source);
        forgotten.push_back(source);
        return true;
      });
      const auto grant = arbiter.next(*this, now);
      if (!grant) return;
      if (grant->end_line) {
        page.text += "|\n";
        page.ended.push_back(grant->source);
        arbiter.line_ended();
        continue;
      }
      std::string& bytes = held[grant->source];
      REQUIRE(grant->size > 0);
      REQUIRE(grant->size <= bytes.size());
      const auto piece = bytes.substr(0, grant->size);
      bytes.erase(0, grant->size);
      on_piece(grant->source, piece);
      page.text += piece;
      arbiter.took(grant->source, piece.back() != '\n', !bytes.empty(), now);
    }
  }
  virtual void on_piece(uint64_t, std::string_view) {}

  LineArbiter arbiter;
  Page page;
  std::map<uint64_t, std::string> held;
  std::vector<uint64_t> gone;
  std::vector<uint64_t> forgotten;
  base::MonoTime now{std::chrono::hours(1)};
};

}  // namespace

TEST_CASE("alone, a partial line passes at once") {
  Scene scene(1);
  scene.feed(1, "name? ");
  CHECK(scene.page.text == "name? ");
  CHECK(scene.arbiter.owner() == 1);
  CHECK_FALSE(scene.arbiter.deadline());
}

TEST_CASE("among several, a partial line is held for 100 ms") {
  Scene scene(2);
  scene.feed(1, "one\nna");
  CHECK(scene.page.text == "one\n");
  scene.pass(Millis(99));
  CHECK(scene.page.text == "one\n");
  scene.pass(Millis(1));
  CHECK(scene.page.text == "one\nna");
  CHECK(scene.arbiter.owner() == 1);
}

TEST_CASE("more than 64 KiB without a newline owns the file at once") {
  Scene scene(2);
  const std::string most(LineArbiter::kMaxHeld, 'x');
  scene.feed(1, most);
  CHECK(scene.page.text.empty());
  scene.feed(1, "y");
  CHECK(scene.page.text == most + "y");
}

TEST_CASE("others wait while a line is owned, and their lines come after it") {
  Scene scene(3);
  scene.feed(1, "ow");
  scene.pass(Millis(100));
  scene.feed(2, "two\n");
  scene.feed(3, "three\nth");
  scene.feed(1, "ner");
  CHECK(scene.page.text == "owner");
  scene.feed(1, "!\n");
  CHECK(scene.page.text == "owner!\ntwo\nthree\n");
  scene.feed(3, "ree\n");
  CHECK(scene.page.text == "owner!\ntwo\nthree\nthree\n");
  CHECK(scene.page.ended.empty());
}

TEST_CASE("an owner that is silent for a second while others wait is ended") {
  Scene scene(2);
  scene.feed(1, "name? ");
  scene.pass(Millis(100));
  scene.pass(Millis(5000));  // nobody waits: it may
  CHECK(scene.page.text == "name? ");
  scene.feed(2, "two\n");
  scene.pass(Millis(999));
  CHECK(scene.page.text == "name? ");
  scene.pass(Millis(1));
  CHECK(scene.page.text == "name? |\ntwo\n");
  CHECK(scene.page.ended == std::vector<uint64_t>{1});
  scene.feed(1, "hm\n");
  CHECK(scene.page.text == "name? |\ntwo\nhm\n");
}

TEST_CASE("an owner that goes on is not ended") {
  Scene scene(2);
  scene.feed(1, "a");
  scene.pass(Millis(100));
  scene.feed(2, "two\n");
  for (int i = 0; i < 5; ++i) {
    scene.pass(Millis(900));
    scene.feed(1, "a");
  }
  CHECK(scene.page.text == "aaaaaa");
}

TEST_CASE("the end of a source closes its line, held or owned") {
  Scene scene(3);
  scene.feed(1, "held");
  scene.end(1);
  CHECK(scene.page.text == "held|\n");
  scene.feed(2, "owned");
  scene.pass(Millis(100));
  scene.end(2);
  CHECK(scene.page.text == "held|\nowned|\n");
  CHECK(scene.page.ended == std::vector<uint64_t>{1, 2});
}

TEST_CASE("what an ended source left waits for the owner's line to end") {
  Scene scene(2);
  scene.feed(1, "ow");
  scene.pass(Millis(100));
  scene.feed(2, "last words\nand mo");
  scene.end(2);
  CHECK(scene.page.text == "ow");
  CHECK(scene.forgotten.empty());
  scene.feed(1, "ner\n");
  CHECK(scene.page.text == "owner\nlast words\nand mo|\n");
  CHECK(scene.forgotten == std::vector<uint64_t>{2});
}

TEST_CASE("who is left alone gets its partial line out at once") {
  Scene scene(2);
  scene.feed(1, "name? ");
  scene.end(2);
  CHECK(scene.page.text == "name? ");
}

TEST_CASE("a second source does not tear the line of the first") {
  Scene scene(1);
  scene.feed(1, "begun ");
  scene.arbiter.attach(2, scene.now);
  scene.feed(2, "two\n");
  scene.feed(1, "done\n");
  CHECK(scene.page.text == "begun done\ntwo\n");
}

TEST_CASE("finish lets everything out as whole lines") {
  Scene scene(3);
  scene.feed(1, "a");
  scene.pass(Millis(100));
  scene.feed(2, "b\nb");
  scene.feed(3, "c");
  scene.finish();
  CHECK(scene.page.text == "a|\nb\nb|\nc");
}

namespace {

// Holds the arbiter to its promises piece by piece.
struct Witness final : Scene {
  using Scene::Scene;
  void on_piece(uint64_t source, std::string_view bytes) override {
    const bool at_line_end = page.text.empty() || page.text.back() == '\n';
    if (source != last_source && !at_line_end) torn = true;
    last_source = source;
    heard[source].append(bytes);
  }
  std::map<uint64_t, std::string> heard;
  uint64_t last_source = 0;
  bool torn = false;
};

}  // namespace

TEST_CASE("random fragments of three sources: nothing torn, lost, reordered") {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    Witness scene(3, round % 3 == 0 ? LineArbiter::Whole::Always
                                    : LineArbiter::Whole::No);
    std::map<uint64_t, std::string> said;
    for (int step = 0; step < 300; ++step) {
      const uint64_t source = 1 + random() % 3;
      std::string bytes;
      const size_t size = random() % (round % 2 == 0 ? 40 : 30'000);
      while (bytes.size() < size) {
        bytes.append(random() % (size / 2 + 1),
                     static_cast<char>('0' + source));
        bytes += '\n';
      }
      bytes.resize(size);
      said[source] += bytes;
      scene.feed(source, bytes);
      if (random() % 3 == 0) scene.pass(Millis(random() % 400));
    }
    for (uint64_t source = 1; source <= 3; ++source) scene.end(source);
    CHECK(scene.forgotten.size() == 3);
    CHECK_FALSE(scene.torn);
    CHECK(scene.heard == said);
  }
}

TEST_CASE("lines that are wanted whole wait for their end, alone too") {
  Scene always(1, LineArbiter::Whole::Always);
  always.feed(1, "one\nsec");
  CHECK(always.page.text == "one\n");
  always.pass(Millis(60'000));
  CHECK(always.page.text == "one\n");
  CHECK_FALSE(always.arbiter.deadline());
  always.feed(1, std::string(LineArbiter::kMaxHeld, 'x'));
  CHECK(always.page.text.size() > LineArbiter::kMaxHeld);
  Scene briefly(1, LineArbiter::Whole::Briefly);
  briefly.feed(1, "name? ");
  CHECK(briefly.page.text.empty());
  briefly.pass(Millis(100));
  CHECK(briefly.page.text == "name? ");
}
