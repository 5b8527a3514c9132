#pragma once
// What the user said of keeping an app alive beyond the plain restart: how it
// is ended, when it is restarted unasked, what it may use. Plain values; part
// of AppSpec.

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace config {

struct WatchSettings {
  bool on = false;
  std::vector<std::string> paths = {};   // relative to cwd; empty = cwd
  std::vector<std::string> ignore = {};  // globs, beside the usual ones
  std::chrono::milliseconds delay{200};  // of quiet, before the restart
  bool follow_links = true;
  bool polling = false;  // for file systems that tell nothing
  std::chrono::milliseconds interval{1000};  // of polling
  int depth = -1;  // of directories below a path; -1 = all

  bool operator==(const WatchSettings&) const = default;
};

// Absent = no limit of ours.
struct Limits {
  std::optional<uint64_t> memory = {};  // bytes
  std::optional<double> cpu = {};       // processors: 0.5, 2
  std::optional<uint64_t> nofile = {};  // open files of a process
  std::optional<uint64_t> nproc = {};   // processes
  std::optional<uint64_t> core = {};    // bytes of a core file

  bool operator==(const Limits&) const = default;
};

struct KeepSettings {
  int kill_signal = SIGINT;
  bool treekill = true;   // false: the signals go to the first process alone
  bool autostart = true;  // false: a new app is listed, stopped
  // Of an errored app; nullopt = never.
  std::optional<std::chrono::milliseconds> errored_retry =
      std::chrono::minutes(5);
  // The first delay, as PM2 has it; 0 = none ever; nullopt = our own way.
  std::optional<std::chrono::milliseconds> exp_backoff;
  std::string cron = {};      // when it is restarted; empty = never
  std::string cron_tz = {};   // that it is read in; empty = the daemon's
  uint64_t max_memory = 0;    // bytes of the whole tree; 0 = no limit
  std::string pid_file = {};  // relative to cwd; empty = none
  WatchSettings watch = {};
  Limits limits = {};

  bool operator==(const KeepSettings&) const = default;
};

}  // namespace config
