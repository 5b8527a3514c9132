#include "query/block_search.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "query/counted_log.h"

namespace {

using query_test::CountedLog;

query::LineFilter filter_of(const query::LineQuery& query) {
  auto filter = query::LineFilter::compile(query);
  REQUIRE(filter);
  return std::move(*filter);
}

std::shared_ptr<query::SearchedLog> shared(CountedLog& log) {
  auto searched = std::make_shared<query::SearchedLog>();
  searched->log = &log;
  searched->form = query::LineForm::Plain;
  searched->end = *log.size();
  return searched;
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
