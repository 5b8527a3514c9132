#include "query/block_search.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <random>
#include <vector>

#include "query/counted_log.h"
#include "support/temp_dir.h"

namespace {

using query_test::CountedLog;

query::LineFilter filter_of(const query::LineQuery& query) {
  auto filter = query::LineFilter::compile(query);
  REQUIRE(filter);
  return std::move(*filter);
}

std::shared_ptr<query::SearchedLog> shared(store::Log& log) {
  auto searched = std::make_shared<query::SearchedLog>();
  searched->log = &log;
  searched->form = query::LineForm::Plain;
  searched->end = *log.size();
  return searched;
}

std::shared_ptr<query::SearchedLog> mapped(store::Log& log) {
  auto searched = shared(log);
  searched->view = log.view(searched->end, uint64_t{2} << 20);
  REQUIRE(searched->view);
  return searched;
}

std::vector<uint64_t> offsets(query::Searcher& searcher,
                              const std::shared_ptr<query::SearchedLog>& log,
                              uint64_t unit) {
  std::vector<uint64_t> found;
  for (uint64_t at = 0; at < log->end; at += unit) {
    const auto searched = searcher.search({.log = log,
                                           .begin = at,
                                           .end = std::min(log->end, at + unit),
                                           .frame = 0});
    for (const auto& hit : searched.hits) found.push_back(hit.offset);
  }
  return found;
}

}  // namespace

TEST_CASE("a searching thread asks a file that it shares for bytes alone") {
  CountedLog log("INFO head\n  at a\n  at b\n  at c\nERROR x\n  at d\n");
  const uint64_t end = *log.size();
  const uint64_t middle = 17;  // at "  at b"
  for (const bool with_pattern : {false, true}) {
    query::LineQuery query;
    query.text.none = {"zzz"};
    if (with_pattern) query.text.any = {"at"};
    const auto filter = filter_of(query);
    query::Searcher searcher(filter, true);
    const auto found = searcher.search(
        {.log = shared(log), .begin = middle, .end = end, .frame = 0});
    CHECK(found.hits.size() == (with_pattern ? 3 : 4));
  }
  CHECK(log.asked_for_times == 0);
}

TEST_CASE("a record without an end is gone through a few times at most") {
  std::string bytes;
  for (int i = 0; bytes.size() < 2'000'000; ++i)
    bytes += "   indented line " + std::to_string(i) + "\n";
  for (const bool with_pattern : {false, true}) {
    CAPTURE(with_pattern);
    query::LineQuery query;
    query.text.none = {"zzz"};
    if (with_pattern) query.text.any = {"line"};
    const auto filter = filter_of(query);
    query::Searcher searcher(filter, false);
    CountedLog log(bytes);
    const auto searched = shared(log);
    size_t hits = 0;
    for (uint64_t at = 0; at < searched->end; at += 500'000)
      hits += searcher
                  .search({.log = searched,
                           .begin = at,
                           .end = std::min(searched->end, at + 500'000),
                           .frame = 0})
                  .hits.size();
    CHECK(hits == static_cast<size_t>(std::ranges::count(bytes, '\n')));
    CHECK(log.read < 4 * bytes.size());
  }
}

TEST_CASE("units in any order give what a judge of every line takes") {
  std::mt19937 random(7);
  const auto number = [&](size_t most) { return random() % (most + 1); };
  constexpr std::string_view kGoesOn[] = {
      "    at main (x.js:1:2)", "  ERROR indented", "ValueError: ERROR x", "",
      "\tgoes on"};
  constexpr std::string_view kHeads[] = {"ERROR head", "INFO head", "plain"};
  size_t found = 0;
  for (int round = 0; round < 12; ++round) {
    std::string bytes;
    bool endless = number(1) == 0;
    while (bytes.size() < 700'000) {
      if (number(3000) == 0) endless = !endless;
      const bool goes_on = endless || number(2) > 0;
      bytes += goes_on ? kGoesOn[number(4)] : kHeads[number(2)];
      bytes += '\n';
    }
    query::LineQuery lines;
    if (number(1) == 0) lines.level = store::Level::Error;
    if (number(1) == 0 || !lines.level) lines.text.none = {"INFO"};
    if (number(1) == 0) lines.text.any = {"at"};
    lines.cap = number(1) == 0 ? query::RecordCap{number(3000), 1u << 30}
                               : query::RecordCap{1u << 30, number(400'000)};
    const auto filter = filter_of(lines);
    std::vector<uint64_t> expected;
    query::RecordJudge judge(filter);
    for (size_t at = 0; at < bytes.size();) {
      const size_t end = bytes.find('\n', at);
      if (judge.takes(std::string_view(bytes).substr(at, end - at)))
        expected.push_back(at);
      at = end + 1;
    }
    CountedLog log(bytes);
    const auto searched = shared(log);
    std::vector<query::Unit> units;
    for (uint64_t at = 0; at < searched->end; at += 100'000)
      units.push_back({.log = searched,
                       .begin = at,
                       .end = std::min(searched->end, at + 100'000),
                       .frame = 0});
    if (round % 3 == 1) std::ranges::reverse(units);
    if (round % 3 == 2) std::ranges::shuffle(units, random);
    query::Searcher searcher(filter, false);
    std::vector<uint64_t> got;
    for (const auto& unit : units)
      for (const auto& hit : searcher.search(unit).hits)
        got.push_back(hit.offset);
    std::ranges::sort(got);
    CAPTURE(round);
    CHECK(got == expected);
    found += got.size();
  }
  CHECK(found > 10'000);
}

TEST_CASE("what is looked at in place gives what it gives when it is read") {
  std::mt19937 random(11);
  const auto number = [&](size_t most) { return random() % (most + 1); };
  const support::TempDir dir;
  size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    std::string bytes;
    while (bytes.size() < 1'500'000) {
      bytes += number(9) == 0 ? "a needle " : "hay ";
      // Some lines are longer than a block, or a unit.
      bytes.append(number(2000) == 0 ? number(900'000) : number(300), 'y');
      if (number(30) == 0) bytes += "\x1b[1m";
      if (number(9) == 0) bytes += " needle";
      bytes += '\n';
    }
    if (round % 2 == 0) bytes += "no end needle";
    query::LineQuery lines;
    lines.text.any = {number(1) == 0 ? "needle" : "[m ]needle"};
    lines.text.invert = number(3) == 0;
    const auto filter = filter_of(lines);
    const auto log = store::open_log(dir.write("a.log", bytes));
    REQUIRE(log);
    query::Searcher searcher(filter, true);
    const uint64_t unit = 1 + number(1'000'000);
    const auto read = offsets(searcher, shared(**log), unit);
    CHECK(offsets(searcher, mapped(**log), unit) == read);
    CHECK(offsets(searcher, mapped(**log), bytes.size()) == read);
    found += read.size();
  }
  CHECK(found > 1000);
}

TEST_CASE("of a log that is cut while it is looked at, what is left is found") {
  const support::TempDir dir;
  std::string bytes;
  while (bytes.size() < 2'000'000) bytes += "needle in a line\n";
  struct Cut {
    uint64_t left;
    uint64_t unit;
  };
  const size_t page = 64 << 10;
  for (const auto& [left, unit] :
       {Cut{0, 500'000}, Cut{85'000, 500'000}, Cut{1'000'003, 500'000},
        // Within the last page, which is there, and has zeros.
        Cut{bytes.size() - 30, bytes.size()},
        // At a page, within a line that begins in the unit before it.
        Cut{7 * page, 7 * page}}) {
    CAPTURE(left);
    query::LineQuery lines;
    lines.text.any = {"zzz"};
    lines.text.invert = true;
    const auto filter = filter_of(lines);
    const auto path = dir.write("a.log", bytes);
    const auto log = store::open_log(path);
    REQUIRE(log);
    const auto searched = mapped(**log);
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(left)) == 0);
    query::Searcher searcher(filter, true);
    std::string found;
    for (uint64_t at = 0; at < searched->end; at += unit) {
      const auto end = std::min(searched->end, at + unit);
      const auto hits = searcher.search(
          {.log = searched, .begin = at, .end = end, .frame = 0});
      for (const auto& hit : hits.hits)
        found.append(hits.text, hit.text_at, hit.size).append("\n");
    }
    auto wanted = bytes.substr(0, left);
    if (!wanted.empty() && !wanted.ends_with('\n')) wanted += '\n';
    CHECK(found == wanted);
  }
}
