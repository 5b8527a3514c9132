#pragma once
// Daemon-wide settings, `settings.json` in the home: what `lodge set` writes
// and `lodge get` shows. Kept as they were typed; read and checked through one
// table of keys. Any thread; blocking.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

struct Settings {
  // Of all logs on one file system; absent: a tenth of it, at most 4 GiB.
  std::optional<uint64_t> logs_cap;  // bytes
  // What retention leaves free of a file system: a share of it, or bytes.
  double keep_free_share = 0.05;
  std::optional<uint64_t> keep_free;
  // How long the logs of a deleted app are kept.
  std::chrono::milliseconds keep_gone = std::chrono::days(30);
  bool logs_follow = false;  // `lodge logs` follows by itself, as PM2's
  std::string notify;        // rules of all apps, as JSON; empty = none
};

struct SettingKey {
  std::string_view name;     // "logs.cap"
  std::string_view meaning;  // for `lodge get` and help
  // Errc::Invalid, with the valid forms.
  std::function<Status(Settings&, std::string_view)> read;
  // The effective value as it would be typed; "" when it is worked out.
  std::function<std::string(const Settings&)> print;
};
const std::vector<SettingKey>& setting_keys();

// Of a home that has none yet: the defaults. A file that can't be understood is
// Errc::Invalid.
Result<Settings> load_settings(const std::string& path);

// One of them as it stands in the file; nullopt: not set there.
Result<std::optional<std::string>> given_setting(const std::string& path,
                                                 std::string_view key);
// Checks and writes; an empty value takes the key out, to its default.
// Errc::NotFound for an unknown key, with the nearest as hint.
Status store_setting(const std::string& path, std::string_view key,
                     std::string_view value);

}  // namespace base
