#include "rotate/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/units.h"

namespace rotate {
namespace {

using base::Timestamp;
using base::WallSeconds;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kWords =
    {{{"hourly", "@hourly"},
      {"daily", "@daily"},
      {"weekly", "@weekly"},
      {"monthly", "@monthly"}}};

int64_t floor_to(int64_t value, int64_t grid) {
  const int64_t rest = value % grid;
  return value - (rest < 0 ? rest + grid : rest);
}

}  // namespace

base::Result<Schedule> parse_schedule(std::string_view text,
                                      std::string_view zone_name) {
  auto zone = base::TimeZone::load(zone_name);
  if (!zone) return base::fail(std::move(zone.error()));
  Schedule schedule(std::move(*zone));
  std::string_view expression = text;
  for (const auto& [word, meant] : kWords)
    if (text == word) expression = meant;
  const bool is_cron = expression.starts_with('@') ||
                       expression.find_first_of(" \t") != expression.npos;
  if (is_cron) {
    auto cron = base::Cron::parse(expression);
    if (!cron) return base::fail(std::move(cron.error()));
    schedule.cron_ = *cron;
    return schedule;
  }
  const auto period = base::parse_duration(text);
  // A bare number would be milliseconds: nobody means that.
  if (!period || !base::has_unit(text) || period->count() < 1000 ||
      period->count() % 1000 != 0)
    return base::fail(base::Errc::Invalid,
                      fmt::format("'{}' is no rotation", text),
                      "it is hourly, daily, weekly, monthly, a period of "
                      "seconds or more (30m, 6h) or a cron expression");
  schedule.period_ = period->count() / 1000;
  return schedule;
}

// What is longer than an hour happens as often as the day has room for it, also
// on the days on which the clocks are changed.
base::Recurrence Schedule::grid() const {
  const int64_t period = period_;
  return {[period](WallSeconds wall) -> std::optional<WallSeconds> {
            return floor_to(wall, period) + period;
          },
          [period](WallSeconds wall) -> std::optional<WallSeconds> {
            return floor_to(wall - 1, period);
          },
          period <= kHour};
}

Timestamp Schedule::last_due(Timestamp now) const {
  const Timestamp later{now.us + 1};
  if (cron_) return cron_->last_before(later, zone_).value_or(Timestamp{});
  if (kDay % period_ == 0)
    return base::last_before(grid(), later, zone_).value_or(Timestamp{});
  return {floor_to(now.us, period_ * kSecond)};
}

Timestamp Schedule::next_due(Timestamp now) const {
  constexpr Timestamp kNever{INT64_MAX};
  if (cron_) return cron_->next_after(now, zone_).value_or(kNever);
  if (kDay % period_ == 0)
    return base::next_after(grid(), now, zone_).value_or(kNever);
  return {floor_to(now.us, period_ * kSecond) + period_ * kSecond};
}

std::optional<Timestamp> seal_before(
    Timestamp now, const Schedule* schedule,
    std::optional<std::chrono::milliseconds> max_age) {
  std::optional<Timestamp> before;
  if (schedule != nullptr) before = schedule->last_due(now);
  if (max_age) {
    // An age that goes back beyond 1970 is none.
    const Timestamp oldest{
        std::max<int64_t>(0, now.us - max_age->count() * 1000)};
    before = std::max(before.value_or(oldest), oldest);
  }
  return before;
}

}  // namespace rotate
