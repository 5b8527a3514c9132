#include "base/zone_rule.h"

#include <algorithm>
#include <chrono>

namespace base {
namespace {

constexpr int64_t kDay = 86'400;
// The years that <chrono> counts: a time beyond them has none of ours.
constexpr int64_t kMostSeconds = int64_t{32'000} * 365 * kDay;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool number(int least, int most, int& value) {
    size_t n = 0;
    value = 0;
    while (n < rest_.size() && n < 4 && is_digit(rest_[n]))
      value = value * 10 + (rest_[n++] - '0');
    rest_.remove_prefix(n);
    return n > 0 && value >= least && value <= most;
  }
  // "CET", "<+0330>": three characters or more.
  bool name(std::string& into) {
    const bool quoted = take('<');
    size_t n = 0;
    while (n < rest_.size() && is_of_name(rest_[n], quoted)) ++n;
    into = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return n >= 3 && (!quoted || take('>'));
  }
  // [+-]hh[:mm[:ss]]
  bool time(int most_hours, int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) (void)take('+');
    int hours = 0;
    int minutes = 0;
    int rest = 0;
    if (!number(0, most_hours, hours)) return false;
    if (take(':') && !number(0, 59, minutes)) return false;
    if (take(':') && !number(0, 59, rest)) return false;
    seconds = hours * 3600 + minutes * 60 + rest;
    if (negative) seconds = -seconds;
    return true;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_of_name(char c, bool quoted) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return quoted && (is_digit(c) || c == '+' || c == '-');
  }
  std::string_view rest_;
};

bool take_date(Scanner& in, ZoneRule::Date& date) {
  using Form = ZoneRule::Date::Form;
  if (in.take('M')) {
    date.form = Form::MonthWeek;
    if (!in.number(1, 12, date.month) || !in.take('.') ||
        !in.number(1, 5, date.week) || !in.take('.') ||
        !in.number(0, 6, date.day))
      return false;
  } else if (in.take('J')) {
    date.form = Form::DayOfYearNoLeap;
    if (!in.number(1, 365, date.day)) return false;
  } else {
    date.form = Form::DayOfYear;
    if (!in.number(0, 365, date.day)) return false;
  }
  // A week and more, as zones that change at odd hours have it.
  return !in.take('/') || in.time(167, date.time);
}

// Days since 1970.
int64_t day_of(const ZoneRule::Date& date, std::chrono::year year) {
  using namespace std::chrono;
  using Form = ZoneRule::Date::Form;
  const sys_days new_year = year / January / 1;
  if (date.form == Form::DayOfYear)
    return (new_year + days{date.day}).time_since_epoch().count();
  if (date.form == Form::DayOfYearNoLeap) {
    // The 60th is always the 1st of March.
    const int leap = year.is_leap() && date.day >= 60 ? 1 : 0;
    return (new_year + days{date.day - 1 + leap}).time_since_epoch().count();
  }
  const month in{static_cast<unsigned>(date.month)};
  const weekday day{static_cast<unsigned>(date.day)};
  if (date.week == 5)
    return sys_days{year / in / day[last]}.time_since_epoch().count();
  return sys_days{year / in / day[static_cast<unsigned>(date.week)]}
      .time_since_epoch()
      .count();
}

}  // namespace

std::vector<ZoneRule::Change> ZoneRule::changes_around(int64_t at) const {
  std::vector<Change> changes;
  if (!summer || at > kMostSeconds || at < -kMostSeconds) return changes;
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_seconds{seconds{at}})};
  for (int step = -1; step <= 1; ++step) {
    const year of = date.year() + years{step};
    changes.push_back(
        {day_of(begin, of) * kDay + begin.time - standard.offset, true});
    changes.push_back(
        {day_of(end, of) * kDay + end.time - summer->offset, false});
  }
  // Where summer time ends when it begins, it goes on: the last one counts.
  std::ranges::sort(changes, [](const Change& a, const Change& b) {
    return std::pair(a.at, a.summer) < std::pair(b.at, b.summer);
  });
  return changes;
}

const ZoneRule::Kind& ZoneRule::kind_at(int64_t at) const {
  bool is_summer = false;
  for (const Change& change : changes_around(at))
    if (change.at <= at) is_summer = change.summer;
  return is_summer ? *summer : standard;
}

std::optional<ZoneRule> parse_zone_rule(std::string_view text) {
  Scanner in(text);
  ZoneRule rule;
  if (!in.name(rule.standard.abbreviation)) return std::nullopt;
  if (!in.time(24, rule.standard.offset)) return std::nullopt;
  rule.standard.offset = -rule.standard.offset;  // POSIX counts to the west
  if (in.done()) return rule;
  ZoneRule::Kind summer{rule.standard.offset + 3600, {}};
  if (!in.name(summer.abbreviation)) return std::nullopt;
  if (!in.done() && in.peek() != ',') {
    if (!in.time(24, summer.offset)) return std::nullopt;
    summer.offset = -summer.offset;
  }
  rule.summer = std::move(summer);
  // Without dates POSIX leaves them open; everyone takes those of New York.
  Scanner dates(",M3.2.0,M11.1.0");
  Scanner& from = in.done() ? dates : in;
  if (!from.take(',') || !take_date(from, rule.begin) || !from.take(',') ||
      !take_date(from, rule.end) || !from.done())
    return std::nullopt;
  return rule;
}

}  // namespace base
