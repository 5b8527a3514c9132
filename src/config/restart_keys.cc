// The keys of how an app is ended, when it is restarted unasked, and what it
// may use.
#include <signal.h>
#include <string.h>

#include <charconv>
#include <cmath>

#include "config/key_makers.h"
#include "config/key_tables.h"
#include "config/restart_times.h"

namespace config {
namespace {

using std::chrono::milliseconds;

template <class T>
Key flag(std::string_view name, T KeepSettings::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.keep.*member = value.get<T>();
            return {};
          },
          [member](const AppSpec& spec) { return Json(spec.keep.*member); }};
}

// PM2's ways to say that something is off.
bool is_off(const nlohmann::json& value) {
  return value.is_null() || value == false || value == 0 || value == "" ||
         value == "0" || value == "false";
}

base::Result<milliseconds> time_from(const nlohmann::json& value) {
  if (value.is_number()) {
    const auto count = value.get<int64_t>();
    if (count < 0 || milliseconds(count) > std::chrono::days(365))
      return base::fail(base::Errc::Invalid, "not between 0 and a year");
    return milliseconds(count);
  }
  auto parsed = base::parse_duration(value.get<std::string>());
  if (parsed && *parsed > std::chrono::days(365))
    return base::fail(base::Errc::Invalid, "not between 0 and a year");
  return parsed;
}

std::string signal_name(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name != nullptr ? "SIG" + std::string(name) : std::to_string(number);
}

base::Result<int> signal_from(const nlohmann::json& value) {
  const std::string text =
      value.is_number() ? value.dump() : value.get<std::string>();
  std::string_view name = text;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  int number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const bool numeric = error == std::errc{} && end == text.data() + text.size();
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* const known = ::sigabbrev_np(signal);
    if (numeric ? number == signal : known != nullptr && name == known)
      return signal;
  }
  return base::fail(base::Errc::Invalid, text + " is no signal",
                    "for example: SIGINT, TERM, 15");
}

Key kill_signal() {
  return {"kill_signal",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto signal = signal_from(value);
            if (!signal) return base::fail(std::move(signal.error()));
            spec.keep.kill_signal = *signal;
            return {};
          },
          [](const AppSpec& spec) {
            return Json(signal_name(spec.keep.kill_signal));
          }};
}

Key errored_retry() {
  return {"errored_retry",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.keep.errored_retry.reset();
            if (value == "never" || value == false) return {};
            auto time = time_from(value);
            if (!time) return base::fail(std::move(time.error()));
            // It has failed so often already that at once makes no sense.
            if (*time < std::chrono::seconds(1))
              return base::fail(base::Errc::Invalid, "less than a second",
                                "never, or a time such as 30s or 5m");
            spec.keep.errored_retry = *time;
            return {};
          },
          [](const AppSpec& spec) {
            const auto& time = spec.keep.errored_retry;
            return Json(time ? base::exact_duration(*time) : "never");
          }};
}

Key exp_backoff() {
  return {"exp_backoff_restart_delay",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.keep.exp_backoff.reset();
            if (value.is_null() || value == "auto") return {};
            spec.keep.exp_backoff = milliseconds{0};
            if (is_off(value)) return {};
            auto time = time_from(value);
            if (!time) return base::fail(std::move(time.error()));
            spec.keep.exp_backoff = *time;
            return {};
          },
          [](const AppSpec& spec) {
            const auto& first = spec.keep.exp_backoff;
            return first ? Json(first->count()) : Json("auto");
          }};
}

Key cron_restart() {
  return {"cron_restart",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.keep.cron.clear();
            if (is_off(value)) return {};
            const auto text = value.get<std::string>();
            if (auto times = RestartTimes::parse(text); !times)
              return base::fail(std::move(times.error()));
            spec.keep.cron = text;
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.keep.cron); }};
}

Key max_memory() {
  return {"max_memory_restart",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.keep.max_memory = 0;
            if (is_off(value)) return {};
            auto bytes = size_from(value);
            if (!bytes) return base::fail(std::move(bytes.error()));
            spec.keep.max_memory = *bytes;
            return {};
          },
          [](const AppSpec& spec) {
            const auto bytes = spec.keep.max_memory;
            return bytes == 0 ? Json(0) : Json(base::exact_size(bytes));
          }};
}

std::vector<std::string> words_from(const nlohmann::json& value) {
  if (!value.is_string()) return value.get<std::vector<std::string>>();
  if (value == "") return {};
  return {value.get<std::string>()};
}

Key watch() {
  return {"watch",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto& watch = spec.keep.watch;
            watch.on = !is_off(value);
            watch.paths.clear();
            if (!watch.on || value == true || value == "true") return {};
            watch.paths = words_from(value);
            watch.on = !watch.paths.empty();
            return {};
          },
          [](const AppSpec& spec) {
            const auto& watch = spec.keep.watch;
            return watch.paths.empty() ? Json(watch.on) : Json(watch.paths);
          }};
}

Key ignore_watch() {
  return {"ignore_watch",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.keep.watch.ignore = words_from(value);
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.keep.watch.ignore); }};
}

Key watch_delay() {
  return {
      "watch_delay",
      [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
        auto time = time_from(value);
        if (!time) return base::fail(std::move(time.error()));
        spec.keep.watch.delay = *time;
        return {};
      },
      [](const AppSpec& spec) { return Json(spec.keep.watch.delay.count()); }};
}

// chokidar's, which PM2 hands on. Those that mean nothing here are known, so
// that a mistyped one is not taken for one of them.
constexpr std::array<std::string_view, 9> kWithoutMeaning = {
    "persistent",      "ignoreInitial",    "binaryInterval",
    "alwaysStat",      "atomic",           "cwd",
    "disableGlobbing", "awaitWriteFinish", "ignorePermissionErrors"};

base::Status read_watch_option(WatchSettings& watch, const std::string& name,
                               const nlohmann::json& value) {
  if (name == "followSymlinks") {
    watch.follow_links = value.get<bool>();
  } else if (name == "usePolling") {
    watch.polling = value.get<bool>();
  } else if (name == "depth") {
    watch.depth = value.get<int>();
  } else if (name == "interval") {
    auto time = time_from(value);
    if (!time) return base::fail(std::move(time.error()));
    watch.interval = std::max(*time, milliseconds(100));
  } else if (name == "ignored") {
    return base::fail(base::Errc::Invalid, "ignored: not here",
                      "what is not to be watched is ignore_watch");
  } else if (std::ranges::count(kWithoutMeaning, name) == 0) {
    std::vector<std::string> known = {"followSymlinks", "usePolling", "depth",
                                      "interval"};
    known.insert(known.end(), kWithoutMeaning.begin(), kWithoutMeaning.end());
    const auto nearest = base::nearest_word(name, known);
    return base::fail(
        base::Errc::Invalid, name + ": no such option",
        nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
  }
  return {};
}

Key watch_options() {
  return {"watch_options",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            WatchSettings fresh;
            auto& watch = spec.keep.watch;
            fresh.on = watch.on;
            fresh.paths = std::move(watch.paths);
            fresh.ignore = std::move(watch.ignore);
            fresh.delay = watch.delay;
            watch = std::move(fresh);
            if (value != "")
              for (const auto& [name, option] :
                   value.get<nlohmann::json::object_t>())
                if (auto read = read_watch_option(watch, name, option); !read)
                  return read;
            return {};
          },
          [](const AppSpec& spec) {
            const WatchSettings usual;
            const auto& watch = spec.keep.watch;
            Json json = Json::object();
            if (watch.follow_links != usual.follow_links)
              json["followSymlinks"] = watch.follow_links;
            if (watch.polling != usual.polling)
              json["usePolling"] = watch.polling;
            if (watch.interval != usual.interval)
              json["interval"] = watch.interval.count();
            if (watch.depth != usual.depth) json["depth"] = watch.depth;
            return json;
          }};
}

using Limit = std::optional<uint64_t> Limits::*;

Key limit_size(std::string_view name, Limit member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto& limit = spec.keep.limits.*member;
            limit.reset();
            if (value.is_null() || value == "") return {};
            auto bytes = size_from(value);
            if (!bytes) return base::fail(std::move(bytes.error()));
            limit = *bytes;
            return {};
          },
          [member](const AppSpec& spec) {
            const auto& limit = spec.keep.limits.*member;
            return Json(limit ? base::exact_size(*limit) : "");
          }};
}

// Zero would be an app that can't start.
Key limit_count(std::string_view name, Limit member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto& limit = spec.keep.limits.*member;
            limit.reset();
            if (value.is_null() || value == "") return {};
            const auto count = value.get<int64_t>();
            if (value.is_boolean() || count < 1)
              return base::fail(base::Errc::Invalid,
                                value.dump() + " is no number from 1 on");
            limit = static_cast<uint64_t>(count);
            return {};
          },
          [member](const AppSpec& spec) {
            const auto& limit = spec.keep.limits.*member;
            return limit ? Json(*limit) : Json("");
          }};
}

// Processors: 0.5, 2, "150%".
Key limit_cpu() {
  return {"limits.cpu",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto& limit = spec.keep.limits.cpu;
            limit.reset();
            if (value.is_null() || value == "") return {};
            const std::string text =
                value.is_string() ? value.get<std::string>() : value.dump();
            double cpus = 0;
            const char* const last = text.data() + text.size();
            const auto [end, error] = std::from_chars(text.data(), last, cpus);
            const bool percent = end + 1 == last && *end == '%';
            if (percent) cpus /= 100;
            if (error != std::errc{} || (end != last && !percent) ||
                !(cpus >= 0.01) || cpus > 4096)
              return base::fail(base::Errc::Invalid,
                                text + " is no number of processors",
                                "for example: 0.5, 2 or \"50%\"");
            limit = cpus;
            return {};
          },
          [](const AppSpec& spec) {
            const auto& limit = spec.keep.limits.cpu;
            return limit ? Json(*limit) : Json("");
          }};
}

}  // namespace

std::vector<Key> restart_keys() {
  return {
      kill_signal(),
      flag("treekill", &KeepSettings::treekill),
      flag("autostart", &KeepSettings::autostart),
      errored_retry(),
      exp_backoff(),
      cron_restart(),
      flag("cron_tz", &KeepSettings::cron_tz),
      max_memory(),
      flag("pid_file", &KeepSettings::pid_file),
      watch(),
      ignore_watch(),
      watch_delay(),
      watch_options(),
      limit_size("limits.memory", &Limits::memory),
      limit_cpu(),
      limit_count("limits.nofile", &Limits::nofile),
      limit_count("limits.nproc", &Limits::nproc),
      limit_size("limits.core", &Limits::core),
  };
}

}  // namespace config
