#pragma once
// What runs a script, by its name. Pure.

#include <string_view>

namespace config {

// "node", "python3", ...; empty when the extension names none.
std::string_view interpreter_for(std::string_view script);

}  // namespace config
