#pragma once
// Pieces of lines as they come from files, to whole lines, each judged by a
// filter: a match or not. What has been judged already (by a search) passes as
// a match. Stands between the merger and what becomes of lines (lines.h); lives
// on its thread. A line that has not ended is held until it has, or until
// finish(). Whole records (--records) come in one piece each, in the order of
// their first lines: what is behind one that goes on is held, too, of all
// histories together not much more than a record may have.

#include <functional>
#include <list>
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
      : next_(next),
        rows_(rows),
        filter_(filter),
        whole_records_(filter.query().records && !filter.query().takes_all()) {}

  // Whether what comes from now on was judged already.
  void set_judged(bool judged) { judged_ = judged; }
  // For a line that may go on in a record of which nothing came.
  void set_record_finder(
      std::function<std::optional<RecordBefore>(const Origin&)> find) {
    find_record_ = std::move(find);
  }
  // Where the line lies that a history gave last: asked of each from now on, or
  // of none.
  using PlaceOf = std::function<HitPlace(const Origin&)>;
  void set_places(PlaceOf place_of) { place_of_ = std::move(place_of); }
  // What matches in that history before that place is no match.
  void set_first(const Origin& origin, HitPlace first) {
    flow_of(origin).first = first;
  }
  void forget_firsts();
  // Whether a line that has not ended may yet go on behind lines of others. If
  // not it is shown as far as it goes, before them.
  void set_following(bool following) { following_ = following; }
  // Nothing more comes: shows what is held.
  void finish();
  // Records as far as they have come.
  void close_records();

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool holds() const override { return !records_.empty(); }
  void release() override;
  void passed_over(const Origin& origin) override;
  bool wants_more() const override { return next_.wants_more(); }
  void widen(size_t label_width) override { rows_.widen(label_width); }

  uint64_t matches() const { return matches_; }
  // Lines left out because they name no level, though one was asked for.
  uint64_t unlevelled() const { return unlevelled_; }
  // Another has counted them.
  void forget_unlevelled() { unlevelled_ = 0; }

 private:
  // A line that goes on.
  struct OpenLine {
    std::optional<base::Timestamp> time;
    HitPlace place;
    std::string text;
  };
  struct Flow;
  // One whose end has not come, or that of one before it.
  struct Record {
    struct Line {
      std::optional<base::Timestamp> time;
      HitPlace place;
      size_t begin = 0;  // in the text
      bool ends = true;
    };
    Flow* flow = nullptr;
    std::vector<Line> lines;
    std::string text;  // of all, as patterns see it
    bool grew = true;  // since release() was called
    bool ended = false;
    bool taken = false;  // once it has ended
    std::string_view text_of(size_t line) const;
    size_t held() const {
      return sizeof(Record) + text.size() + lines.size() * sizeof(Line);
    }
  };
  using Records = std::list<Record>;
  // What was shown, or not, before its end had come.
  struct Released {
    bool taken = false;
    std::string previous;  // its last line
    RecordSize size;
  };
  struct Flow {
    explicit Flow(const LineFilter& filter) : judge(filter) {}
    const Origin* origin = nullptr;
    RecordJudge judge;
    OpenLine open;
    bool is_open = false;
    std::optional<Records::iterator> record;  // that goes on
    std::optional<Released> released;
    std::optional<HitPlace> first;
  };

  Flow& flow_of(const Origin& origin);
  HitPlace place_of(const Origin& origin) const {
    return place_of_ ? place_of_(origin) : HitPlace{};
  }
  void close_open();
  void end_open(Flow& flow, bool ends);
  bool takes(Flow& flow, const FoundLine& line);
  void judge(Flow& flow, FoundLine line);
  void gather(Flow& flow, const FoundLine& line);
  bool goes_on_released(Flow& flow, const FoundLine& line);
  bool close_record(Flow& flow);
  void release(Flow& flow);
  void give_ended();
  Records::iterator new_record(Flow& flow);
  void leave_record(Records::iterator record);
  void give(const Origin& origin, const FoundLine& line);

  LineSink& next_;
  Printer& rows_;
  const LineFilter& filter_;
  bool whole_records_;
  bool judged_ = false;
  bool following_ = false;
  Flow* open_ = nullptr;               // whose line is going on
  std::map<std::string, Flow> flows_;  // by path
  const Origin* last_origin_ = nullptr;
  Flow* last_ = nullptr;
  std::function<std::optional<RecordBefore>(const Origin&)> find_record_;
  PlaceOf place_of_;
  Records records_;  // in the order of their first lines
  size_t held_ = 0;  // of them all
  Records spares_;   // their room
  uint64_t matches_ = 0;
  uint64_t unlevelled_ = 0;
};

}  // namespace query
