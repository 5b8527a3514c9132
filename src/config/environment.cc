#include "config/environment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace config {
namespace {

// Without these not even a shell is of use; as systemd gives them.
constexpr std::array<std::string_view, 7> kNecessities = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ"};

bool is_inherited(const EnvSettings& settings, std::string_view name) {
  if (!settings.inherit) return std::ranges::count(kNecessities, name) > 0;
  return std::ranges::none_of(settings.filter, [&](const auto& prefix) {
    return name.starts_with(prefix);
  });
}

}  // namespace

Environment declared_env(const AppSpec& spec) {
  Environment env = spec.env;
  const auto& settings = spec.environment;
  const auto variant = settings.variants.find(settings.variant);
  if (!settings.variant.empty() && variant != settings.variants.end())
    for (const auto& [name, value] : variant->second) env[name] = value;
  return env;
}

Environment environment_of(const AppSpec& spec) {
  Environment env = declared_env(spec);
  for (const auto& [name, value] : spec.environment.inherited)
    if (is_inherited(spec.environment, name)) env.try_emplace(name, value);
  return env;
}

Environment environment_of(const AppSpec& spec, int instance) {
  auto env = environment_of(spec);
  const auto& settings = spec.environment;
  if (!settings.increment_var.empty()) {
    auto& value = env[settings.increment_var];
    int64_t first = 0;
    (void)std::from_chars(value.data(), value.data() + value.size(), first);
    value = std::to_string(first + instance);
  }
  return env;
}

}  // namespace config
