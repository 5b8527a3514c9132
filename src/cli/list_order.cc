#include "cli/list_order.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/target.h"
#include "cli/secrets.h"

namespace cli {
namespace {

using control::InstanceInfo;

struct Field {
  std::string_view name;
  bool (*less)(const InstanceInfo&, const InstanceInfo&);
};
constexpr auto kFields = std::to_array<Field>({
    {"id", [](const auto& a, const auto& b) { return a.id < b.id; }},
    {"name", [](const auto& a, const auto& b) { return a.app < b.app; }},
    {"namespace",
     [](const auto& a, const auto& b) { return a.space < b.space; }},
    {"version",
     [](const auto& a, const auto& b) { return a.version < b.version; }},
    {"mode", [](const auto& a, const auto& b) { return a.mode < b.mode; }},
    {"pid", [](const auto& a, const auto& b) { return a.pid < b.pid; }},
    {"uptime",
     [](const auto& a, const auto& b) { return a.uptime_ms < b.uptime_ms; }},
    {"restarts",
     [](const auto& a, const auto& b) { return a.restarts < b.restarts; }},
    {"status",
     [](const auto& a, const auto& b) { return a.status < b.status; }},
    {"cpu", [](const auto& a,
               const auto& b) { return a.cpu_percent < b.cpu_percent; }},
    {"mem", [](const auto& a,
               const auto& b) { return a.memory_bytes < b.memory_bytes; }},
    {"memory", [](const auto& a,
                  const auto& b) { return a.memory_bytes < b.memory_bytes; }},
    {"user", [](const auto& a, const auto& b) { return a.user < b.user; }},
    {"logs",
     [](const auto& a, const auto& b) { return a.log_bytes < b.log_bytes; }},
    {"rate",
     [](const auto& a, const auto& b) { return a.log_rate < b.log_rate; }},
});

}  // namespace

base::Status sort_rows(std::vector<InstanceInfo>& rows,
                       std::string_view order) {
  const auto colon = order.find(':');
  const auto name = order.substr(0, colon);
  const auto way =
      colon == order.npos ? std::string_view("asc") : order.substr(colon + 1);
  const auto field = std::ranges::find(kFields, name, &Field::name);
  if (field == kFields.end()) {
    std::vector<std::string> known;
    for (const auto& one : kFields) known.emplace_back(one.name);
    const auto nearest = base::nearest_word(name, known);
    return base::fail(
        base::Errc::Invalid, fmt::format("--sort: {}: no such field", name),
        nearest.empty() ? fmt::format("{}", fmt::join(known, ", "))
                        : fmt::format("did you mean {}?", nearest));
  }
  if (way != "asc" && way != "desc")
    return base::fail(base::Errc::Invalid,
                      fmt::format("--sort: {}: neither asc nor desc", way),
                      fmt::format("--sort {}:desc", name));
  std::ranges::stable_sort(rows, [&](const auto& a, const auto& b) {
    return way == "asc" ? field->less(a, b) : field->less(b, a);
  });
  return {};
}

void mask_row(InstanceInfo& row) {
  row.script = mask_secrets(row.script);
  row.args = mask_words(row.args);
  row.reason = mask_secrets(row.reason);
  row.health_reason = mask_secrets(row.health_reason);
  row.said = mask_secrets(row.said);
  for (auto& setting : row.settings)
    setting.value = mask_value(setting.key, setting.value);
}

}  // namespace cli
