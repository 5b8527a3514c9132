#include "query/last_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "query/reading.h"

namespace query {
namespace {

class LastLineCollector final : public Printer {
 public:
  void piece(const Origin& origin, const store::Piece& piece) override {
    if (piece.begins)
      lines.push_back({piece.time.value_or(base::Timestamp{}),
                       origin.kind == Kind::Error ? store::Stream::Error
                                                  : store::Stream::Out,
                       {}});
    std::string& text = lines.back().text;
    text.append(piece.text.substr(0, kLongestLastLine - text.size()));
  }
  bool event(const Origin&, const store::Event&) override { return false; }
  void settle() override {}
  bool wants_more() const override { return true; }

  std::vector<LastLine> lines;
};

base::Result<std::vector<LastLine>> read_last(const std::string& log_dir,
                                              const Query& query) {
  auto catalog = store::load_catalog(log_dir);
  if (!catalog) return base::fail(std::move(catalog.error()));
  auto plan = make_plan(*catalog, log_dir, query);
  if (!plan) return std::vector<LastLine>{};
  Reading reading(query, *plan, false);
  LastLineCollector collector;
  reading.replay(collector);
  if (!reading.problems().empty())
    return base::fail(std::move(reading.problems().front()));
  return std::move(collector.lines);
}

Query query_for(const std::string& app, int instance, base::Timestamp since,
                size_t n) {
  Query query;
  query.targets = {fmt::format("app:{}/{}", app, instance)};
  query.events = false;
  query.since = since;
  query.last = n;
  return query;
}

}  // namespace

base::Result<std::vector<LastLine>> last_lines(const std::string& log_dir,
                                               const std::string& app,
                                               int instance,
                                               base::Timestamp since,
                                               size_t n) {
  return read_last(log_dir, query_for(app, instance, since, n));
}

base::Result<std::vector<LastLine>> last_words(
    const std::string& log_dir, const std::string& app, int instance,
    base::Timestamp since, std::optional<base::Timestamp> until, size_t n) {
  auto query = query_for(app, instance, since, n);
  query.until = until;
  query.error = false;
  auto lines = read_last(log_dir, query);
  if (!lines) return lines;
  query.error = true;
  query.out = false;
  auto errors = read_last(log_dir, query);
  if (!errors) return errors;
  std::ranges::move(*errors, std::back_inserter(*lines));
  std::ranges::stable_sort(*lines, {}, &LastLine::time);
  return lines;
}

}  // namespace query
