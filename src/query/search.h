#pragma once
// Prepares the sources of a reading to give only the lines that a query wants:
// searched by several threads, in either direction, the last of each app alone
// where that is asked for. Lives on the thread that asks.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "query/hit_stream.h"
#include "query/source.h"

namespace query {

class Search {
 public:
  Search(const LineFilter& filter, const Query& query, bool wants_text,
         SearchProgress progress = {});

  // Sources whose limits are set, those of an app together. With query.last,
  // looks for the last lines of each app now.
  void begin(std::span<const std::unique_ptr<Source>> sources,
             Problems& problems);
  // The sources read on where their limits are. Called before they go.
  void end(std::span<const std::unique_ptr<Source>> sources);

  const SearchStats& stats() const { return stats_; }
  // Of the earliest line that query.last left of an app, if it left any out.
  std::optional<base::Timestamp> first_of(const std::string& app) const;
  // Where the first of the lines begins that it left of a history: behind all
  // where it left none; nullopt: no line of the app was left out.
  std::optional<HitPlace> first_place(const Source& source) const;

 private:
  std::unique_ptr<HitStream> stream(Source& source, Direction direction,
                                    std::optional<HitPlace> begin);
  void keep_last(std::span<Source* const> group, Problems& problems);

  Query query_;
  size_t streams_ = 1;
  SearchStats stats_;
  SearchProgress progress_;
  std::map<std::string, std::optional<base::Timestamp>> first_;
  std::map<const Source*, HitPlace> first_places_;
  SearchPool pool_;
};

}  // namespace query
