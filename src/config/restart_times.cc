#include "config/restart_times.h"

#include <fmt/format.h>

#include <bit>
#include <string>
#include <vector>

namespace config {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == text.npos) return words;
    const auto end = std::min(text.find_first_of(" \t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

// Seconds are written as minutes are: the minute of a cron that is read for it
// tells which they are.
base::Result<uint64_t> seconds_of(std::string_view field) {
  auto cron = base::Cron::parse(fmt::format("{} * * * *", field));
  if (!cron)
    return base::fail(base::Errc::Invalid,
                      fmt::format("cron: second '{}'", field),
                      "a number from 0 to 59, *, ranges, steps and lists");
  uint64_t bits = 0;
  for (int second = 0; second < 60; ++second)
    if (cron->next_wall(second * 60 - 1) == second * 60)
      bits |= uint64_t{1} << second;
  return bits;
}

}  // namespace

base::Result<RestartTimes> RestartTimes::parse(std::string_view text) {
  auto words = words_of(text);
  uint64_t seconds = 1;
  std::string minutes(text);
  if (words.size() == 6) {
    auto bits = seconds_of(words[0]);
    if (!bits) return base::fail(std::move(bits.error()));
    seconds = *bits;
    minutes.clear();
    for (size_t i = 1; i < words.size(); ++i)
      minutes.append(words[i]).push_back(' ');
  }
  auto cron = base::Cron::parse(minutes);
  if (!cron) return base::fail(std::move(cron.error()));
  return RestartTimes(*cron, seconds);
}

std::optional<base::Timestamp> RestartTimes::next_after(
    base::Timestamp time, const base::TimeZone& zone) const {
  int64_t minute = time.us - time.us % kMinute;
  const auto due = [&](int64_t from) {
    return minutes_.next_after(base::Timestamp{from - kSecond}, zone);
  };
  // In this very minute there may be seconds left.
  if (const auto now = due(minute); now && now->us == minute) {
    const int64_t later = (time.us - minute) / kSecond + 1;
    const uint64_t left = later < 60 ? seconds_ >> later : 0;
    if (left != 0)
      return base::Timestamp{minute +
                             (later + std::countr_zero(left)) * kSecond};
  }
  const auto next = minutes_.next_after(base::Timestamp{minute}, zone);
  if (!next) return std::nullopt;
  return base::Timestamp{next->us + std::countr_zero(seconds_) * kSecond};
}

}  // namespace config
