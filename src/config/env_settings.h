#pragma once
// Of what an app's environment is made, as plain values. What the app declares
// itself is AppSpec::env; this is the rest. Part of AppSpec.

#include <map>
#include <string>
#include <vector>

namespace config {

using Environment = std::map<std::string, std::string>;

struct EnvSettings {
  // Of whoever started the app, frozen until --update-env.
  Environment inherited = {};
  // env_production and its like, by what follows env_; laid over `env`.
  std::map<std::string, Environment> variants = {};
  std::string variant = {};  // the one chosen by --env; empty = none
  bool inherit = true;       // false: of `inherited` only the bare necessities
  // Names that begin so are not inherited.
  std::vector<std::string> filter = {};
  // Files that were read into AppSpec::env, as they were given.
  std::vector<std::string> files = {};
  // Holds the number of the instance.
  std::string instance_var = "NODE_APP_INSTANCE";
  // Grows by one with each instance; empty = none.
  std::string increment_var = {};

  bool operator==(const EnvSettings&) const = default;
};

}  // namespace config
