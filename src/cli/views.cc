#include "cli/views.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/clock.h"
#include "base/units.h"
#include "cli/secrets.h"
#include "cli/table.h"
#include "cli/text_cells.h"

namespace cli {
namespace {

using control::InstanceInfo;
using std::chrono::milliseconds;

Style status_style(const InstanceInfo& row) {
  if (row.status == "online")
    return row.health == "unhealthy" ? Style::Red : Style::Green;
  if (row.status == "errored" || row.status == "stopped") return Style::Red;
  return Style::Yellow;
}

Style health_style(const InstanceInfo& row) {
  if (row.health == "healthy") return Style::Green;
  return row.health == "unhealthy" ? Style::Red : Style::Yellow;
}

// `waiting 1.2s`, `errored 4m10s`: the time left until the next try.
std::string status_text(const InstanceInfo& row) {
  if (row.status == "online" && row.health == "unhealthy")
    return row.status + " (unhealthy)";
  if (row.next_start_ms < 0) return row.status;
  return row.status + " " +
         base::format_duration(milliseconds(row.next_start_ms));
}

// While it starts its health has no word yet.
std::string health_word(const InstanceInfo& row) {
  return row.health.empty() ? row.status : row.health;
}

std::string uptime_text(const InstanceInfo& row) {
  if (row.pid == 0 || row.uptime_ms < 0) return "0";
  return base::format_uptime(milliseconds(row.uptime_ms));
}

// "1 line", "950 lines", "1.2k lines", "3.4M lines"
std::string lines_text(uint64_t lines) {
  if (lines < 1000)
    return fmt::format("{} {}", lines, lines == 1 ? "line" : "lines");
  // 999,950 is a million to one digit.
  const bool thousands = lines < 999'950;
  return fmt::format("{:.1f}{} lines",
                     static_cast<double>(lines) / (thousands ? 1e3 : 1e6),
                     thousands ? "k" : "M");
}

struct Column {
  std::string_view head;
  Cell (*cell)(const InstanceInfo&);
};

constexpr Column kId = {"id", [](const InstanceInfo& row) -> Cell {
                          return {fmt::format("{}", row.id), Style::Bold};
                        }};
constexpr Column kName = {
    "name", [](const InstanceInfo& row) -> Cell { return {row.app}; }};
constexpr Column kSpace = {
    "namespace", [](const InstanceInfo& row) -> Cell { return {row.space}; }};
constexpr Column kVersion = {
    "version", [](const InstanceInfo& row) -> Cell {
      return {row.version.empty() ? "N/A" : row.version};
    }};
constexpr Column kMode = {
    "mode", [](const InstanceInfo& row) -> Cell { return {row.mode}; }};
constexpr Column kPid = {
    "pid", [](const InstanceInfo& row) -> Cell {
      return {row.pid > 0 ? fmt::format("{}", row.pid) : "N/A"};
    }};
constexpr Column kUptime = {"uptime", [](const InstanceInfo& row) -> Cell {
                              return {uptime_text(row)};
                            }};
constexpr Column kRestarts = {"↺", [](const InstanceInfo& row) -> Cell {
                                return {fmt::format("{}", row.restarts)};
                              }};
constexpr Column kStatus = {"status", [](const InstanceInfo& row) -> Cell {
                              return {status_text(row), status_style(row)};
                            }};
constexpr Column kCpu = {"cpu", [](const InstanceInfo& row) -> Cell {
                           return {fmt::format("{:.1f}%", row.cpu_percent)};
                         }};
constexpr Column kMemory = {"mem", [](const InstanceInfo& row) -> Cell {
                              return {base::format_size(row.memory_bytes)};
                            }};
constexpr Column kUser = {
    "user", [](const InstanceInfo& row) -> Cell { return {row.user}; }};
constexpr Column kLogs = {"logs", [](const InstanceInfo& row) -> Cell {
                            return {base::format_size(row.log_bytes)};
                          }};

constexpr Column kRate = {"rate", [](const InstanceInfo& row) -> Cell {
                            return {base::format_size(row.log_rate) + "/s"};
                          }};

// Only when any is.
constexpr Column kWatching = {"watching", [](const InstanceInfo& row) -> Cell {
                                return {
                                    row.watching ? "enabled" : "disabled",
                                    row.watching ? Style::Green : Style::Dim};
                              }};

// Only when any has some.
constexpr Column kDropped = {"dropped", [](const InstanceInfo& row) -> Cell {
                               if (row.dropped_lines == 0) return {""};
                               return {lines_text(row.dropped_lines),
                                       Style::Yellow};
                             }};

constexpr std::array kFull = {kId,     kName,   kSpace,    kVersion, kMode,
                              kPid,    kUptime, kRestarts, kStatus,  kCpu,
                              kMemory, kUser,   kLogs,     kRate};
constexpr std::array kCondensed = {kId,     kName, kPid,    kUptime, kRestarts,
                                   kStatus, kCpu,  kMemory, kLogs};
constexpr std::array kNoLogs = {kId,       kName,   kPid, kUptime,
                                kRestarts, kStatus, kCpu, kMemory};
constexpr std::array kNarrow = {kId, kName, kRestarts, kStatus, kCpu, kMemory};
constexpr std::array kMini = {kId, kName, kRestarts, kStatus};

constexpr size_t kNameAt = 1;     // in each of them
constexpr size_t kLongName = 25;  // cells; a longer one gives way to columns

// A set of columns is for terminals on which it fits with names cut to no less
// than this.
struct Layout {
  std::span<const Column> columns;
  size_t least_name;
};
constexpr std::array kLayouts = {
    Layout{kFull, kLongName}, Layout{kCondensed, kLongName}, Layout{kNoLogs, 6},
    Layout{kNarrow, 6}, Layout{kMini, 4}};

Table make_table(const control::ListReply& list,
                 std::span<const Column> wanted) {
  std::vector<Column> columns(wanted.begin(), wanted.end());
  if (wanted.data() == kFull.data() &&
      std::ranges::any_of(list.instances, &InstanceInfo::watching))
    columns.push_back(kWatching);
  if (std::ranges::any_of(list.instances, [](const InstanceInfo& row) {
        return row.dropped_lines > 0;
      }))
    columns.push_back(kDropped);
  Table table;
  for (const auto& column : columns) table.heads.emplace_back(column.head);
  for (const auto& instance : list.instances) {
    auto& row = table.rows.emplace_back();
    for (const auto& column : columns) row.push_back(column.cell(instance));
  }
  return table;
}

size_t longest_name(const Table& table) {
  size_t longest = 0;
  for (const auto& row : table.rows)
    longest = std::max(longest, display_width(printable(row[kNameAt].text)));
  return longest;
}

// Cuts names until the table fits, as far as `least` allows.
void squeeze(Table& table, size_t width, size_t least) {
  const size_t excess =
      table_width(table) - std::min(table_width(table), width);
  if (excess == 0) return;
  const size_t longest = longest_name(table);
  const size_t room = std::max(longest - std::min(longest, excess), least);
  for (auto& row : table.rows)
    row[kNameAt].text = cut_to_width(printable(row[kNameAt].text), room);
}

Table fitting_table(const control::ListReply& list, size_t width) {
  if (width == 0) return make_table(list, kFull);
  Table table;
  for (const auto& layout : kLayouts) {
    table = make_table(list, layout.columns);
    squeeze(table, width, layout.least_name);
    if (table_width(table) <= width) break;
  }
  return table;
}

std::string notes(const control::ListReply& list) {
  std::string text;
  for (const auto& row : list.instances) {
    const auto name = instance_name(row.app, row.instance, row.instances);
    if (!row.reason.empty())
      text +=
          fmt::format("{}: {}: {}\n", name, row.status, printable(row.reason));
    else if (!row.health_reason.empty())
      text += fmt::format("{}: {}: {}\n", name, health_word(row),
                          printable(row.health_reason));
    else if (!row.said.empty())
      text +=
          fmt::format("{}: {}: {}\n", name, row.status, printable(row.said));
    if (row.output_pending)
      text += fmt::format(
          "{}: output pending: it ended, but something still "
          "holds its output open\n",
          name);
  }
  if (list.safe)
    text +=
        "safe mode: the daemon only captures, it starts and stops nothing; "
        "lodge.log says why · lodge update\n";
  if (list.degraded)
    text +=
        "degraded: a keeper was killed; how apps that it started will end may "
        "stay unknown · lodge restart all\n";
  return text;
}

std::string time_text(int64_t unix_ms) {
  if (unix_ms <= 0) return "";
  return base::format_stamp(base::Timestamp{unix_ms * 1000}).substr(0, 19) +
         "Z";
}

std::string last_exit_text(const InstanceInfo& row) {
  if (row.last_exit_signal > 0) {
    const char* name = ::sigabbrev_np(row.last_exit_signal);
    return name != nullptr
               ? fmt::format("killed by SIG{}", name)
               : fmt::format("killed by signal {}", row.last_exit_signal);
  }
  if (row.last_exit_code >= 0)
    return fmt::format("code {}", row.last_exit_code);
  return "";
}

// Of a setting in its column; the source of a longer one stands further right.
constexpr size_t kWidestValue = 32;

using Pairs = std::vector<std::pair<std::string, Cell>>;

std::string section(std::string_view title, const Pairs& pairs, bool color) {
  size_t widest = 0;
  for (const auto& [key, cell] : pairs)
    if (!cell.text.empty()) widest = std::max(widest, display_width(key));
  std::string text = styled(title, Style::Bold, color) + "\n";
  for (const auto& [key, cell] : pairs) {
    if (cell.text.empty()) continue;
    text += fmt::format("  {}{}  {}\n", key,
                        std::string(widest - display_width(key), ' '),
                        styled(printable(cell.text), cell.style, color));
  }
  return text;
}

// Command lines as one could type them.
std::string joined(const std::vector<std::string>& args) {
  std::string text;
  for (const auto& arg : args) {
    if (!text.empty()) text += ' ';
    const bool plain =
        !arg.empty() && arg.find_first_of(" \t\n'\"\\$`*?") == arg.npos;
    text += plain ? arg : "'" + arg + "'";
  }
  return text;
}

// "9 d"
std::string rough_age(int64_t ms) {
  const int64_t minutes = std::max<int64_t>(1, ms / 60'000);
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h", minutes / 60);
  return fmt::format("{} d", minutes / (24 * 60));
}

}  // namespace

std::string instance_name(const std::string& app, int instance, int instances) {
  return instances > 1 ? fmt::format("{}/{}", app, instance) : app;
}

std::string list_view(const control::ListReply& list, size_t width,
                      bool color) {
  uint64_t stored = 0;
  for (const auto& row : list.instances) stored += row.log_bytes;
  if (list.logs_bytes >= 0) stored = static_cast<uint64_t>(list.logs_bytes);
  return draw_table(fitting_table(list, width), color) + notes(list) +
         fmt::format(
             "logs {}{}{}{}\n", base::format_size(stored),
             list.logs_cap > 0
                 ? " of " +
                       base::format_size(static_cast<uint64_t>(list.logs_cap))
                 : "",
             list.logs_age_ms >= 0 ? ", back to " + rough_age(list.logs_age_ms)
                                   : "",
             list.disk_full ? " · " + styled("DISK FULL", Style::Red, color)
                            : "");
}

std::string describe_view(const InstanceInfo& row, bool color) {
  const auto ms = [](int64_t value) {
    return value < 0 ? "" : base::format_duration(milliseconds(value));
  };
  std::string text = section(
      fmt::format("{} (id {})",
                  instance_name(row.app, row.instance, row.instances), row.id),
      {{"status", {row.status, status_style(row)}},
       {"reason", {row.reason}},
       {"health", {row.health, health_style(row)}},
       {"last failed check", {row.health_reason}},
       {"says", {row.said}},
       {"next start in", {ms(row.next_start_ms)}},
       {"name", {row.app}},
       {"namespace", {row.space}},
       {"version", {row.version}},
       {"instance", {fmt::format("{} of {}", row.instance, row.instances)}},
       {"pid", {row.pid > 0 ? fmt::format("{}", row.pid) : ""}},
       {"main pid", {row.main_pid > 0 ? fmt::format("{}", row.main_pid) : ""}},
       {"uptime", {row.pid > 0 ? ms(row.uptime_ms) : ""}},
       {"started at", {time_text(row.started_at_ms)}},
       {"created at", {time_text(row.created_at_ms)}},
       {"generation", {fmt::format("{}", row.generation)}},
       {"restarts", {fmt::format("{}", row.restarts)}},
       {"unstable restarts", {fmt::format("{}", row.unstable_restarts)}},
       {"last exit", {last_exit_text(row)}},
       {"cpu", {fmt::format("{:.1f}%", row.cpu_percent)}},
       {"memory", {base::format_size(row.memory_bytes)}},
       {"processes",
        {row.processes > 1 ? fmt::format("{}", row.processes) : ""}},
       {"user", {row.user}},
       {"watching", {row.watching ? "enabled" : ""}}},
      color);
  text += section("runs",
                  {{"mode", {row.mode}},
                   {"interpreter", {row.interpreter}},
                   {"script", {row.script}},
                   {"args", {joined(row.args)}},
                   {"cwd", {row.cwd}}},
                  color);
  text += section(
      "logs",
      {{"out", {row.out_file}},
       {"error", {row.error_file}},
       {"events", {row.events_file}},
       {"stored", {base::format_size(row.log_bytes)}},
       {"disk", {row.disk_full ? "DISK FULL" : "", Style::Red}},
       {"dropped",
        {row.dropped_lines == 0 ? ""
                                : lines_text(row.dropped_lines) + ", " +
                                      base::format_size(row.dropped_bytes),
         Style::Yellow}},
       {"output pending",
        {row.output_pending ? "yes: something holds its output open" : ""}}},
      color);
  Pairs limits;
  for (const auto& limit : row.limits)
    limits.emplace_back(
        limit.key.substr(limit.key.find('.') + 1),
        Cell{fmt::format("{} ({})", limit.value, limit.source)});
  if (!limits.empty()) text += section("limits", limits, color);
  if (row.settings.empty()) return text;
  const auto value_of = [](const control::Setting& setting) {
    return setting.value.empty() ? "-" : printable(setting.value);
  };
  size_t widest = 0;
  for (const auto& setting : row.settings)
    widest = std::max(widest, display_width(value_of(setting)));
  widest = std::min(widest, kWidestValue);
  Pairs settings;
  for (const auto& setting : row.settings) {
    std::string value = value_of(setting);
    const size_t width = display_width(value);
    value.append(widest - std::min(widest, width) + 2, ' ');
    settings.emplace_back(
        setting.key,
        Cell{value + setting.source,
             setting.source == "default" ? Style::Dim : Style::Plain});
  }
  return text + section("settings", settings, color);
}

std::string outcomes_view(const std::vector<control::Outcome>& outcomes) {
  std::string text;
  for (size_t i = 0; i < outcomes.size();) {
    const auto& first = outcomes[i];
    const auto same = [&](const control::Outcome& other) {
      return other.app == first.app && other.action == first.action &&
             other.failed == first.failed && other.detail == first.detail;
    };
    size_t end = i;
    int64_t ready_ms = -1;
    int64_t log_bytes = -1;
    for (; end < outcomes.size() && same(outcomes[end]); ++end) {
      ready_ms = std::max(ready_ms, outcomes[end].ready_ms);
      if (outcomes[end].log_bytes > 0)
        log_bytes = std::max<int64_t>(log_bytes, 0) + outcomes[end].log_bytes;
    }
    const auto count = end - i;
    i = end;
    if (first.failed) continue;
    const bool one_of_many = count == 1 && first.instances > 1;
    std::string line = fmt::format(
        "[lodge] {}: {}",
        one_of_many ? instance_name(first.app, first.instance, first.instances)
                    : first.app,
        first.action);
    const bool launches =
        first.action == "started" || first.action == "restarted";
    if (count > 1)
      line += launches ? fmt::format(" {} instances", count)
                       : fmt::format(" ({} instances)", count);
    if (launches && !first.launched.empty())
      line += fmt::format(" ({})", printable(mask_secrets(first.launched)));
    if (!first.detail.empty())
      line += fmt::format(" · {}", printable(first.detail));
    if (launches && ready_ms >= 0)
      line += fmt::format(" · ready in {:.2f} s",
                          static_cast<double>(ready_ms) / 1000);
    if (log_bytes > 0)
      line += fmt::format(" · {} of logs stay: lodge logs {}",
                          base::format_size(static_cast<uint64_t>(log_bytes)),
                          first.app);
    text += line + "\n";
  }
  return text;
}

}  // namespace cli
