#include "query/row_time.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

namespace query {
namespace {

constexpr std::string_view kNoTime = "--:--:--.------";
constexpr size_t kDigits = 6;  // of a second's fraction

// "00" to "99"
constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

}  // namespace

RowTime::RowTime(const base::Clock& clock, base::Zone zone,
                 std::optional<TimeFormat> format)
    : clock_(clock), zone_(zone), format_(std::move(format)) {
  learn_today();
}

void RowTime::learn_today() {
  // Every zone's days begin at a quarter of an hour.
  const base::Timestamp time = clock_.now();
  const int64_t quarter = time.us / (int64_t{900} * 1'000'000);
  if (std::exchange(quarter_, quarter) == quarter) return;
  const auto now = base::wall_time(time, zone_);
  if (now.day == today_.day && now.month == today_.month &&
      now.year == today_.year)
    return;
  today_ = now;
  second_ = row_ = INT64_MIN;
}

std::string_view RowTime::show(const std::optional<base::Timestamp>& time) {
  if (!time) return kNoTime;
  // Lines that were captured together have one.
  if (time->us == row_) return row_text_;
  row_ = time->us;
  if (format_) {
    row_text_.clear();
    format_->append(*time, zone_, row_text_);
    return row_text_;
  }
  int64_t second = time->us / 1'000'000;
  int64_t us = time->us % 1'000'000;
  if (us < 0) {
    us += 1'000'000;
    --second;
  }
  if (second != second_) begin_second(second);
  char* at = row_text_.data() + row_text_.size() - kDigits;
  for (const int64_t pair : {us / 10'000, us / 100 % 100, us % 100}) {
    std::memcpy(at, &kPairs[static_cast<size_t>(2 * pair)], 2);
    at += 2;
  }
  return row_text_;
}

void RowTime::begin_second(int64_t second) {
  second_ = second;
  const auto t = base::wall_time({second * 1'000'000}, zone_);
  row_text_.clear();
  if (t.year != today_.year) row_text_ = fmt::format("{:04}-", t.year);
  if (t.day != today_.day || t.month != today_.month || t.year != today_.year)
    row_text_ += fmt::format("{:02}-{:02} ", t.month, t.day);
  row_text_ += fmt::format("{:02}:{:02}:{:02}.", t.hour, t.minute, t.second);
  row_text_.append(kDigits, '0');
}

}  // namespace query
