#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace base {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// Splits "1.5s" into 1.5 and "s"; false when there is no number in front.
bool split_number(std::string_view text, double& number, std::string& unit) {
  const auto [end, error] = std::from_chars(
      text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || std::signbit(number) || !std::isfinite(number))
    return false;
  unit = lower(text.substr(static_cast<size_t>(end - text.data())));
  return true;
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  double number = 0;
  std::string unit;
  const auto bad = [&] {
    return fail(Errc::Invalid, fmt::format("'{}' is not a size", text),
                "sizes are written 500, 64K, 10M, 1.5G");
  };
  if (!split_number(text, number, unit)) return bad();
  if (unit.size() == 3 && unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.ends_with("b"))
    unit.resize(unit.size() - 1);
  double scale = 1;
  if (unit == "k")
    scale = 1024.0;
  else if (unit == "m")
    scale = 1024.0 * 1024;
  else if (unit == "g")
    scale = 1024.0 * 1024 * 1024;
  else if (unit == "t")
    scale = 1024.0 * 1024 * 1024 * 1024;
  else if (!unit.empty())
    return bad();
  if (number * scale > 9e18) return bad();
  return static_cast<uint64_t>(number * scale);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double ms;
  };
  constexpr std::array kUnits = {Unit{"", 1},       Unit{"ms", 1},
                                 Unit{"s", 1e3},    Unit{"m", 6e4},
                                 Unit{"min", 6e4},  Unit{"h", 3.6e6},
                                 Unit{"d", 8.64e7}, Unit{"w", 7 * 8.64e7}};
  double number = 0;
  std::string unit;
  if (split_number(text, number, unit)) {
    for (const auto& known : kUnits) {
      if (known.name != unit || number * known.ms > 9e15) continue;
      // Rounded: 1.001 s is a hair less in binary.
      return std::chrono::milliseconds(std::llround(number * known.ms));
    }
  }
  return fail(Errc::Invalid, fmt::format("'{}' is not a duration", text),
              "durations are written 500ms, 2s, 10m, 1h, 7d, 2w");
}

bool has_unit(std::string_view text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.back()));
}

std::string format_size(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits = {"KB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_duration(std::chrono::milliseconds time) {
  const int64_t ms = time.count();
  if (ms < 9'950) return fmt::format("{:.1f}s", static_cast<double>(ms) / 1e3);
  const int64_t s = std::max<int64_t>(ms / 1000, 10);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86'400, s / 3600 % 24);
}

std::string exact_size(uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGT";
  size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  std::string text = std::to_string(bytes);
  if (unit > 0) text += kUnits[unit - 1];
  return text;
}

std::string exact_duration(std::chrono::milliseconds time) {
  struct Unit {
    int64_t ms;
    std::string_view name;
  };
  constexpr std::array kUnits = {Unit{7 * 86'400'000, "w"},
                                 Unit{86'400'000, "d"}, Unit{3'600'000, "h"},
                                 Unit{60'000, "m"}, Unit{1000, "s"}};
  const int64_t ms = time.count();
  for (const auto& unit : kUnits)
    if (ms != 0 && ms % unit.ms == 0)
      return fmt::format("{}{}", ms / unit.ms, unit.name);
  return fmt::format("{}ms", ms);
}

std::string format_uptime(std::chrono::milliseconds time) {
  const int64_t s = time.count() / 1000;
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m", s / 60);
  if (s < 86'400) return fmt::format("{}h", s / 3600);
  return fmt::format("{}D", s / 86'400);
}

}  // namespace base
