#pragma once
// JSON as people write it: comments, commas at the end, names without quotes
// and text in single ones, as in PM2's files. Pure.

#include "base/result.h"
#include "config/document.h"
#include "config/value.h"

namespace config {

inline constexpr int kDeepest = 64;  // lists and objects in each other

// Faults are shown with their place: what is no JSON, a key twice, too deep.
base::Result<Value> read_json(const Document& document);

}  // namespace config
