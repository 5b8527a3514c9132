// The keys of an app's environment.
#include <algorithm>

#include "config/key_makers.h"
#include "config/key_tables.h"

namespace config {
namespace {

base::Status check_variable(std::string_view name) {
  if (!name.empty() &&
      name.find_first_of(std::string_view("=\0", 2)) == std::string_view::npos)
    return {};
  return base::fail(base::Errc::Invalid,
                    fmt::format("'{}' is no name of a variable", name));
}

Key inherit() {
  return {"env_inherit",
          [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
            const auto word = value.get<std::string>();
            if (word != "all" && word != "none")
              return base::fail(
                  base::Errc::Invalid,
                  fmt::format("'{}' is neither all nor none", word));
            spec.environment.inherit = word == "all";
            return {};
          },
          [](const AppSpec& spec) {
            return Json(spec.environment.inherit ? "all" : "none");
          }};
}

// Texts; one alone stands for a list of one.
Key list(std::string_view name,
         std::vector<std::string> EnvSettings::* member) {
  return {
      name,
      [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
        auto& texts = spec.environment.*member;
        if (value.is_string())
          texts = {value.get<std::string>()};
        else
          texts = value.get<std::vector<std::string>>();
        std::erase(texts, "");
        return {};
      },
      [member](const AppSpec& spec) { return Json(spec.environment.*member); }};
}

Key variable(std::string_view name, std::string EnvSettings::* member) {
  return {
      name,
      [member](AppSpec& spec, const nlohmann::json& value) -> base::Status {
        auto text = value.get<std::string>();
        if (!text.empty())
          if (auto good = check_variable(text); !good) return good;
        spec.environment.*member = std::move(text);
        return {};
      },
      [member](const AppSpec& spec) { return Json(spec.environment.*member); }};
}

}  // namespace

std::vector<Key> env_keys() {
  using E = EnvSettings;
  return {
      {"env",
       [](AppSpec& spec, const nlohmann::json& value) -> base::Status {
         auto env = value.get<Environment>();
         for (const auto& entry : env)
           if (auto good = check_variable(entry.first); !good) return good;
         spec.env = std::move(env);
         return {};
       },
       [](const AppSpec& spec) { return Json(spec.env); }},
      list("env_file", &E::files),
      inherit(),
      list("filter_env", &E::filter),
      variable("instance_var", &E::instance_var),
      variable("increment_var", &E::increment_var),
      plain("inherited_env", &E::inherited),
      plain("env_variants", &E::variants),
      plain("env_variant", &E::variant),
  };
}

}  // namespace config
