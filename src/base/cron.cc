#include "base/cron.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace base {
namespace {

constexpr int64_t kDay = 86'400;
// After so many the calendar repeats itself.
constexpr int64_t kCycle = 146'097;

constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun",
    "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> names;  // of `least` and what follows
};
const std::array<Field, 5> kFields = {{{"minute", 0, 59, {}},
                                       {"hour", 0, 23, {}},
                                       {"day of the month", 1, 31, {}},
                                       {"month", 1, 12, kMonths},
                                       {"day of the week", 0, 7, kWeekdays}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kWords =
    {{{"@hourly", "0 * * * *"},
      {"@daily", "0 0 * * *"},
      {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},
      {"@monthly", "0 0 1 * *"},
      {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"}}};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Up to `end`, which is taken off too.
std::string_view take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return part;
}

std::vector<std::string_view> split_blanks(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && !is_blank(text[at])) ++at;
    words.push_back(text.substr(begin, at - begin));
  }
  return words;
}

bool is_same_word(std::string_view typed, std::string_view word) {
  if (typed.size() != word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i)
    if ((typed[i] >= 'A' && typed[i] <= 'Z' ? typed[i] + 32 : typed[i]) !=
        word[i])
      return false;
  return true;
}

std::optional<int> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::unexpected<Error> refuse(const Field& field, std::string_view why) {
  std::string valid = fmt::format("{} to {}", field.least, field.most);
  if (!field.names.empty())
    valid += fmt::format(", {} to {}", field.names.front(), field.names.back());
  return fail(Errc::Invalid, fmt::format("cron: {}: {}", field.name, why),
              fmt::format("it is *, {}, lists (1,2), ranges (1-5), steps "
                          "(*/5)",
                          valid));
}

Result<int> parse_value(const Field& field, std::string_view text) {
  for (size_t i = 0; i < field.names.size(); ++i)
    if (is_same_word(text, field.names[i]))
      return field.least + static_cast<int>(i);
  const auto value = parse_digits(text);
  if (!value || *value < field.least || *value > field.most)
    return refuse(field, fmt::format("'{}' is none", text));
  return *value;
}

// `*`, `5`, `1-5`, each with a step perhaps: "*/5"; "5/10" is 5-59/10.
Status add_range(const Field& field, std::string_view text, uint64_t& bits) {
  std::string_view range = text;
  int step = 1;
  int first = field.least;
  // Sunday is 0 and 7, so that ranges may end with it; `*` has it once.
  int last = field.names.size() == 7 ? 6 : field.most;
  if (const auto slash = text.find('/'); slash != text.npos) {
    range = text.substr(0, slash);
    const auto size = parse_digits(text.substr(slash + 1));
    if (!size || *size == 0)
      return refuse(field, fmt::format("'{}' has no step", text));
    step = *size;
  }
  if (range != "*") {
    std::string_view rest = range;
    const bool has_end = range.find('-') != range.npos;
    auto begin = parse_value(field, take_until(rest, '-'));
    if (!begin) return fail(std::move(begin.error()));
    first = *begin;
    if (has_end) {
      auto end = parse_value(field, rest);
      if (!end) return fail(std::move(end.error()));
      last = *end == 0 && field.names.size() == 7 && first > 0 ? 7 : *end;
    } else if (range.size() == text.size()) {
      last = first;
    }
    if (first > last)
      return refuse(field, fmt::format("'{}' ends before it begins", text));
  }
  for (int value = first; value <= last; value += step)
    bits |= uint64_t{1} << (value == 7 && field.names.size() == 7 ? 0 : value);
  return {};
}

Result<uint64_t> parse_field(const Field& field, std::string_view text) {
  uint64_t bits = 0;
  std::string_view rest = text;
  if (text.empty() || text.back() == ',')
    return refuse(field, fmt::format("'{}' is no list", text));
  while (!rest.empty()) {
    auto added = add_range(field, take_until(rest, ','), bits);
    if (!added) return fail(std::move(added.error()));
  }
  return bits;
}

bool has(uint64_t bits, int64_t value) {
  return (bits >> value & 1) != 0;
}

int64_t floor_div(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  auto words = split_blanks(text);
  if (words.size() == 1 && words[0].starts_with('@')) {
    std::string_view meant;
    for (const auto& [word, fields] : kWords)
      if (is_same_word(words[0], word)) meant = fields;
    if (meant.empty())
      return fail(Errc::Invalid, fmt::format("cron: no '{}'", words[0]),
                  "there are @hourly, @daily, @weekly, @monthly, @yearly");
    words = split_blanks(meant);
  }
  if (words.size() != kFields.size())
    return fail(
        Errc::Invalid,
        fmt::format("cron: '{}' has {} fields, not 5", text, words.size()),
        words.size() == 6
            ? "leave out the seconds: minute hour day month weekday"
            : "minute hour day month weekday: 30 2 * * mon-fri");
  Cron cron;
  uint64_t* const bits[] = {&cron.minutes_, &cron.hours_, &cron.days_,
                            &cron.months_, &cron.weekdays_};
  for (size_t i = 0; i < kFields.size(); ++i) {
    auto field = parse_field(kFields[i], words[i]);
    if (!field) return fail(std::move(field.error()));
    *bits[i] = *field;
  }
  cron.running_ = words[1].starts_with('*');
  cron.both_days_ = words[2].starts_with('*') || words[4].starts_with('*');
  if (!cron.find_day(0, 1))
    return refuse(kFields[2], fmt::format("'{}' never comes in month '{}'",
                                          words[2], words[3]));
  return cron;
}

bool Cron::has_day(int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days{day}};
  const std::chrono::year_month_day calendar{date};
  if (!has(months_, static_cast<unsigned>(calendar.month()))) return false;
  const bool month = has(days_, static_cast<unsigned>(calendar.day()));
  const bool week = has(weekdays_, std::chrono::weekday{date}.c_encoding());
  return both_days_ ? month && week : month || week;
}

std::optional<int64_t> Cron::find_day(int64_t from, int step) const {
  for (int64_t i = 0; i < kCycle; ++i)
    if (const int64_t day = from + step * i; has_day(day)) return day;
  return std::nullopt;
}

std::optional<WallSeconds> Cron::next_wall(WallSeconds after) const {
  const int64_t today = floor_div(after, kDay);
  // The first minute that begins later.
  int64_t minute = floor_div(after - today * kDay, 60) + 1;
  auto day = find_day(today, 1);
  for (int tries = 0; day && tries < 2; ++tries) {
    if (*day != today) minute = 0;
    for (int64_t hour = minute / 60; hour < 24; ++hour) {
      if (!has(hours_, hour)) continue;
      const int64_t begin = hour == minute / 60 ? minute % 60 : 0;
      for (int64_t m = begin; m < 60; ++m)
        if (has(minutes_, m)) return *day * kDay + hour * 3600 + m * 60;
    }
    day = find_day(*day + 1, 1);
  }
  return std::nullopt;
}

std::optional<WallSeconds> Cron::last_wall(WallSeconds before) const {
  const int64_t today = floor_div(before, kDay);
  // The last minute that begins earlier.
  int64_t minute = floor_div(before - today * kDay - 1, 60);
  auto day = find_day(today, -1);
  for (int tries = 0; day && tries < 2; ++tries) {
    if (*day != today) minute = 24 * 60 - 1;
    for (int64_t hour = floor_div(minute, 60); hour >= 0; --hour) {
      if (!has(hours_, hour)) continue;
      const int64_t begin = hour == minute / 60 ? minute % 60 : 59;
      for (int64_t m = begin; m >= 0; --m)
        if (has(minutes_, m)) return *day * kDay + hour * 3600 + m * 60;
    }
    day = find_day(*day - 1, -1);
  }
  return std::nullopt;
}

Recurrence Cron::recurrence() const {
  return {[this](WallSeconds wall) { return next_wall(wall); },
          [this](WallSeconds wall) { return last_wall(wall); }, running_};
}

std::optional<Timestamp> Cron::next_after(Timestamp time,
                                          const TimeZone& zone) const {
  return base::next_after(recurrence(), time, zone);
}

std::optional<Timestamp> Cron::last_before(Timestamp time,
                                           const TimeZone& zone) const {
  return base::last_before(recurrence(), time, zone);
}

}  // namespace base
