#pragma once
// `--set KEY=VALUE`: a key of the configuration under any of its names, with a
// value that is read as a file's would be.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace cli {

struct Setting {
  std::string key;   // of the table; as it was typed where that has none
  std::string json;  // what it sets, an object in the keys of the table
  // Of the object's member `head`: how many names deep what was there stays.
  std::string head;
  size_t depth = 1;
  std::string name_prefix;
};

// Paths resolve against `dir`. Adds warnings of keys that mean nothing here.
// Errc::Invalid: no key, or no value of it.
base::Result<Setting> read_set_flag(const std::string& text,
                                    const std::string& dir,
                                    std::vector<std::string>& warnings);

// Lays it over `json`. Errc::Invalid: what is to be in an object has a value.
base::Status apply_setting(nlohmann::ordered_json& json,
                           const Setting& setting);

}  // namespace cli
