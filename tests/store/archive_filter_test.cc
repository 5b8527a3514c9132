// The filter never says no to what is there.

#include <doctest/doctest.h>

#include <algorithm>

#include "store/archive_rig.h"
#include "store/grams.h"
#include "support/sanitized.h"

using namespace archive_rig;
using store::ArchiveOptions;

namespace {

std::string other_case(std::string text, Random& random) {
  for (char& c : text) {
    const auto lower = static_cast<char>(c | 0x20);
    if (lower < 'a' || lower > 'z' || random() % 2 == 0) continue;
    c = static_cast<char>(c ^ 0x20);
  }
  return text;
}

ArchiveOptions random_options(Random& random) {
  ArchiveOptions options;
  options.frame_size = 500 + random() % 3000;
  options.most_in_frame = 2 * options.frame_size + 500;
  options.index_share = 0.3 + static_cast<double>(random() % 40) / 10;
  options.index_density = 0.4 + static_cast<double>(random() % 30) / 10;
  return options;
}

struct Asked {
  size_t literals = 0;
  size_t cleared = 0;  // frames, of
  size_t asked = 0;
};

// Substrings of a log's lines; more often than not near where a frame is cut.
void ask(Kind kind, size_t count, Random& random, Asked& asked) {
  const auto log = random_log(kind, 20'000 + random() % 150'000, random);
  const Archive archive(log, is_stamped(kind), random_options(random));
  auto reader = archive.open();
  REQUIRE(reader.problems().empty());
  const auto lines = child_lines(log, is_stamped(kind), reader.frames());
  std::vector<size_t> divided;
  for (size_t i = 0; i < lines.size(); ++i)
    if (lines[i].first != lines[i].last) divided.push_back(i);
  for (size_t i = 0; i < count; ++i) {
    const bool cut = !divided.empty() && random() % 4 == 0;
    const auto& line = lines[cut ? divided[random() % divided.size()]
                                 : random() % lines.size()];
    const size_t at = line.text.empty() ? 0 : random() % line.text.size();
    auto literal = line.text.substr(at, random() % 61);
    const bool folded = random() % 2 == 0;
    if (folded) literal = other_case(std::move(literal), random);
    std::vector<bool> frames(reader.frames().size(), true);
    REQUIRE(reader.filter(literal, folded, frames));
    bool kept = true;
    for (size_t f = line.first; f <= line.last; ++f) kept = kept && frames[f];
    if (!kept)
      FAIL("cleared: '" << literal << "' of a line of " << line.text.size()
                        << " bytes, frames " << line.first << " to "
                        << line.last);
    ++asked.literals;
    asked.asked += frames.size();
    asked.cleared += static_cast<size_t>(std::ranges::count(frames, false));
  }
  CHECK(reader.problems().empty());
}

}  // namespace

TEST_CASE("no frame is cleared that holds the literal") {
  Random random(17);
  Asked asked;
  const int rounds = support::kSanitized ? 2 : 25;
  const size_t count = support::kSanitized ? 200 : 2000;
  for (const Kind kind : kKinds)
    for (int round = 0; round < rounds; ++round)
      ask(kind, count, random, asked);
  MESSAGE(asked.literals << " literals, of " << asked.asked << " frames "
                         << asked.cleared << " cleared");
  CHECK(asked.cleared > asked.asked / 20);
}

TEST_CASE(
    "a literal over a cut keeps both frames, and all that share the line") {
  ArchiveOptions options;
  options.frame_size = 2000;
  options.most_in_frame = 5000;
  options.index_share = 10;
  Random random(23);
  std::string line;
  while (line.size() < 22'000) line += std::to_string(random()) + "-x";
  const std::string log = "first\n" + line + "\nlast\n";
  const Archive archive(log, false, options);
  auto reader = archive.open();
  REQUIRE(reader.frames().size() > 5);
  for (size_t at = 0; at + 40 < line.size(); at += 7) {
    std::vector<bool> frames(reader.frames().size(), true);
    REQUIRE(reader.filter(line.substr(at, 40), false, frames));
    for (size_t f = 0; f < frames.size(); ++f)
      if (f > 0 && !reader.frames()[f].begins_line) REQUIRE(frames[f]);
  }
  std::vector<bool> frames(reader.frames().size(), true);
  REQUIRE(reader.filter("in no frame of these", false, frames));
  CHECK(std::ranges::none_of(frames, std::identity()));
}

TEST_CASE("a literal over the end of a group is looked for in both groups") {
  ArchiveOptions options;
  options.frame_size = 2000;
  options.most_in_frame = 5000;
  options.index_share = 1000;
  options.index_density = 8;  // so that no frame passes by chance
  Random random(53);
  std::string line;
  while (line.size() < 400'000) line += std::to_string(random()) + "-x";
  const Archive archive(line + "\n", false, options);
  auto reader = archive.open();
  const auto& all = reader.frames();
  REQUIRE(all.size() > 64);
  REQUIRE(reader.has_filter());
  for (size_t f = 1; f < all.size(); ++f)
    for (const uint64_t before : {3, 11, 20, 29, 37}) {
      std::vector<bool> frames(all.size(), true);
      const auto literal = line.substr(all[f].begin - before, 40);
      REQUIRE(reader.filter(literal, false, frames));
      REQUIRE_MESSAGE(frames[f], f);
      REQUIRE_MESSAGE(frames[f - 1], f);
    }
}

TEST_CASE("a frame with an escape that a colour divides says that it has one") {
  const auto unescaped = [](std::string_view line) {
    const Archive archive(line, false, {});
    auto reader = archive.open();
    REQUIRE(reader.frames().size() == 1);
    return reader.frames()[0].unescaped;
  };
  CHECK_FALSE(unescaped("{\"cust\\u006fmer\":7}\n"));
  CHECK_FALSE(unescaped("{\"cust\\\x1b[31mu006fmer\":7}\n"));
  CHECK(unescaped("{\"cust\x1b[31momer\":7}\n"));
}

TEST_CASE("stamps are no part of what the filter knows") {
  const std::string stamp = "2026-11-21T10:15:02.123456Z";
  const Archive archive(stamp + " some text of a line\n" + "{\"@lodge\":\"" +
                            stamp + "\",\"a\":1,\"b\":\"cdef\"}\n" +
                            "  {\"@lodge\":\"" + stamp + "\"}\n",
                        true, {.index_density = 8, .index_share = 1000});
  auto reader = archive.open();
  REQUIRE(reader.has_filter());
  const auto holds = [&](std::string_view literal) -> bool {
    std::vector<bool> frames(1, true);
    REQUIRE(reader.filter(literal, false, frames));
    return frames[0];
  };
  CHECK(holds("some text of a line"));
  CHECK(holds("{\"a\":1,\"b\":\"cdef\"}"));
  CHECK(holds("  {}"));
  CHECK_FALSE(holds("02.123456Z some text"));
  CHECK_FALSE(holds("\"@lodge\":"));
  CHECK_FALSE(holds("2026-11-21T10"));
}

TEST_CASE("of short literals and of several lines nothing is known") {
  const Archive archive(std::string(1000, 'x') + "\n", false,
                        {.index_share = 1000});
  auto reader = archive.open();
  REQUIRE(reader.has_filter());
  for (const std::string literal :
       {"", "a", "abcd", "1234", "123456", "absent\nlines"}) {
    std::vector<bool> frames(1, true);
    REQUIRE(reader.filter(literal, false, frames));
    CHECK_MESSAGE(frames[0], literal);
  }
  std::vector<bool> frames(1, true);
  REQUIRE(reader.filter("absent", false, frames));
  CHECK_FALSE(frames[0]);
}

TEST_CASE("the grams of a text are those of all its pieces, however it comes") {
  Random random(29);
  auto whole = std::make_unique<store::GramBits>();
  auto pieces = std::make_unique<store::GramBits>();
  const int rounds = support::kSanitized ? 20 : 200;
  for (int round = 0; round < rounds; ++round) {
    const auto log = random_log(round % 2 == 0 ? Kind::Unstamped : Kind::Noise,
                                random() % 9000, random);
    whole->fill(0);
    pieces->fill(0);
    store::GramCollector grams;
    grams.redirect(*whole);
    grams.add(log);
    grams.finish();
    grams.redirect(*pieces);
    for (std::string_view rest = log; !rest.empty();) {
      const size_t size = std::min<size_t>(rest.size(), 1 + random() % 300);
      grams.add(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    grams.finish();
    CHECK((*whole == *pieces));
    // And they are, exactly, those of each line taken as a literal.
    auto naive = std::make_unique<store::GramBits>();
    naive->fill(0);
    for (const auto& line : child_lines(log, false, {}))
      for (const uint32_t key : store::gram_keys(line.text))
        (*naive)[key / 64] |= uint64_t{1} << (key % 64);
    CHECK((*naive == *whole));
  }
}
