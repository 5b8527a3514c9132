#include "base/zone.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/fs.h"
#include "base/zone_rule.h"

namespace base {

struct ZoneData {
  struct Change {
    int64_t at = 0;  // seconds since 1970
    ZoneRule::Kind kind;
  };
  ZoneRule::Kind before;  // all changes
  std::vector<Change> changes;
  std::optional<ZoneRule> rule;  // from the last of them on

  // Kinds of time from `first` to `last`: begins with the one in force at
  // `first`, whose `at` may be earlier or meaningless.
  std::vector<Change> kinds_between(int64_t first, int64_t last) const;
  const ZoneRule::Kind& kind_at(int64_t at) const;
};

namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr std::string_view kZoneDir = "/usr/share/zoneinfo";
constexpr size_t kMostBytes = size_t{1} << 20;  // of a TZif file
constexpr size_t kHeader = 44;
// No zone is further from UTC (RFC 8536): 26 hours.
constexpr int64_t kMostOffset = 26 * 3600;

int64_t seconds_of(Timestamp time) {
  const int64_t seconds = time.us / kSecond;
  return time.us % kSecond < 0 ? seconds - 1 : seconds;
}

Timestamp at_second(int64_t seconds) {
  return {seconds * kSecond};
}

// Big-endian numbers off the front of bytes; fails once, and for good.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  std::string_view take(size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  uint64_t number(size_t size) {
    uint64_t value = 0;
    for (const char c : take(size))
      value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  int32_t signed32() { return static_cast<int32_t>(number(4)); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Counts {
  char version = 0;
  size_t is_utc, is_standard, leaps, times, types, chars;
  size_t block_size(size_t time_size) const {
    return times * (time_size + 1) + types * 6 + chars +
           leaps * (time_size + 4) + is_standard + is_utc;
  }
};

std::optional<Counts> take_header(Bytes& in) {
  const auto magic = in.take(4);
  const auto version = in.take(1);
  (void)in.take(15);
  Counts counts{};
  for (size_t* count : {&counts.is_utc, &counts.is_standard, &counts.leaps,
                        &counts.times, &counts.types, &counts.chars})
    *count = in.number(4);
  if (!in.ok() || magic != "TZif") return std::nullopt;
  for (const size_t count : {counts.is_utc, counts.is_standard, counts.leaps,
                             counts.times, counts.types, counts.chars})
    if (count > kMostBytes) return std::nullopt;
  counts.version = version.front();
  return counts;
}

bool take_block(Bytes& in, const Counts& counts, size_t time_size,
                ZoneData& into) {
  std::vector<int64_t> times;
  for (size_t i = 0; i < counts.times && in.ok(); ++i)
    times.push_back(time_size == 8 ? static_cast<int64_t>(in.number(8))
                                   : in.signed32());
  const auto indexes = in.take(counts.times);
  Bytes types(in.take(counts.types * 6));
  const auto names = in.take(counts.chars);
  (void)in.take(counts.leaps * (time_size + 4) + counts.is_standard +
                counts.is_utc);
  if (!in.ok() || counts.types == 0 || counts.types > 256) return false;
  std::vector<ZoneRule::Kind> kinds;
  for (size_t i = 0; i < counts.types; ++i) {
    ZoneRule::Kind kind;
    kind.offset = types.signed32();
    (void)types.number(1);  // is it summer time? The name says so.
    const size_t at = types.number(1);
    if (at >= names.size()) return false;
    if (kind.offset < -kMostOffset || kind.offset > kMostOffset) return false;
    const auto end = names.find('\0', at);
    if (end == names.npos) return false;
    kind.abbreviation = names.substr(at, end - at);
    kinds.push_back(std::move(kind));
  }
  into.before = kinds.front();
  for (size_t i = 0; i < times.size(); ++i) {
    const auto kind = static_cast<unsigned char>(indexes[i]);
    if (kind >= kinds.size()) return false;
    if (i > 0 && times[i] <= times[i - 1]) return false;
    into.changes.push_back({times[i], kinds[kind]});
  }
  return true;
}

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '/') return false;
  if (name.find('\0') != name.npos) return false;
  while (!name.empty()) {
    const auto slash = name.find('/');
    const auto part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
  return false;
}

Result<TimeZone> load_file(const std::string& path, std::string name) {
  auto bytes = fs::read_file(path, kMostBytes);
  if (!bytes) return pass(std::move(bytes), "time zone");
  return TimeZone::parse(*bytes, std::move(name));
}

Result<TimeZone> load_named(std::string_view name) {
  const std::string path = fs::join(kZoneDir, name);
  if (auto info = fs::stat(path); info && S_ISREG(info->st_mode))
    return load_file(path, std::string(name));
  if (name == "UTC") return TimeZone::utc();
  const std::string dir(kZoneDir);
  return fail(Errc::NotFound, "no time zone '" + std::string(name) + "'",
              fs::exists(dir) ? "zones are named as the files in " + dir +
                                    ": Europe/Rome, America/New_York, UTC"
                              : "there are none on this system (tzdata)");
}

}  // namespace

std::vector<ZoneData::Change> ZoneData::kinds_between(int64_t first,
                                                      int64_t last) const {
  std::vector<Change> found{{first, kind_at(first)}};
  auto at = std::ranges::upper_bound(changes, first, {}, &Change::at);
  for (; at != changes.end() && at->at <= last; ++at) found.push_back(*at);
  if (!rule) return found;
  const int64_t known = changes.empty() ? INT64_MIN : changes.back().at;
  for (const auto& change : rule->changes_around(last))
    if (change.at > first && change.at <= last && change.at > known)
      found.push_back(
          {change.at, change.summer ? *rule->summer : rule->standard});
  return found;
}

const ZoneRule::Kind& ZoneData::kind_at(int64_t at) const {
  const auto after = std::ranges::upper_bound(changes, at, {}, &Change::at);
  if (after == changes.end() && rule) return rule->kind_at(at);
  return after == changes.begin() ? before : std::prev(after)->kind;
}

TimeZone TimeZone::utc() {
  ZoneData data;
  data.before.abbreviation = "UTC";
  return {"UTC", std::make_shared<const ZoneData>(std::move(data))};
}

Result<TimeZone> TimeZone::parse(std::string_view bytes, std::string name) {
  const auto damaged = [&](std::string_view why) {
    return fail(Errc::Invalid, "time zone " + name + ": " + std::string(why));
  };
  Bytes in(bytes);
  auto counts = take_header(in);
  if (!counts) return damaged("not a time zone file");
  size_t time_size = 4;
  if (counts->version >= '2') {
    (void)in.take(counts->block_size(4));
    counts = take_header(in);
    time_size = 8;
    if (!counts) return damaged("cut short");
  }
  if (counts->leaps != 0) return damaged("it counts leap seconds");
  ZoneData data;
  if (!take_block(in, *counts, time_size, data)) return damaged("damaged");
  if (time_size == 8) {
    auto footer = in.rest();
    if (footer.size() < 2 || footer.front() != '\n')
      return damaged("cut short");
    footer.remove_prefix(1);
    const auto end = footer.find('\n');
    if (end == footer.npos) return damaged("cut short");
    if (end > 0) {
      data.rule = parse_zone_rule(footer.substr(0, end));
      if (!data.rule) return damaged("its rule is damaged");
    }
  }
  return TimeZone(std::move(name),
                  std::make_shared<const ZoneData>(std::move(data)));
}

Result<TimeZone> TimeZone::load(std::string_view name) {
  if (!name.empty() && name != "local") {
    if (!is_zone_name(name))
      return fail(Errc::Invalid,
                  "'" + std::string(name) + "' is no name of a time zone",
                  "zones are named Europe/Rome, America/New_York, UTC");
    return load_named(name);
  }
  // As localtime(3) has it: what can't be understood is UTC.
  const char* const set = std::getenv("TZ");
  if (set == nullptr) {
    auto zone = load_file("/etc/localtime", "local");
    return zone ? std::move(zone) : utc();
  }
  std::string_view text = set;
  if (text.starts_with(':')) text.remove_prefix(1);
  auto zone = text.starts_with('/')
                  ? load_file(std::string(text), std::string(text))
              : is_zone_name(text) ? load_named(text)
                                   : Result<TimeZone>(fail(Errc::Invalid, ""));
  if (zone) return zone;
  auto rule = parse_zone_rule(text);
  if (!rule) return utc();
  ZoneData data;
  data.before = rule->standard;
  data.rule = std::move(rule);
  return TimeZone(std::string(text),
                  std::make_shared<const ZoneData>(std::move(data)));
}

TimeZone::Offset TimeZone::offset_at(Timestamp time) const {
  const auto& kind = data_->kind_at(seconds_of(time));
  return {kind.offset, kind.abbreviation};
}

WallSeconds TimeZone::wall_at(Timestamp time) const {
  const int64_t seconds = seconds_of(time);
  return seconds + data_->kind_at(seconds).offset;
}

TimeZone::Instants TimeZone::instants_of(WallSeconds wall) const {
  const auto kinds =
      data_->kinds_between(wall - kMostOffset, wall + kMostOffset);
  std::vector<int64_t> found;
  int64_t jump = wall;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const int64_t at = wall - kinds[i].kind.offset;
    const bool begun = i == 0 || at >= kinds[i].at;
    const bool over = i + 1 < kinds.size() && at >= kinds[i + 1].at;
    if (begun && !over) found.push_back(at);
    // Too late for this kind of time, too early for the next.
    if (begun && over && wall - kinds[i + 1].kind.offset < kinds[i + 1].at)
      jump = kinds[i + 1].at;
  }
  using enum Instants::Kind;
  if (found.empty()) return {Skipped, at_second(jump), at_second(jump)};
  return {found.size() > 1 ? Twice : Once, at_second(found.front()),
          at_second(found.back())};
}

std::optional<Timestamp> TimeZone::next_change(Timestamp time) const {
  const int64_t from = seconds_of(time);
  const auto& changes = data_->changes;
  auto at = std::ranges::upper_bound(changes, from, {}, &ZoneData::Change::at);
  if (at != changes.end()) return at_second(at->at);
  if (!data_->rule) return std::nullopt;
  const int64_t known = changes.empty() ? INT64_MIN : changes.back().at;
  for (const auto& change : data_->rule->changes_around(from))
    if (change.at > from && change.at > known) return at_second(change.at);
  return std::nullopt;
}

std::optional<Timestamp> TimeZone::last_change(Timestamp time) const {
  const int64_t from = seconds_of(time);
  const auto& changes = data_->changes;
  const int64_t known = changes.empty() ? INT64_MIN : changes.back().at;
  if (data_->rule && from > known) {
    std::optional<Timestamp> found;
    for (const auto& change : data_->rule->changes_around(from))
      if (change.at <= from && change.at > known) found = at_second(change.at);
    if (found) return found;
  }
  const auto after =
      std::ranges::upper_bound(changes, from, {}, &ZoneData::Change::at);
  if (after == changes.begin()) return std::nullopt;
  return at_second(std::prev(after)->at);
}

}  // namespace base
