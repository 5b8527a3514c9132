#pragma once
// Configuration that is a program: node runs it, and says what it exports.
// Blocking.

#include <chrono>
#include <string>

#include "base/result.h"
#include "config/document.h"
#include "config/value.h"

namespace config {

// `path` absolute. What the file prints goes nowhere; what it throws is shown
// with its line. Values have no places.
base::Result<Value> read_with_node(const Document& document,
                                   const std::string& path,
                                   std::chrono::milliseconds time_limit);

}  // namespace config
