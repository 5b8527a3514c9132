#include "query/sums_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.h"
#include "query/json_text.h"
#include "query/row_style.h"
#include "query/sums.h"

namespace query {
namespace {

constexpr size_t kBarCells = 24;

std::string moment(std::optional<base::Timestamp> time, base::Zone zone) {
  return time ? base::format_wall_time(*time, zone)
              : fmt::format("{:<19}", "-");
}

std::string quoted(std::optional<base::Timestamp> time) {
  return time ? '"' + base::format_stamp(*time) + '"' : "null";
}

// To the minute, or as finely as buckets are.
std::string bucket_name(const std::string& key, std::chrono::milliseconds size,
                        base::Zone zone) {
  const auto begin = base::parse_stamp(key);
  if (!begin) return key;
  auto name = base::format_wall_time(*begin, zone);
  if (size.count() % 60'000 == 0) return name.substr(0, name.rfind(':'));
  if (size.count() % 1'000 == 0) return name;
  return fmt::format("{}.{:03}", name, base::wall_time(*begin, zone).us / 1000);
}

void print_json(const SumRow& row, Output& output) {
  std::string json = R"({"v":1,)";
  if (row.key == no_key()) {
    json += R"("key":null)";
  } else if (base::is_utf8(row.key)) {
    json += R"("key":)";
    append_json_string(row.key, json);
  } else {
    json += R"("key_base64":")" + base::base64(row.key) + '"';
  }
  output.put(fmt::format("{},\"count\":{},\"first\":{},\"last\":{}}}\n", json,
                         row.count, quoted(row.first), quoted(row.last)));
}

}  // namespace

std::string make_bar(double share, size_t cells) {
  constexpr std::array<std::string_view, 8> kEighths = {
      "", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
  const double most = static_cast<double>(cells * 8);
  auto eighths =
      static_cast<size_t>(std::round(std::clamp(share, 0.0, 1.0) * most));
  if (share > 0 && eighths == 0) eighths = 1;
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += "\u2588";
  bar += kEighths[eighths % 8];
  bar.append(cells - (eighths + 7) / 8, ' ');
  return bar;
}

void print_rows(std::span<const SumRow> rows, const SumStyle& style,
                Output& output) {
  uint64_t most = 1;
  bool timed = false;
  for (const auto& row : rows) {
    most = std::max(most, row.count);
    timed = timed || row.first || row.last;
  }
  const size_t width = std::to_string(most).size();
  Sanitizer sanitizer(style.colour);
  for (const auto& row : rows) {
    if (style.json) {
      print_json(row, output);
      continue;
    }
    output.put(fmt::format("{:>{}}  ", row.count, width));
    if (style.terminal) {
      if (style.colour) output.put("\x1b[36m");
      output.put(
          make_bar(static_cast<double>(row.count) / static_cast<double>(most),
                   kBarCells));
      if (style.colour) output.put(kReset);
      output.put("  ");
    }
    if (timed) {
      if (style.colour) output.put(kDim);
      output.put(fmt::format("{}  {}  ", moment(row.first, style.zone),
                             moment(row.last, style.zone)));
      if (style.colour) output.put(kReset);
    }
    const std::string key =
        row.key == no_key() ? "-"
        : style.buckets     ? bucket_name(row.key, *style.buckets, style.zone)
                            : row.key;
    std::string shown;
    if (style.terminal) {
      sanitizer.add(key, shown);
      sanitizer.end(shown);
    } else {
      // A field's value may have one; a row has not.
      for (const char c : key) c == '\n' ? shown += "\\n" : shown += c;
    }
    output.put(shown);
    output.put('\n');
  }
  output.flush();
}

}  // namespace query
