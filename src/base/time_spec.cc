#include "base/time_spec.h"

#include <fmt/format.h>

#include <ctime>
#include <optional>
#include <string>

#include "base/units.h"

namespace base {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
constexpr std::string_view kForms =
    "times are written 10:15, 2026-11-21, '2026-11-21 10:15:30', "
    "2026-11-21T10:15:30Z, 10m, -10m, '2h ago', now, today, yesterday, "
    "@1795256100";

// Takes what it understands off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `least` to `most` digits.
  bool number(size_t least, size_t most, int64_t& value) {
    size_t n = 0;
    value = 0;
    while (n < rest_.size() && n < most && rest_[n] >= '0' && rest_[n] <= '9')
      value = value * 10 + (rest_[n++] - '0');
    rest_.remove_prefix(n);
    return n >= least;
  }
  // ".5" in microseconds; digits beyond the sixth are dropped.
  bool fraction(int64_t& us) {
    us = 0;
    if (!take('.')) return true;
    int64_t unit = kSecond;
    size_t digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      unit /= 10;
      us += unit * (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++digits;
    }
    return digits > 0;
  }

 private:
  std::string_view rest_;
};

bool valid_date(const WallTime& t) {
  return std::chrono::year_month_day{
      std::chrono::year{t.year},
      std::chrono::month{static_cast<unsigned>(t.month)},
      std::chrono::day{static_cast<unsigned>(t.day)}}
      .ok();
}

bool take_date(Scanner& in, WallTime& t) {
  int64_t year, month, day;
  if (!in.number(4, 4, year) || !in.take('-') || !in.number(1, 2, month) ||
      !in.take('-') || !in.number(1, 2, day))
    return false;
  t.year = static_cast<int>(year);
  t.month = static_cast<int>(month);
  t.day = static_cast<int>(day);
  return valid_date(t);
}

bool take_clock(Scanner& in, WallTime& t) {
  int64_t hour, minute, second = 0, us = 0;
  if (!in.number(1, 2, hour) || !in.take(':') || !in.number(2, 2, minute))
    return false;
  if (in.take(':') && (!in.number(2, 2, second) || !in.fraction(us)))
    return false;
  if (hour > 23 || minute > 59 || second > 60) return false;
  t.hour = static_cast<int>(hour);
  t.minute = static_cast<int>(minute);
  t.second = static_cast<int>(second);
  t.us = static_cast<int>(us);
  return true;
}

Timestamp utc_time(const WallTime& t) {
  const std::chrono::sys_days date{std::chrono::year_month_day{
      std::chrono::year{t.year},
      std::chrono::month{static_cast<unsigned>(t.month)},
      std::chrono::day{static_cast<unsigned>(t.day)}}};
  const int64_t seconds = int64_t{date.time_since_epoch().count()} * 86'400 +
                          t.hour * 3600 + t.minute * 60 + t.second;
  return {seconds * kSecond + t.us};
}

// Days out of range (the 0th, the 32nd) fold over, as mktime does.
Timestamp at_wall(const WallTime& t, Zone zone) {
  if (zone == Zone::Utc) {
    WallTime first = t;
    first.day = 1;
    return {utc_time(first).us + (t.day - 1) * kDay};
  }
  std::tm tm{};
  tm.tm_year = t.year - 1900;
  tm.tm_mon = t.month - 1;
  tm.tm_mday = t.day;
  tm.tm_hour = t.hour;
  tm.tm_min = t.minute;
  tm.tm_sec = t.second;
  tm.tm_isdst = -1;
  return {int64_t{std::mktime(&tm)} * kSecond + t.us};
}

// Midnight `days` ago.
Timestamp midnight(Timestamp now, int days, Zone zone) {
  const WallTime t = wall_time(now, zone);
  WallTime day{t.year, t.month, t.day - days};
  return at_wall(day, zone);
}

// A date, perhaps with a time after 'T' or blanks, perhaps with an offset.
std::optional<Timestamp> parse_date(std::string_view text, Zone zone) {
  Scanner in(text);
  WallTime t;
  if (!take_date(in, t)) return std::nullopt;
  if (in.done()) return at_wall(t, zone);
  if (!in.take('T') && !in.take('t')) {
    if (!in.take(' ')) return std::nullopt;
    while (in.take(' ')) {
    }
  }
  if (!take_clock(in, t)) return std::nullopt;
  if (in.done()) return at_wall(t, zone);
  if (in.take('Z') || in.take('z'))
    return in.done() ? std::optional(utc_time(t)) : std::nullopt;
  const bool east = in.take('+');
  int64_t hours, minutes = 0;
  if (!east && !in.take('-')) return std::nullopt;
  if (!in.number(2, 2, hours)) return std::nullopt;
  (void)in.take(':');
  if (!in.done() && !in.number(2, 2, minutes)) return std::nullopt;
  if (!in.done() || hours > 23 || minutes > 59) return std::nullopt;
  const int64_t offset = (hours * 3600 + minutes * 60) * kSecond;
  return Timestamp{utc_time(t).us - (east ? offset : -offset)};
}

std::optional<Timestamp> parse_clock(std::string_view text, Timestamp now,
                                     Zone zone) {
  Scanner in(text);
  WallTime t = wall_time(now, zone);
  t.us = 0;
  if (!take_clock(in, t) || !in.done()) return std::nullopt;
  const Timestamp today = at_wall(t, zone);
  if (today <= now) return today;
  --t.day;
  return at_wall(t, zone);
}

std::optional<Timestamp> parse_epoch(std::string_view text) {
  Scanner in(text);
  int64_t seconds, us;
  if (!in.take('@') || !in.number(1, 12, seconds) || !in.fraction(us) ||
      !in.done())
    return std::nullopt;
  return Timestamp{seconds * kSecond + us};
}

std::optional<Timestamp> parse_ago(std::string_view text, Timestamp now) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.ends_with("ago")) {
    text.remove_suffix(3);
    if (text.empty() || text.back() != ' ') return std::nullopt;
    while (text.ends_with(' ')) text.remove_suffix(1);
  }
  // A bare number is no time: seconds, minutes, or a date cut short?
  if (text.empty() || (text.back() >= '0' && text.back() <= '9'))
    return std::nullopt;
  const auto age = parse_duration(text);
  if (!age || age->count() > int64_t{9'000'000'000'000}) return std::nullopt;
  return Timestamp{now.us - age->count() * 1000};
}

}  // namespace

WallTime wall_time(Timestamp time, Zone zone) {
  int64_t seconds = time.us / kSecond;
  int64_t us = time.us % kSecond;
  if (us < 0) {
    us += kSecond;
    --seconds;
  }
  const std::time_t t = seconds;
  std::tm tm{};
  if (zone == Zone::Utc)
    ::gmtime_r(&t, &tm);
  else
    ::localtime_r(&t, &tm);
  return {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,          tm.tm_hour,
          tm.tm_min,         tm.tm_sec,     static_cast<int>(us)};
}

std::string format_wall_time(Timestamp time, Zone zone) {
  const WallTime t = wall_time(time, zone);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month,
                     t.day, t.hour, t.minute, t.second);
}

std::string zone_name(Timestamp time, Zone zone) {
  if (zone == Zone::Utc) return "UTC";
  const std::time_t t = time.us / kSecond;
  std::tm tm{};
  ::localtime_r(&t, &tm);
  return tm.tm_zone == nullptr ? "" : tm.tm_zone;
}

Result<Timestamp> parse_time(std::string_view text, Timestamp now, Zone zone) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text == "now") return now;
  if (text == "today") return midnight(now, 0, zone);
  if (text == "yesterday") return midnight(now, 1, zone);
  auto time = parse_epoch(text);
  if (!time) time = parse_date(text, zone);
  if (!time) time = parse_clock(text, now, zone);
  if (!time) time = parse_ago(text, now);
  if (time) return *time;
  return fail(Errc::Invalid, fmt::format("'{}' is not a time", text),
              std::string(kForms));
}

}  // namespace base
