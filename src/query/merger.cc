#include "query/merger.h"

#include <algorithm>

namespace query {
namespace {

struct Head {
  std::optional<base::Timestamp> key;
  size_t index = 0;
  Source* source = nullptr;
};

// For a heap whose top comes first.
struct Later {
  bool backward = false;
  bool operator()(const Head& a, const Head& b) const {
    const Head& x = backward ? b : a;
    const Head& y = backward ? a : b;
    return x.key != y.key ? x.key > y.key : x.index > y.index;
  }
};

bool advance(Source& source, Problems& problems) {
  if (source.advance_at_hand()) return true;
  for (;;) {
    // One segment that can't be read is no reason to leave the others.
    const bool goes_on = source.goes_on();
    auto more = source.advance();
    if (more) return *more;
    problems.push_back(std::move(more.error()));
    if (!goes_on) return false;
  }
}

uint64_t give(Source& source, Printer& printer) {
  if (source.take_skipped()) printer.passed_over(source.origin());
  if (source.has_event())
    return printer.event(source.origin(), source.event()) ? 1 : 0;
  printer.piece(source.origin(), source.piece());
  return source.piece().begins ? 1 : 0;
}

uint64_t give_all(Source& source, Printer& printer, Problems& problems) {
  uint64_t count = 0;
  while (printer.wants_more() && advance(source, problems))
    count += give(source, printer);
  return count;
}

}  // namespace

uint64_t merge(std::span<Source* const> sources, Printer& printer,
               Problems& problems, bool backward) {
  if (sources.size() == 1) return give_all(*sources[0], printer, problems);
  const Later later{backward};
  std::vector<Head> heap;
  for (size_t i = 0; i < sources.size(); ++i)
    if (advance(*sources[i], problems))
      heap.push_back({sources[i]->key(), i, sources[i]});
  std::ranges::make_heap(heap, later);
  uint64_t count = 0;
  while (!heap.empty() && printer.wants_more()) {
    std::ranges::pop_heap(heap, later);
    Head head = heap.back();
    heap.pop_back();
    for (;;) {
      count += give(*head.source, printer);
      const bool line_goes_on =
          !head.source->has_event() && !head.source->piece().ends;
      if (!printer.wants_more() || !advance(*head.source, problems)) break;
      head.key = head.source->key();
      if (line_goes_on && !head.source->piece().begins) continue;
      if (heap.empty() || later(heap.front(), head)) continue;
      heap.push_back(head);
      std::ranges::push_heap(heap, later);
      break;
    }
  }
  return count;
}

}  // namespace query
