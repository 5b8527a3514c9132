#include "config/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/regex.h"
#include "base/target.h"
#include "base/units.h"

namespace config {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

// A member of AppSpec, or of the log settings in it.
template <class T>
auto place(T AppSpec::* member) {
  return [member](auto& spec) -> auto& { return spec.*member; };
}
template <class T>
auto place(T LogSettings::* member) {
  return [member](auto& spec) -> auto& { return spec.log.*member; };
}

template <class Member>
Key plain(std::string_view name, Member member) {
  const auto at = place(member);
  return {name,
          [at](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto& field = at(spec);
            field = value.get<std::remove_cvref_t<decltype(field)>>();
            return {};
          },
          [at](const AppSpec& spec) { return Json(at(spec)); }};
}

// Durations are numbers of milliseconds, or text with a unit.
Key duration(std::string_view name, milliseconds AppSpec::* member) {
  return {
      name,
      [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
        if (value.is_number()) {
          spec.*member = milliseconds(value.get<int64_t>());
          return {};
        }
        auto parsed = base::parse_duration(value.get<std::string>());
        if (!parsed) return base::fail(std::move(parsed.error()));
        spec.*member = *parsed;
        return {};
      },
      [member](const AppSpec& spec) { return Json((spec.*member).count()); }};
}

base::Result<uint64_t> size_from(const nlohmann::json& value) {
  if (value.is_number()) return base::parse_size(value.dump());
  return base::parse_size(value.get<std::string>());
}

// Sizes are numbers of bytes, or text with a unit.
Key size(std::string_view name, uint64_t LogSettings::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            auto bytes = size_from(value);
            if (!bytes) return base::fail(std::move(bytes.error()));
            spec.log.*member = *bytes;
            return {};
          },
          [member](const AppSpec& spec) {
            return Json(base::exact_size(spec.log.*member));
          }};
}

// Nothing, "" and "all" set no limit.
bool is_no_limit(const nlohmann::json& value) {
  return value.is_null() || value == "" || value == "all";
}

Key size_limit(std::string_view name,
               std::optional<uint64_t> LogSettings::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            (spec.log.*member).reset();
            if (is_no_limit(value)) return {};
            auto bytes = size_from(value);
            if (!bytes) return base::fail(std::move(bytes.error()));
            spec.log.*member = *bytes;
            return {};
          },
          [member](const AppSpec& spec) {
            const auto& bytes = spec.log.*member;
            return Json(bytes ? base::exact_size(*bytes) : "");
          }};
}

Key retain_count() {
  return {"log.retain.count",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.log.retain_count.reset();
            if (is_no_limit(value)) return {};
            // "7" too: pm2-logrotate's settings are text.
            const std::string text =
                value.is_string() ? value.get<std::string>() : value.dump();
            uint64_t count = 0;
            const char* const end = text.data() + text.size();
            const auto [at, error] = std::from_chars(text.data(), end, count);
            if (error != std::errc{} || at != end)
              return base::fail(base::Errc::Invalid,
                                text + " is no number of files");
            spec.log.retain_count = count;
            return {};
          },
          [](const AppSpec& spec) {
            const auto& count = spec.log.retain_count;
            return count ? Json(*count) : Json("");
          }};
}

Key retain_age() {
  return {"log.retain.age",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.log.retain_age.reset();
            if (is_no_limit(value)) return {};
            // Nobody means milliseconds, and it would delete everything.
            if (!value.is_string() || !base::has_unit(value.get<std::string>()))
              return base::fail(base::Errc::Invalid,
                                value.dump() + " has no unit",
                                R"(ages are written "30d", "12h", "2w")");
            auto age = base::parse_duration(value.get<std::string>());
            if (!age) return base::fail(std::move(age.error()));
            spec.log.retain_age = *age;
            return {};
          },
          [](const AppSpec& spec) {
            const auto& age = spec.log.retain_age;
            return Json(age ? base::exact_duration(*age) : "");
          }};
}

Key level() {
  return {"log.level",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            const int level = value.get<int>();
            if (level < 1 || level > 19)
              return base::fail(base::Errc::Invalid,
                                fmt::format("{} is no level", level),
                                "zstd's levels go from 1 to 19");
            spec.log.level = level;
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.log.level); }};
}

template <class Enum, size_t N>
Key choice(std::string_view name, Enum LogSettings::* member,
           std::array<std::pair<std::string_view, Enum>, N> words) {
  return {
      name,
      [=](AppSpec& spec, const nlohmann::json& value) -> base::Status {
        const auto word = value.get<std::string>();
        std::vector<std::string> known;
        for (const auto& [text, meaning] : words) {
          if (text == word) {
            spec.log.*member = meaning;
            return {};
          }
          known.emplace_back(text);
        }
        const auto nearest = base::nearest_word(word, known);
        return base::fail(
            base::Errc::Invalid,
            fmt::format("'{}' is none of {}", word, fmt::join(known, ", ")),
            nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
      },
      [=](const AppSpec& spec) {
        const auto is = [&](const auto& w) {
          return w.second == spec.log.*member;
        };
        return Json(std::ranges::find_if(words, is)->first);
      }};
}

template <class Enum>
using Word = std::pair<std::string_view, Enum>;

// Files by name; true and false where a file of the app's own name is meant.
Key file(std::string_view name, std::string LogSettings::* member,
         bool may_be_true) {
  return {name,
          [=](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            std::string path;
            if (may_be_true && value.is_boolean())
              path = value.get<bool>() ? "true" : "";
            else
              path = value.get<std::string>();
            if (path.find_first_of(std::string_view("\n\0", 2)) != path.npos)
              return base::fail(base::Errc::Invalid,
                                "a newline or NUL in the name of a log file");
            spec.log.*member = std::move(path);
            return {};
          },
          [=](const AppSpec& spec) {
            const auto& path = spec.log.*member;
            if (may_be_true && path == "true") return Json(true);
            return Json(path);
          }};
}

Key redact() {
  return {"log.redact",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            std::vector<std::string> patterns;
            if (value.is_string()) {
              if (value != "") patterns.push_back(value.get<std::string>());
            } else {
              patterns = value.get<std::vector<std::string>>();
            }
            for (const auto& pattern : patterns)
              if (auto good = base::Regex::compile(pattern); !good)
                return base::pass(std::move(good), "'" + pattern + "'");
            spec.log.redact = std::move(patterns);
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.log.redact); }};
}

// "0640": octal, and text, because 640 in JSON is another number.
Key mode() {
  return {"log.mode",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            const std::string text =
                value.is_string() ? value.get<std::string>() : "";
            unsigned bits = 0;
            const char* end = text.data() + text.size();
            const auto [at, error] = std::from_chars(text.data(), end, bits, 8);
            // Lodge itself reads and writes them; nobody runs a log.
            if (error != std::errc{} || at != end || (bits & 0600) != 0600 ||
                (bits & ~0666u) != 0)
              return base::fail(
                  base::Errc::Invalid,
                  fmt::format("{} is no mode of a log file", value.dump()),
                  R"(modes are written "0600", "0640", "0644")");
            spec.log.mode = bits;
            return {};
          },
          [](const AppSpec& spec) {
            return Json(fmt::format("{:04o}", spec.log.mode));
          }};
}

// A name, or a number.
Key account(std::string_view name, std::string AppSpec::* member) {
  return {name,
          [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.*member = value.is_number_unsigned()
                               ? std::to_string(value.get<uint32_t>())
                               : value.get<std::string>();
            return {};
          },
          [member](const AppSpec& spec) { return Json(spec.*member); }};
}

std::vector<Key> log_keys() {
  using L = LogSettings;
  return {
      file("out_file", &L::out_file, false),
      file("error_file", &L::error_file, false),
      file("log_file", &L::log_file, true),
      plain("merge_logs", &L::merge_logs),
      plain("disable_logs", &L::disable_logs),
      plain("time", &L::time),
      choice("log.stamp", &L::stamp,
             std::array{Word<L::Stamp>{"prefix", L::Stamp::Prefix},
                        Word<L::Stamp>{"json", L::Stamp::Json},
                        Word<L::Stamp>{"none", L::Stamp::None}}),
      size_limit("log.max_size", &L::max_size),
      choice("log.overflow", &L::overflow,
             std::array{Word<L::Overflow>{"block", L::Overflow::Block},
                        Word<L::Overflow>{"drop", L::Overflow::Drop}}),
      choice("log.on_full", &L::on_full,
             std::array{Word<L::OnFull>{"drop", L::OnFull::Drop},
                        Word<L::OnFull>{"wait", L::OnFull::Wait}}),
      size("log.rate.bytes", &L::rate_bytes),
      size("log.rate.burst", &L::rate_burst),
      choice("log.rate.then", &L::rate_then,
             std::array{Word<L::Then>{"drop", L::Then::Drop},
                        Word<L::Then>{"sample", L::Then::Sample}}),
      redact(),
      plain("log.strip_ansi", &L::strip_ansi),
      choice("log.sync", &L::sync,
             std::array{Word<L::Sync>{"none", L::Sync::None},
                        Word<L::Sync>{"interval", L::Sync::Interval},
                        Word<L::Sync>{"rotate", L::Sync::Rotate}}),
      mode(),
      plain("log.pty", &L::pty),
      plain("log.rotate", &L::rotate),
      plain("log.tz", &L::tz),
      retain_count(),
      retain_age(),
      size_limit("log.retain.size", &L::retain_size),
      level(),
      plain("log.compress", &L::compress),
  };
}

std::vector<Key> all_keys() {
  std::vector<Key> all = {
      plain("name", &AppSpec::name),
      plain("namespace", &AppSpec::space),
      plain("script", &AppSpec::script),
      plain("shell", &AppSpec::shell),
      plain("args", &AppSpec::args),
      plain("cwd", &AppSpec::cwd),
      plain("interpreter", &AppSpec::interpreter),
      plain("interpreter_args", &AppSpec::interpreter_args),
      plain("instances", &AppSpec::instances),
      plain("env", &AppSpec::env),
      account("uid", &AppSpec::uid),
      account("gid", &AppSpec::gid),
      plain("autorestart", &AppSpec::autorestart),
      plain("max_restarts", &AppSpec::max_restarts),
      duration("min_uptime", &AppSpec::min_uptime),
      duration("restart_delay", &AppSpec::restart_delay),
      duration("kill_timeout", &AppSpec::kill_timeout),
      plain("stop_exit_codes", &AppSpec::stop_exit_codes),
      plain("name_given", &AppSpec::name_given),
  };
  for (auto& key : log_keys()) all.push_back(std::move(key));
  return all;
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(keys(), [&](const Key& key) {
    return key.name.starts_with(name) && key.name.size() > name.size() &&
           key.name[name.size()] == '.';
  });
}

// Not everyone knows in which section a key lies.
std::string same_last_word(std::string_view name) {
  const auto last = [](std::string_view text) {
    return text.substr(text.rfind('.') + 1);
  };
  for (const auto& key : keys())
    if (key.name.find('.') != name.npos && last(key.name) == last(name))
      return std::string(key.name);
  return {};
}

std::unexpected<base::Error> unknown_key(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& key : keys()) known.emplace_back(key.name);
  std::string nearest(base::nearest_word(name, known));
  if (nearest.empty()) nearest = same_last_word(name);
  return base::fail(
      base::Errc::Invalid, fmt::format("{}: no such setting", name),
      nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

std::unexpected<base::Error> bad_value(std::string_view name,
                                       const nlohmann::json& value) {
  // The environment holds secrets: it is never shown.
  if (name == "env")
    return base::fail(base::Errc::Invalid, "env: not all values are text");
  return base::fail(base::Errc::Invalid,
                    fmt::format("{}: {} is not a valid value", name,
                                base::print_json(value).substr(0, 80)));
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> all = all_keys();
  return all;
}

base::Status read_key(const Key& key, AppSpec& spec,
                      const nlohmann::json& value) try {
  const nlohmann::json given =
      value.is_null() ? nlohmann::json(key.write(AppSpec{})) : value;
  if (auto read = key.read(spec, given); !read)
    return base::pass(std::move(read), key.name);
  return {};
} catch (const std::exception&) {
  return bad_value(key.name, value);
}

// pm2-logrotate's names of our settings; an empty one has no use here.
std::string_view ours(std::string_view name) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr Pair kNames[] = {{"log.rotateInterval", "log.rotate"},
                                    {"log.TZ", "log.tz"},
                                    {"log.workerInterval", ""},
                                    {"log.dateFormat", ""}};
  for (const auto& [theirs, our] : kNames)
    if (theirs == name) return our;
  return name;
}

base::Status read_keys(AppSpec& spec, const nlohmann::json& json,
                       const std::string& section) {
  for (const auto& [name, value] : json.items()) {
    std::string full(ours(section + name));
    if (full.empty()) continue;
    if (full == "log.retain" && !value.is_object()) full = "log.retain.count";
    const auto known = std::ranges::find(keys(), full, &Key::name);
    base::Status read;
    if (known != keys().end())
      read = read_key(*known, spec, value);
    else if (!is_section(full))
      return unknown_key(full);
    else if (!value.is_object())
      return bad_value(full, value);
    else
      read = read_keys(spec, value, full + ".");
    if (!read) return read;
  }
  return {};
}

}  // namespace config
