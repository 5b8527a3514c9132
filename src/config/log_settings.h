#pragma once
// What the user said of an app's logs, as plain values. The supervisor keeps
// and shows them and knows no more of logs than that; what they mean is for
// whoever writes the files. Part of AppSpec.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace config {

struct LogSettings {
  enum class Stamp { Prefix, Json, None };
  enum class Overflow { Block, Drop };
  enum class OnFull { Drop, Wait };
  enum class Then { Drop, Sample };
  enum class Sync { None, Interval, Rotate };

  // Files as they were given: relative to the app's cwd, empty = not given.
  // "/dev/null" and "NULL" keep nothing.
  std::string out_file = {};
  std::string error_file = {};
  // For both streams; "true" = one that is named after the app.
  std::string log_file = {};
  bool merge_logs = false;    // all instances write the same files
  bool disable_logs = false;  // nothing is kept
  bool time = false;          // shown; on disk every line has a stamp anyway

  Stamp stamp = Stamp::Prefix;
  std::optional<uint64_t> max_size = {};  // bytes; absent = by room on the disk
  Overflow overflow = Overflow::Block;
  OnFull on_full = OnFull::Drop;
  uint64_t rate_bytes = 0;  // a second; 0 = no limit
  uint64_t rate_burst = 0;  // 0 = as rate_bytes
  Then rate_then = Then::Drop;
  std::vector<std::string> redact = {};  // RE2
  bool strip_ansi = false;
  Sync sync = Sync::Interval;
  mode_t mode = 0600;
  bool pty = false;

  std::string rotate = {};  // "daily", "30m", cron; empty = by size and age
  std::string tz = {};      // that it is read in; empty = the daemon's
  // Of what is sealed, each stream by itself; absent = no limit of its own.
  std::optional<uint64_t> retain_count = {};
  std::optional<std::chrono::milliseconds> retain_age = {};
  std::optional<uint64_t> retain_size = {};  // bytes
  int level = 3;                             // zstd's
  bool compress = true;

  bool operator==(const LogSettings&) const = default;
};

}  // namespace config
