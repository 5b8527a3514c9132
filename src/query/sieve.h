#pragma once
// Pieces of lines as they come from files, to whole lines, each judged by a
// filter: a match or not. What has been judged already (by a search) passes as
// a match. Stands between the merger and what becomes of lines (lines.h); lives
// on its thread. A line that has not ended is held until it has, or until
// finish().

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "query/line_filter.h"
#include "query/lines.h"
#include "query/printer.h"

namespace query {

class Sieve final : public Printer {
 public:
  // `rows`: the printer at the end of the row, for what concerns it alone.
  Sieve(LineSink& next, Printer& rows, const LineFilter& filter)
      : next_(next), rows_(rows), filter_(filter) {}

  // Whether what comes from now on was judged already.
  void set_judged(bool judged) { judged_ = judged; }
  // For a line that may go on in a record of which nothing came.
  void set_record_finder(
      std::function<std::optional<RecordBefore>(const Origin&)> find) {
    find_record_ = std::move(find);
  }
  // What matches before that, of an app, is no match.
  void set_first(const std::string& app, std::optional<base::Timestamp> first) {
    firsts_[app] = first;
  }
  // Whether a line that has not ended may yet go on behind lines of others. If
  // not it is shown as far as it goes, before them.
  void set_following(bool following) { following_ = following; }
  // Nothing more comes: shows what is held.
  void finish();

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  void passed_over(const Origin& origin) override;
  bool wants_more() const override { return next_.wants_more(); }
  void widen(size_t label_width) override { rows_.widen(label_width); }

  uint64_t matches() const { return matches_; }
  // Lines left out because they name no level, though one was asked for.
  uint64_t unlevelled() const { return unlevelled_; }

 private:
  struct Held {
    std::optional<base::Timestamp> time;
    std::string text;
    bool ends = true;
  };
  struct Flow {
    explicit Flow(const LineFilter& filter) : judge(filter) {}
    const Origin* origin = nullptr;
    RecordJudge judge;
    Held open;  // a line that goes on
    bool is_open = false;
    std::vector<Held> record;  // whose end has not come, with --records
  };

  Flow& flow_of(const Origin& origin);
  void close_open();
  bool takes(Flow& flow, std::optional<base::Timestamp> time,
             std::string_view text);
  void judge(Flow& flow, std::optional<base::Timestamp> time,
             std::string_view text, bool ends);
  void gather(Flow& flow, std::optional<base::Timestamp> time,
              std::string_view text, bool ends);
  void close_record(Flow& flow);
  void give(const Origin& origin, std::optional<base::Timestamp> time,
            std::string_view text, bool ends, bool match);

  LineSink& next_;
  Printer& rows_;
  const LineFilter& filter_;
  bool judged_ = false;
  bool following_ = false;
  Flow* open_ = nullptr;               // whose line is going on
  std::map<std::string, Flow> flows_;  // by path
  const Origin* last_origin_ = nullptr;
  Flow* last_ = nullptr;
  std::function<std::optional<RecordBefore>(const Origin&)> find_record_;
  std::map<std::string, std::optional<base::Timestamp>> firsts_;
  uint64_t matches_ = 0;
  uint64_t unlevelled_ = 0;
};

}  // namespace query
