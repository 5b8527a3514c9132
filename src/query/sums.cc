#include "query/sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/time_spec.h"
#include "query/count_printer.h"
#include "query/templates.h"
#include "store/levels.h"

namespace query {
namespace {

constexpr size_t kLongestKey = 1024;  // bytes; of a field there may be millions
constexpr std::string_view kOther = "<other>";

// Microseconds of the wall clock, counted as if it were UTC's: buckets begin
// where a person's clock is even, whatever the zone's offset.
int64_t wall_us(base::Timestamp time, base::Zone zone) {
  using namespace std::chrono;
  const auto t = base::wall_time(time, zone);
  const auto day = sys_days(year(t.year) / t.month / t.day);
  const auto at = day + hours(t.hour) + minutes(t.minute) + seconds(t.second) +
                  microseconds(t.us);
  return at.time_since_epoch().count();
}

// The last moment, up to `time`, at which the clock was even. Of an hour that
// the clock shows twice there are two.
base::Timestamp bucket_begin(base::Timestamp time, int64_t size,
                             base::Zone zone) {
  const int64_t now = wall_us(time, zone);
  int64_t past = now % size;
  if (past < 0) past += size;
  const base::Timestamp begin{time.us - past};
  // The clock was changed between.
  const int64_t changed = wall_us(begin, zone) - (now - past);
  return {begin.us - changed};
}

// Whole characters, if it is UTF-8.
std::string cut_key(std::string key) {
  if (key.size() <= kLongestKey) return key;
  size_t end = kLongestKey;
  while (end > kLongestKey - 4 &&
         (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80)
    --end;
  key.resize(end);
  return key;
}

}  // namespace

const std::string& no_key() {
  // Longer than any that there is.
  static const std::string none(kLongestKey + 1, '-');
  return none;
}

SumKeys by_time(std::chrono::milliseconds bucket, base::Zone zone) {
  const int64_t size =
      std::chrono::duration_cast<std::chrono::microseconds>(bucket).count();
  return [size, zone](const Origin&, std::optional<base::Timestamp> time,
                      std::string_view, std::vector<std::string>& into) {
    into.push_back(time ? base::format_stamp(bucket_begin(*time, size, zone))
                        : no_key());
  };
}

SumKeys by_field(FieldPath path) {
  return [path = std::move(path), values = std::vector<FieldValue>()](
             const Origin&, std::optional<base::Timestamp>,
             std::string_view text, std::vector<std::string>& into) mutable {
    values.clear();
    find_fields(text, path, values);
    for (auto& value : values) into.push_back(cut_key(std::move(value.text)));
    if (into.empty()) into.push_back(no_key());
  };
}

SumKeys by_template() {
  return [](const Origin&, std::optional<base::Timestamp>,
            std::string_view text, std::vector<std::string>& into) {
    into.push_back(make_template(text));
  };
}

std::optional<SumKeys> by_name(std::string_view name) {
  using Time = std::optional<base::Timestamp>;
  using Into = std::vector<std::string>;
  if (name == "level")
    return [](const Origin&, Time, std::string_view text, Into& into) {
      into.emplace_back(store::level_name(store::detect_level(text)));
    };
  if (name == "app")
    return [](const Origin& origin, Time, std::string_view, Into& into) {
      into.push_back(origin.app);
    };
  if (name == "instance")
    return [](const Origin& origin, Time, std::string_view, Into& into) {
      into.push_back(origin.label);
    };
  if (name == "stream")
    return [](const Origin& origin, Time, std::string_view, Into& into) {
      into.push_back(stream_label(origin));
    };
  return std::nullopt;
}

void Counts::add(const std::string& key, std::optional<base::Timestamp> time) {
  auto at = rows_.find(key);
  if (at == rows_.end()) {
    const std::string name = rows_.size() < most_ ? key : std::string(kOther);
    at = rows_.try_emplace(name, SumRow{.key = name}).first;
  }
  SumRow& row = at->second;
  ++row.count;
  if (!time) return;
  row.first = row.first ? std::min(*row.first, *time) : *time;
  row.last = row.last ? std::max(*row.last, *time) : *time;
}

std::vector<SumRow> Counts::rows(bool by_key) const {
  std::vector<SumRow> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  std::ranges::sort(rows, [&](const SumRow& a, const SumRow& b) {
    if (!by_key && a.count != b.count) return a.count > b.count;
    return a.key < b.key;
  });
  return rows;
}

void Sums::piece(const Origin& origin, const store::Piece& piece) {
  if (piece.begins) {
    end_line();
    time_ = piece.time;
    if (std::exchange(next_is_context_, false)) return;
    if (piece.ends) {
      count(origin, piece.text);
      return;
    }
    open_ = &origin;
  }
  if (open_ == nullptr) return;
  text_.append(piece.text);
  if (piece.ends) end_line();
}

// Also of one that has no end yet.
void Sums::end_line() {
  if (open_ == nullptr) return;
  count(*std::exchange(open_, nullptr), text_);
  text_.clear();
}

void Sums::count(const Origin& origin, std::string_view text) {
  found_.clear();
  keys_(origin, time_, text, found_);
  for (const auto& key : found_) counts_.add(key, time_);
}

bool Sums::finish() {
  end_line();
  auto rows = counts_.rows(options_.by_key);
  if (options_.known)
    std::erase_if(rows,
                  [&](const SumRow& row) { return options_.known(row.key); });
  if (rows.size() > options_.most) rows.resize(options_.most);
  print_rows(rows, options_.style, output_);
  output_.flush();
  return !rows.empty();
}

}  // namespace query
