#include "query/block_search.h"

#include <doctest/doctest.h>

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
