#include "capture/line_arbiter.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

using base::Millis;
using capture::LineArbiter;

namespace {

// The file as the arbiter orders it; "|" marks a newline that is not the
// child's.
struct Page final : LineArbiter::Output {
  void write(uint64_t, std::string_view bytes, base::Timestamp) override {
    text.append(bytes);
  }
  void end_line(uint64_t source) override {
    text += "|\n";
    ended.push_back(source);
  }
  std::string text;
  std::vector<uint64_t> ended;
};

struct Scene {
  explicit Scene(int sources) {
    for (int i = 1; i <= sources; ++i) arbiter.attach(i, now);
  }
  void feed(uint64_t source, std::string_view bytes) {
    arbiter.feed(source, bytes, {++stamp}, now, page);
  }
  void pass(Millis time) {
    now += time;
    while (arbiter.deadline() && *arbiter.deadline() <= now)
      arbiter.tick(now, page);
  }
  LineArbiter arbiter;
  Page page;
  base::MonoTime now{std::chrono::hours(1)};
  int64_t stamp = 0;
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

TEST_CASE("who waits is left unread once 64 KiB of it are held") {
  Scene scene(2);
  scene.feed(1, "ow");
  scene.pass(Millis(100));
  CHECK(scene.arbiter.room(2) == LineArbiter::kMaxHeld);
  scene.feed(2, std::string(1000, 'x'));
  CHECK(scene.arbiter.room(2) == LineArbiter::kMaxHeld - 1000);
  scene.feed(2, std::string(scene.arbiter.room(2), 'x'));
  CHECK(scene.arbiter.room(2) == 0);
  CHECK(scene.arbiter.room(1) > LineArbiter::kMaxHeld);
  scene.feed(1, "\n");
  CHECK(scene.arbiter.room(2) > LineArbiter::kMaxHeld);
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
  scene.arbiter.end(1, scene.now, scene.page);
  CHECK(scene.page.text == "held|\n");
  scene.feed(2, "owned");
  scene.pass(Millis(100));
  scene.arbiter.end(2, scene.now, scene.page);
  CHECK(scene.page.text == "held|\nowned|\n");
  CHECK(scene.page.ended == std::vector<uint64_t>{1, 2});
}

TEST_CASE("what an ended source left waits for the owner's line to end") {
  Scene scene(2);
  scene.feed(1, "ow");
  scene.pass(Millis(100));
  scene.feed(2, "last words\nand mo");
  scene.arbiter.end(2, scene.now, scene.page);
  CHECK(scene.page.text == "ow");
  CHECK(scene.arbiter.knows(2));
  scene.feed(1, "ner\n");
  CHECK(scene.page.text == "owner\nlast words\nand mo|\n");
  CHECK_FALSE(scene.arbiter.knows(2));
}

TEST_CASE("who is left alone gets its partial line out at once") {
  Scene scene(2);
  scene.feed(1, "name? ");
  scene.arbiter.end(2, scene.now, scene.page);
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
  scene.arbiter.finish(scene.now, scene.page);
  CHECK(scene.page.text == "a|\nb\nb|\nc");
}

namespace {

// Holds the arbiter to its promises piece by piece.
struct Witness final : LineArbiter::Output {
  void write(uint64_t source, std::string_view bytes,
             base::Timestamp) override {
    if (source != last_source && !at_line_end) torn = true;
    last_source = source;
    at_line_end = bytes.back() == '\n';
    heard[source].append(bytes);
  }
  void end_line(uint64_t source) override {
    if (at_line_end || source != last_source) torn = true;
    at_line_end = true;
  }
  std::map<uint64_t, std::string> heard;
  uint64_t last_source = 0;
  bool at_line_end = true;
  bool torn = false;
};

}  // namespace

TEST_CASE("random fragments of three sources: nothing torn, lost, reordered") {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    LineArbiter arbiter;
    Witness witness;
    base::MonoTime now{std::chrono::hours(1)};
    std::map<uint64_t, std::string> said;
    for (uint64_t source = 1; source <= 3; ++source)
      arbiter.attach(source, now);
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
      bytes = bytes.substr(0, arbiter.room(source));
      said[source] += bytes;
      arbiter.feed(source, bytes, {step}, now, witness);
      if (random() % 3 != 0) continue;
      now += Millis(random() % 400);
      if (arbiter.deadline() && *arbiter.deadline() <= now)
        arbiter.tick(now, witness);
    }
    for (uint64_t source = 1; source <= 3; ++source)
      arbiter.end(source, now, witness);
    CHECK(arbiter.empty());
    CHECK_FALSE(witness.torn);
    CHECK(witness.heard == said);
  }
}
