#include "query/line_filter.h"

#include <algorithm>

namespace query {

bool LineQuery::takes_all() const {
  return text.any.empty() && text.all.empty() && text.none.empty() &&
         !text.invert && !level && where.empty();
}

base::Result<LineFilter> LineFilter::compile(const LineQuery& query) {
  auto pattern = Pattern::compile(query.text);
  if (!pattern) return base::fail(std::move(pattern.error()));
  auto where = std::make_shared<std::vector<Expression>>();
  for (const auto& text : query.where) {
    auto expression = Expression::parse(text);
    if (!expression) return base::fail(std::move(expression.error()));
    where->push_back(std::move(*expression));
  }
  LineFilter filter(query, std::move(*pattern));
  filter.where_ = where;
  filter.judges_heads_ =
      query.level || !where->empty() || !query.text.none.empty();
  filter.by_record_ = filter.judges_heads_ && !query.lines_only;
  filter.requirement_ = filter.pattern_.requirement();
  if (!filter.by_record_ || filter.pattern_.takes_all())
    for (const auto& expression : *where)
      filter.requirement_.add(expression.requirement());
  return filter;
}

LineFilter LineFilter::clone() const {
  LineFilter copy(query_, pattern_.clone());
  copy.where_ = where_;
  copy.requirement_ = requirement_;
  copy.judges_heads_ = judges_heads_;
  copy.by_record_ = by_record_;
  return copy;
}

bool LineFilter::takes_head(std::string_view text) const {
  if (query_.level) {
    const auto level = store::detect_level(text);
    if (level == store::Level::Unknown || level < *query_.level) return false;
  }
  if (!std::ranges::all_of(*where_, [&](const Expression& expression) {
        return expression.matches(text);
      }))
    return false;
  return !pattern_.excludes(text);
}

bool LineFilter::takes_line(std::string_view text) const {
  return pattern_.matches(text) && !pattern_.excludes(text);
}

bool LineFilter::is_unlevelled(std::string_view text) const {
  return query_.level && store::detect_level(text) == store::Level::Unknown;
}

bool RecordJudge::continues(std::string_view text) const {
  RecordSize size = size_;
  size.add(text);
  return continues_record(text, previous_) &&
         !size.is_over(filter_->query().cap);
}

bool RecordJudge::takes(std::string_view text) {
  const bool goes_on = continues_record(text, previous_);
  // As far as it is looked at (records.h): lines may be long.
  previous_ = text.substr(0, store::kLevelReach);
  if (!filter_->by_record()) return filter_->takes(text);
  if (!has_head_ || !goes_on) size_ = {};
  size_.add(text);
  // Behind the cap each line is a head, and the record goes on.
  if (!has_head_ || !goes_on || size_.is_over(filter_->query().cap)) {
    has_head_ = true;
    head_taken_ = filter_->takes_head(text);
  }
  return head_taken_ && filter_->takes_line(text);
}

void RecordJudge::begin_after(const RecordBefore& before) {
  has_head_ = true;
  head_taken_ = filter_->takes_head(before.head);
  previous_ = before.previous;
  size_ = before.size;
}

void RecordJudge::forget() {
  has_head_ = false;
  previous_.clear();
  size_ = {};
}

}  // namespace query
