#pragma once
// The table of configuration keys: how each is read, written and compared. The
// single list behind parsing, the app list, `describe`, `--set` and "what
// changed". A key with dots lies in nested objects: "log.rate.bytes". Pure.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/app_spec.h"

namespace config {

struct Key {
  std::string_view name;
  // May let the JSON library throw at a value of a wrong kind: read_key().
  std::function<base::Status(AppSpec&, const nlohmann::json&)> read;
  std::function<nlohmann::ordered_json(const AppSpec&)> write;
};

const std::vector<Key>& keys();

// Errc::Invalid names the key and the value. null = the default.
base::Status read_key(const Key& key, AppSpec& spec,
                      const nlohmann::json& value);

// Sets what the object `json` says. `section` is what names in it begin with:
// "", "log.". Errc::Invalid for an unknown key names the nearest.
base::Status read_keys(AppSpec& spec, const nlohmann::json& json,
                       const std::string& section = {});

}  // namespace config
