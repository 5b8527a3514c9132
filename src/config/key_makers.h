#pragma once
// What keys are made of: how values of one kind are read and written. For the
// tables of keys alone; may let the JSON library throw (see keys.h).

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/target.h"
#include "base/units.h"
#include "config/keys.h"

namespace config {

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
template <class T>
auto place(T EnvSettings::* member) {
  return [member](auto& spec) -> auto& { return spec.environment.*member; };
}

template <class Member>
Key plain(std::string_view name, Member member) {
  const auto at = place(member);
  return {
      name,
      [at](AppSpec& spec, const nlohmann::json& value) -> base::Status {
        auto& field = at(spec);
        // The library would make whole numbers of 1.5 and of true.
        using Field = std::remove_cvref_t<decltype(field)>;
        if constexpr (std::is_integral_v<Field> && !std::is_same_v<Field, bool>)
          if (!value.is_number_integer())
            return base::fail(base::Errc::Invalid,
                              base::print_json(value).substr(0, 80) +
                                  " is not a whole number");
        field = value.get<std::remove_cvref_t<decltype(field)>>();
        return {};
      },
      [at](const AppSpec& spec) { return Json(at(spec)); }};
}

// Durations are numbers of milliseconds, or text with a unit.
inline Key duration(std::string_view name, milliseconds AppSpec::* member) {
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
inline base::Result<uint64_t> size_from(const nlohmann::json& value) {
  if (value.is_number()) return base::parse_size(value.dump());
  return base::parse_size(value.get<std::string>());
}

// Sizes are numbers of bytes, or text with a unit.
inline Key size(std::string_view name, uint64_t LogSettings::* member) {
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
inline bool is_no_limit(const nlohmann::json& value) {
  return value.is_null() || value == "" || value == "all";
}

inline Key size_limit(std::string_view name,
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

}  // namespace config
