#pragma once
// Which lines a query wants: by their text, level and fields. A record's lines
// (records.h) share the verdict on its first, its head, unless told otherwise:
// a stack trace goes where its error goes. Immutable after compile(); threads
// take a clone() each, as of a Pattern.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/expression.h"
#include "query/pattern.h"
#include "query/records.h"
#include "store/levels.h"

namespace query {

struct LineQuery {
  TextQuery text;
  std::optional<store::Level> level;  // at least; lines without one are out
  std::vector<std::string> where;     // expression.h; all of them
  bool lines_only = false;            // each line for itself
  bool records = false;               // patterns see whole records
  RecordCap cap{};
  bool takes_all() const;
};

class LineFilter {
 public:
  // Errc::Invalid for a pattern or an expression.
  static base::Result<LineFilter> compile(const LineQuery& query);
  LineFilter clone() const;

  const LineQuery& query() const { return query_; }
  const Pattern& pattern() const { return pattern_; }
  // Whether lines are judged with the head of their record.
  bool by_record() const { return by_record_; }
  // Whether levels, fields or exclusions play a part.
  bool judges_heads() const { return judges_heads_; }

  // Level, fields, and no exclusion.
  bool takes_head(std::string_view text) const;
  // Text patterns and no exclusion: what each line must satisfy itself.
  bool takes_line(std::string_view text) const;
  // Both, for queries whose lines are judged alone.
  bool takes(std::string_view text) const {
    return takes_line(text) && (!judges_heads_ || takes_head(text));
  }
  // Lacks a level though one was asked for.
  bool is_unlevelled(std::string_view text) const;

  // What each line to be shown must hold. By record: what the line itself must
  // hold, if its text is asked for, else what its head must.
  const Requirement& requirement() const { return requirement_; }

 private:
  LineFilter(LineQuery query, Pattern pattern)
      : query_(std::move(query)), pattern_(std::move(pattern)) {}

  LineQuery query_;
  Pattern pattern_;
  // Shared by clones: an expression is never changed and any thread may ask it.
  std::shared_ptr<const std::vector<Expression>> where_;
  Requirement requirement_;
  bool judges_heads_ = false;
  bool by_record_ = false;
};

// The verdicts on one history's lines, in their order.
class RecordJudge {
 public:
  explicit RecordJudge(const LineFilter& filter) : filter_(&filter) {}
  bool takes(std::string_view text);
  // Whether the next line, if this is it, goes on in the record before.
  bool continues(std::string_view text) const;
  // Whether it knows of a record that the next line may go on in.
  bool has_head() const { return has_head_; }
  void begin_after(const RecordBefore& before);
  void forget();

 private:
  const LineFilter* filter_;
  bool head_taken_ = false;
  bool has_head_ = false;
  std::string previous_;
  RecordSize size_;  // of the record, with the line before
};

}  // namespace query
