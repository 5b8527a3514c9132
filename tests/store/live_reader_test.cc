#include "store/live_reader.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <random>

#include "base/fs.h"
#include "store/line.h"

namespace {

constexpr int64_t kStart = 1'795'256'100'000'000;

std::string stamped(int64_t us, std::string_view text) {
  return base::format_stamp({kStart + us}) + " " + std::string(text);
}

// A file without a name.
class File {
 public:
  explicit File(std::string_view bytes = "") {
    std::string name = "/tmp/lodge-live-XXXXXX";
    fd_ = base::UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
    (void)base::fs::unlink(name);
    log_ = std::make_unique<store::FileLog>(fd_.get(), "test");
    append(bytes);
  }
  void append(std::string_view bytes) {
    (void)base::fs::write_all(fd_.get(), bytes, "test");
    size_ += bytes.size();
  }
  store::Log& log() const { return *log_; }
  uint64_t size() const { return size_; }

 private:
  base::UniqueFd fd_;
  std::unique_ptr<store::FileLog> log_;
  uint64_t size_ = 0;
};

struct Found {
  std::optional<base::Timestamp> time;
  std::string text;
  bool ended = false;
  bool operator==(const Found&) const = default;
};

// All lines up to `limit`, pieces joined.
std::vector<Found> lines_of(store::LiveReader& reader, uint64_t limit,
                            bool partial) {
  std::vector<Found> lines;
  store::Piece piece;
  for (;;) {
    auto more = reader.next(limit, partial, piece);
    REQUIRE(more);
    if (!*more) return lines;
    if (piece.begins || lines.empty()) lines.push_back({piece.time, {}, false});
    lines.back().text.append(piece.text);
    lines.back().ended = piece.ends;
  }
}

std::string random_text(std::mt19937& random) {
  const auto number = [&](int to) {
    return std::uniform_int_distribution<int>(0, to)(random);
  };
  // Around the sizes of buffers, where mistakes live.
  const int size = number(3) == 0 ? 65'500 + number(100) : number(300);
  std::string text(static_cast<size_t>(size), 'x');
  for (char& c : text) c = static_cast<char>(number(255));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

TEST_CASE("forward and backward see the lines that were written") {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    CAPTURE(round);
    std::vector<Found> wanted;
    std::string bytes;
    std::optional<base::Timestamp> time;
    const int count = static_cast<int>(random() % 40);
    for (int i = 0; i < count; ++i) {
      const bool has_stamp = random() % 5 != 0;
      const bool ended = i + 1 < count || random() % 2 == 0;
      const std::string text = has_stamp ? random_text(random) : "foreign";
      if (has_stamp) time = base::Timestamp{kStart + i};
      bytes += has_stamp ? stamped(i, text) : text;
      if (ended) bytes += '\n';
      wanted.push_back({time, text, ended});
    }
    const File file(bytes);
    store::LiveReader reader(file.log());
    CHECK((lines_of(reader, file.size(), true) == wanted));
    CHECK(reader.offset() == file.size());

    // Without partial lines: all but the last, if that has not ended.
    reader.seek(0);
    auto whole = wanted;
    if (!whole.empty() && !whole.back().ended) whole.pop_back();
    CHECK((lines_of(reader, file.size(), false) == whole));
    CHECK(reader.offset() == *store::end_of_lines(file.log(), file.size()));

    store::BackwardLines back(file.log(), file.size());
    for (size_t i = wanted.size(); i-- > 0;) {
      auto mark = back.previous();
      REQUIRE(mark);
      REQUIRE(*mark);
      reader.seek((*mark)->start);
      const auto from = lines_of(reader, file.size(), true);
      REQUIRE(from.size() == wanted.size() - i);
      CHECK(from[0].text == wanted[i].text);
      CHECK((*mark)->ended == wanted[i].ended);
    }
    CHECK(!*back.previous());
  }
}

TEST_CASE("a line that has not ended stays unread until it has") {
  File file(stamped(0, "ha"));
  store::LiveReader reader(file.log());
  store::Piece piece;
  CHECK(!*reader.next(file.size(), false, piece));
  CHECK(reader.offset() == 0);
  file.append("lf\n");
  REQUIRE(*reader.next(file.size(), false, piece));
  CHECK(piece.text == "half");
  CHECK(piece.ends);
}

TEST_CASE("what was given of a line is not given again") {
  File file(stamped(0, "ha"));
  store::LiveReader reader(file.log());
  store::Piece piece;
  REQUIRE(*reader.next(file.size(), true, piece));
  CHECK(piece.text == "ha");
  CHECK(!piece.ends);
  CHECK(!*reader.next(file.size(), true, piece));
  file.append("lf\n");
  REQUIRE(*reader.next(file.size(), true, piece));
  CHECK(piece.text == "lf");
  CHECK(!piece.begins);
  CHECK(piece.ends);
}

TEST_CASE("a line goes on in a file that begins with a copy of it") {
  const File old(stamped(0, "x\n") + stamped(1, "ha"));
  store::LiveReader reader(old.log());
  (void)lines_of(reader, old.size(), true);
  CHECK(reader.given() == 2);
  const File fresh(stamped(1, "half\n"));
  reader.move_to(fresh.log());
  store::Piece piece;
  REQUIRE(*reader.next(fresh.size(), true, piece));
  CHECK(piece.text == "lf");
  CHECK(piece.ends);
}

TEST_CASE("a stamp that is being written is not text") {
  File file("2026-11-21T10:");
  store::LiveReader reader(file.log());
  store::Piece piece;
  CHECK(!*reader.next(file.size(), true, piece));
  file.append("15:00.000000Z a\n");
  REQUIRE(*reader.next(file.size(), true, piece));
  CHECK(piece.text == "a");
}

TEST_CASE("a file with less than was promised ends") {
  const File file(stamped(0, "ha"));
  store::LiveReader reader(file.log());
  CHECK(lines_of(reader, file.size() + 1000, true).size() == 1);
}

TEST_CASE("a range holds every line that it should") {
  std::string bytes;
  for (int i = 0; i < 30'000; ++i)
    bytes += stamped(i * 1'000'000ll, std::to_string(i)) + "\n";
  const File file(bytes);
  for (const int64_t from : {-5, 0, 100, 15'000, 29'999, 40'000}) {
    CAPTURE(from);
    const base::Timestamp since{kStart + from * 1'000'000};
    const base::Timestamp until{since.us + 10'000'000};
    auto range = store::find_range(file.log(), file.size(), since, until);
    REQUIRE(range);
    store::LiveReader reader(file.log());
    reader.seek(range->begin);
    int64_t count = 0;
    for (const auto& line : lines_of(reader, range->end, true))
      if (line.time >= since && line.time < until) ++count;
    CHECK(count == std::clamp<int64_t>(30'000 - from, 0, 10) -
                       std::clamp<int64_t>(-from, 0, 10));
    // And it is narrow, or there was no need to search.
    CHECK(range->end - range->begin < 300'000);
  }
}

TEST_CASE("reading to the end tells where it is, and gives the lines once") {
  File file(stamped(1, "one\n"));
  store::LiveReader reader(file.log());
  CHECK(lines_of(reader, file.size(), false).size() == 1);
  reader.release_buffer();
  SUBCASE("nothing was added: only the size tells") {
    CHECK_FALSE(reader.read_to_end().value().has_value());
  }
  SUBCASE("a line, and one that has not ended") {
    file.append(stamped(2, "two\n") + stamped(3, "thr"));
    const auto end = reader.read_to_end().value();
    REQUIRE(end == file.size());
    // What came since is not asked for.
    file.append("ee\n");
    CHECK(lines_of(reader, *end, false) ==
          std::vector<Found>{{base::Timestamp{kStart + 2}, "two", true}});
    CHECK(lines_of(reader, file.size(), false) ==
          std::vector<Found>{{base::Timestamp{kStart + 3}, "three", true}});
  }
  SUBCASE("more than a buffer: only the size tells, no line is lost") {
    for (int i = 0; i < 4000; ++i) file.append(stamped(4 + i, "a line\n"));
    CHECK_FALSE(reader.read_to_end().value().has_value());
    CHECK(lines_of(reader, file.size(), false).size() == 4000);
  }
  SUBCASE("a buffer that has been read is not read again") {
    file.append(stamped(2, "two\n"));
    REQUIRE(reader.read_to_end().value() == file.size());
    CHECK_FALSE(reader.read_to_end().value().has_value());
    CHECK(lines_of(reader, file.size(), false).size() == 1);
  }
}
