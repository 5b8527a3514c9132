#include "base/clock.h"

#include <algorithm>
#include <ctime>

namespace base {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kFirstUs = -62'167'219'200'000'000;  // 0000-01-01
constexpr int64_t kLastUs = 253'402'300'799'999'999;   // end of 9999-12-31

void put(char* into, int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    into[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

bool take(std::string_view text, size_t at, size_t digits, int64_t& value) {
  value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

}  // namespace

Timestamp SystemClock::now() const {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return Timestamp{t.tv_sec * kUsPerSecond + t.tv_nsec / 1000};
}

MonoTime SystemClock::mono() const {
  return std::chrono::steady_clock::now();
}

void format_stamp(Timestamp time, char* into) {
  const int64_t clamped = std::clamp(time.us, kFirstUs, kLastUs);
  int64_t seconds = clamped / kUsPerSecond;
  int64_t us = clamped % kUsPerSecond;
  if (us < 0) {
    us += kUsPerSecond;
    --seconds;
  }
  int64_t days = seconds / kSecondsPerDay;
  int64_t rest = seconds % kSecondsPerDay;
  if (rest < 0) {
    rest += kSecondsPerDay;
    --days;
  }
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{days}}};
  put(into, static_cast<int>(date.year()), 4);
  into[4] = '-';
  put(into + 5, static_cast<unsigned>(date.month()), 2);
  into[7] = '-';
  put(into + 8, static_cast<unsigned>(date.day()), 2);
  into[10] = 'T';
  put(into + 11, rest / 3600, 2);
  into[13] = ':';
  put(into + 14, rest / 60 % 60, 2);
  into[16] = ':';
  put(into + 17, rest % 60, 2);
  into[19] = '.';
  put(into + 20, us, 6);
  into[26] = 'Z';
}

std::string format_stamp(Timestamp time) {
  std::string text(kStampSize, '\0');
  format_stamp(time, text.data());
  return text;
}

std::optional<Timestamp> parse_stamp(std::string_view text) {
  if (text.size() != kStampSize) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text[19] != '.' || text[26] != 'Z')
    return std::nullopt;
  int64_t year, month, day, hour, minute, second, us;
  if (!take(text, 0, 4, year) || !take(text, 5, 2, month) ||
      !take(text, 8, 2, day) || !take(text, 11, 2, hour) ||
      !take(text, 14, 2, minute) || !take(text, 17, 2, second) ||
      !take(text, 20, 6, us))
    return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(year)},
      std::chrono::month{static_cast<unsigned>(month)},
      std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const int64_t seconds =
      days * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  return Timestamp{seconds * kUsPerSecond + us};
}

}  // namespace base
