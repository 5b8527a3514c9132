#pragma once
// One key of a configuration file: what was written, in the form that the
// table of keys reads, and checked by it. Pure.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "config/document.h"
#include "config/keys.h"
#include "config/value.h"

namespace config {

// `at` is where the fault is shown when the value itself has no place.
base::Result<nlohmann::ordered_json> read_setting(const Key& key,
                                                  const Value& value, Place at,
                                                  const Document& document);

// An object of variables; numbers and truths are text as they were written,
// null leaves a variable out. `key` is for errors, which show no value.
base::Result<nlohmann::ordered_json> read_variables(const std::string& key,
                                                    const Value& value,
                                                    Place at,
                                                    const Document& document);

}  // namespace config
