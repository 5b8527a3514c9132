// Texts from outside that base reads: JSON, stamps, sizes, times, targets,
// time zones, cron expressions.

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/cron.h"
#include "base/json.h"
#include "base/target.h"
#include "base/units.h"
#include "base/zone.h"
#include "base/zone_rule.h"
#include "fuzz/fuzzer.h"

namespace {

void check(std::string_view input) {
  if (const auto json = base::parse_json(input, {.bytes = 4096, .depth = 16})) {
    const auto again = base::parse_json(base::print_json(*json));
    fuzz::must(again.has_value() && *again == *json, "JSON goes and comes");
  }
  if (const auto time = base::parse_stamp(input))
    fuzz::must(base::format_stamp(*time) == input, "a stamp writes back");
  if (const auto size = base::parse_size(input)) (void)base::format_size(*size);
  if (const auto time = base::parse_duration(input)) {
    fuzz::must(time->count() >= 0, "a duration is not negative");
    (void)base::format_duration(*time);
  }
  if (base::check_app_name(input))
    fuzz::must(input.size() <= 64 && input.find('/') == input.npos,
               "a name is no path");
  const std::vector<base::TargetCandidate> apps = {
      {0, "api", "shop", 0}, {1, "api", "shop", 1}, {2, "10", "default", 0}};
  const std::vector<std::string> words = {std::string(input.substr(0, 200))};
  if (const auto hits = base::resolve_targets(words, {}, apps))
    for (const size_t hit : *hits) fuzz::must(hit < apps.size(), "an index");
  const base::Timestamp now{1'795'256'100'000'000};
  if (const auto zone = base::TimeZone::parse(input, "fuzz")) {
    (void)zone->offset_at(now);
    const auto shown = zone->instants_of(1'795'256'100);
    fuzz::must(shown.first <= shown.second, "the first time comes first");
    if (const auto change = zone->next_change(now))
      fuzz::must(*change > now, "the next change is to come");
  }
  if (const auto rule = base::parse_zone_rule(input)) (void)rule->kind_at(0);
  if (const auto cron = base::Cron::parse(input)) {
    const auto next = cron->next_after(now, base::TimeZone::utc());
    fuzz::must(next && *next > now, "what is no mistake happens");
    fuzz::must(cron->last_before(*next, base::TimeZone::utc()) <= now,
               "nothing lies between");
  }
  (void)base::is_utf8(input);
  fuzz::must(base::base64(input).size() == (input.size() + 2) / 3 * 4,
             "base64's size");
}

}  // namespace

int main(int argc, char** argv) {
  return fuzz::run(
      argc, argv,
      {R"({"a":[1,-2.5e3,true,null,"\u00e9\n"],"b":{"c":{}}})",
       "2026-11-21T10:15:02.123456Z", "10MiB", "1.5s", "2w", "api/1",
       "/^a.*i$/", "id:0", "ns:shop", "a[pw]?*", "caf\xc3\xa9 \xf0\x9f\x8e\x89",
       "*/5 2-4 1,15 jan-mar mon", "@daily", "CET-1CEST,M3.5.0,M10.5.0/3",
       std::string("TZif2") + std::string(39, '\0') + "TZif2" +
           std::string(32, '\0') + "\1\0\0\0\4" + std::string(6, '\0') + "UTC" +
           '\0' + "\nUTC0\n"},
      check);
}
