// When an app is ready and healthy, and what it waits for.
#include "base/probe.h"
#include "config/key_makers.h"
#include "config/key_tables.h"

namespace config {
namespace {

constexpr std::array kConditions = {
    Word<Condition>{"started", Condition::Started},
    Word<Condition>{"ready", Condition::Ready},
    Word<Condition>{"healthy", Condition::Healthy},
    Word<Condition>{"exited", Condition::Exited}};

base::Result<Condition> condition_from(const std::string& word) {
  std::vector<std::string> known;
  for (const auto& [text, meaning] : kConditions) {
    if (text == word) return meaning;
    known.emplace_back(text);
  }
  const auto nearest = base::nearest_word(word, known);
  return base::fail(
      base::Errc::Invalid,
      fmt::format("'{}' is none of {}", word, fmt::join(known, ", ")),
      nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

// An app's name may have dots, which --set takes for nested objects.
base::Status read_conditions(const nlohmann::json& object,
                             const std::string& before, Dependencies& into) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      if (auto read = read_conditions(value, before + name + ".", into); !read)
        return read;
      continue;
    }
    auto condition = condition_from(value.get<std::string>());
    if (!condition) return base::pass(std::move(condition), before + name);
    into[before + name] = *condition;
  }
  return {};
}

// A list of names, or one name, means that they are to be ready.
Key depends_on() {
  return {"depends_on",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            Dependencies read;
            if (value.is_object()) {
              if (auto ok = read_conditions(value, "", read); !ok) return ok;
            } else if (value.is_string()) {
              if (value != "")
                read[value.get<std::string>()] = Condition::Ready;
            } else {
              for (const auto& name : value.get<std::vector<std::string>>())
                read[name] = Condition::Ready;
            }
            spec.depends_on = std::move(read);
            return {};
          },
          [](const AppSpec& spec) {
            Json json = Json::object();
            for (const auto& [app, condition] : spec.depends_on)
              json[app] = std::ranges::find(kConditions, condition,
                                            &Word<Condition>::second)
                              ->first;
            return json;
          }};
}

using Parse = base::Result<base::Endpoint> (*)(std::string_view);

Key endpoint(std::string_view name, std::string HealthSettings::* member,
             Parse parse) {
  return {name,
          [=](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            const auto text = value.get<std::string>();
            if (!text.empty())
              if (auto good = parse(text); !good)
                return base::fail(std::move(good.error()));
            spec.health.*member = text;
            return {};
          },
          [=](const AppSpec& spec) { return Json(spec.health.*member); }};
}

Key exec() {
  return {"health.exec",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            spec.health.exec = value.get<std::string>();
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.health.exec); }};
}

Key retries() {
  return {"health.retries",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            const int count = value.get<int>();
            if (count < 1 || count > 1000)
              return base::fail(
                  base::Errc::Invalid,
                  fmt::format("{} is not between 1 and 1000", count));
            spec.health.retries = count;
            return {};
          },
          [](const AppSpec& spec) { return Json(spec.health.retries); }};
}

Key health_time(std::string_view name, milliseconds HealthSettings::* member,
                milliseconds least) {
  return {name,
          [=](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            milliseconds time{};
            if (value.is_number()) {
              time = milliseconds(value.get<int64_t>());
            } else {
              auto parsed = base::parse_duration(value.get<std::string>());
              if (!parsed) return base::fail(std::move(parsed.error()));
              time = *parsed;
            }
            if (time < least || time > std::chrono::days(1))
              return base::fail(base::Errc::Invalid,
                                fmt::format("{} is not between {} and a day",
                                            base::exact_duration(time),
                                            base::exact_duration(least)));
            spec.health.*member = time;
            return {};
          },
          [=](const AppSpec& spec) {
            return Json(base::exact_duration(spec.health.*member));
          }};
}

}  // namespace

std::vector<Key> ready_keys() {
  constexpr milliseconds kShortest{10};
  return {
      plain("wait_ready", &AppSpec::wait_ready),
      duration("listen_timeout", &AppSpec::listen_timeout),
      plain("shutdown_with_message", &AppSpec::shutdown_with_message),
      endpoint("health.http", &HealthSettings::http, base::parse_http_endpoint),
      endpoint("health.tcp", &HealthSettings::tcp, base::parse_tcp_endpoint),
      exec(),
      health_time("health.interval", &HealthSettings::interval, kShortest),
      health_time("health.timeout", &HealthSettings::timeout, kShortest),
      retries(),
      health_time("health.start_period", &HealthSettings::start_period,
                  milliseconds{0}),
      depends_on(),
  };
}

}  // namespace config
