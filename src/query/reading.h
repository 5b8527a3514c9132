#pragma once
// The files of a plan, opened together and read once from where a query begins
// to where they ended at that moment. A follower goes on with the same sources
// from there: no line is missed, none comes twice.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "query/excerpts.h"
#include "query/line_filter.h"
#include "query/merger.h"
#include "query/planner.h"
#include "query/search.h"

namespace query {

class Reading {
 public:
  // With `to_be_followed`, lines that have not ended are left for later.
  Reading(const Query& query, const Plan& plan, bool to_be_followed);

  // Everything up to now. Answers how many lines and events there were.
  uint64_t replay(Printer& printer);
  // The same, of the lines that the filter takes alone, in the direction that
  // the query asks for. Without `wants_text` they have none.
  uint64_t search(Printer& printer, const LineFilter& filter,
                  bool wants_text = true);
  // The same as replay(), of all lines whatever query.last says, again and
  // again: for who chooses from them himself.
  uint64_t replay_all(Printer& printer);
  // All lines, or no more of them than lie around those that the filter takes:
  // who prints has to judge them again. `first`: by history, where the first of
  // its matches begins, where query.last left out others. Answers whether
  // stats() are of all lines: false when the search gave up.
  bool replay_around(
      Printer& printer, const LineFilter& filter, const Around& around,
      const std::function<void(const Origin&, HitPlace first)>& first);
  const SearchStats& stats() const { return stats_; }
  // Hears of each unit that a search has come to the end of.
  void on_progress(SearchProgress tell) { progress_ = std::move(tell); }

  // Gives only what comes after; before anything is read. False when that line
  // is gone, and what there is begins behind it.
  bool begin_after(const std::vector<Cursor>& cursors);
  const std::optional<Cursor>& after() const { return after_; }
  // Of that source, the line before which nothing is given.
  std::optional<Cursor> shown_of(const Source& source) const;
  // That the line given last is of.
  const Source* find(const Origin& origin) const;

  // One more file, read from its beginning.
  Source& add(const Origin& origin);
  std::vector<std::unique_ptr<Source>>& sources() { return sources_; }
  const std::vector<std::unique_ptr<Source>>& sources() const {
    return sources_;
  }
  const Query& query() const { return query_; }
  Problems& problems() { return problems_; }
  size_t label_width() const;

 private:
  void open_all();
  std::vector<Source*> place_all();
  void settle(Printer& printer);
  bool begin_behind(Source& source, Cursor shown);

  Query query_;
  bool to_be_followed_;
  std::optional<Cursor> after_;
  std::vector<Cursor> shown_;  // of sources, last
  std::vector<std::unique_ptr<Source>> sources_;
  Problems problems_;
  SearchStats stats_;
  SearchProgress progress_;
};

}  // namespace query
