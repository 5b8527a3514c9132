#pragma once
// YAML, read by a program of its own (src/yaml): the library is slow to load
// and hostile files are its business. Blocking.

#include <string>

#include "base/result.h"
#include "config/document.h"
#include "config/value.h"

namespace config {

// Faults are shown with their place.
base::Result<Value> read_yaml(const Document& document);

// Plain text by the core schema: null, true, 12, 1.5; else it is text. `yes`
// and `on` are text.
Value::Kind plain_kind(std::string_view text);

}  // namespace config
