// The keys of an app's logs.
#include <charconv>

#include "base/regex.h"
#include "config/key_makers.h"
#include "config/key_tables.h"

namespace config {
namespace {

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

}  // namespace

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

}  // namespace config
