#include <doctest/doctest.h>

#include "query/last_matches.h"
#include "query/sheet.h"
#include "query/sieve.h"

namespace {

using query_test::origin_of;
using query_test::piece_of;

// Of the lines that match: how many, and how many records they are.
class Counter final : public query::LineSink {
 public:
  void line(const query::Origin&, const query::FoundLine& line) override {
    if (!line.match) return;
    ++lines;
    if (line.begins) ++records;
  }
  void event(const query::Origin&, const store::Event&) override {}
  void settle() override {}
  bool wants_more() const override { return true; }
  bool needs_others() const override { return false; }
  bool owes_context() const override { return false; }

  size_t lines = 0;
  size_t records = 0;
};

class Nothing final : public query::Printer {
 public:
  void piece(const query::Origin&, const store::Piece&) override {}
  bool event(const query::Origin&, const store::Event&) override {
    return false;
  }
  void settle() override {}
  bool wants_more() const override { return true; }
};

query::LineFilter whole_records(std::string pattern) {
  query::LineQuery query;
  query.text.any = {std::move(pattern)};
  query.records = true;
  auto filter = query::LineFilter::compile(query);
  REQUIRE(filter);
  return std::move(*filter);
}

}  // namespace

TEST_CASE("a record without an end is matched in what is held of it") {
  const auto filter = whole_records("(?s)begin.*more|more");
  Counter counter;
  Nothing rows;
  query::Sieve sieve(counter, rows, filter);
  const auto origin = origin_of("api");
  SUBCASE("in lines") {
    sieve.piece(origin, piece_of("begin"));
    for (size_t i = 1; i < query::kMostRecordLines; ++i)
      sieve.piece(origin, piece_of("  more"));
    CHECK(counter.lines == 0);
    sieve.piece(origin, piece_of("  more"));
    CHECK(counter.lines == query::kMostRecordLines);
    CHECK(counter.records == 1);
    sieve.finish();
    CHECK(counter.lines == query::kMostRecordLines + 1);
    CHECK(counter.records == 2);
  }
  SUBCASE("in bytes") {
    const std::string line = "  more" + std::string(999'993, '.');
    sieve.piece(origin, piece_of("begin"));
    for (int i = 0; i < 16; ++i) sieve.piece(origin, piece_of(line));
    CHECK(counter.lines == 0);
    sieve.piece(origin, piece_of(line));
    CHECK(counter.lines == 17);
    CHECK(counter.records == 1);
  }
}

TEST_CASE("records of many histories have one bound together") {
  const auto filter = whole_records("more");
  Counter counter;
  Nothing rows;
  query::Sieve sieve(counter, rows, filter);
  std::vector<query::Origin> origins;
  for (int i = 0; i < 100; ++i) {
    origins.push_back(origin_of("api", i));
    origins.back().path = std::to_string(i);
  }
  const std::string line = "  more" + std::string(65'000, '.');
  for (int i = 0; i < 10; ++i)
    for (const auto& origin : origins) sieve.piece(origin, piece_of(line));
  CHECK(counter.lines > 500);
  CHECK(counter.records > 0);
  sieve.finish();
  CHECK(counter.lines == 1'000);
}

TEST_CASE("of the last matches of an app it is known where they begin") {
  query::LastMatches last(2);
  const auto out = origin_of("api", 0, query::Kind::Out);
  const auto error = origin_of("api", 0, query::Kind::Error);
  const auto other = origin_of("web");
  const auto give = [&](const query::Origin& origin, uint64_t offset,
                        bool begins = true, bool match = true) {
    query::FoundLine line;
    line.match = match;
    line.begins = begins;
    line.place = {0, offset};
    last.line(origin, line);
  };
  give(out, 10);
  give(out, 20, false);
  give(error, 5, true, false);
  give(error, 7);
  CHECK_FALSE(last.first_of(out));
  CHECK_FALSE(last.first_of(error));
  give(error, 30);
  CHECK(last.first_of(out) == query::kBehindAll);
  CHECK(last.first_of(error) == query::HitPlace{0, 7});
  CHECK_FALSE(last.first_of(other));
  give(other, 1);
  CHECK_FALSE(last.first_of(other));
  CHECK(query::LastMatches(0).first_of(out) == query::kBehindAll);
}
