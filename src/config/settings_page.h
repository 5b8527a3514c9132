#pragma once
// docs/config.md, made from the table of keys: what is read is what is told.

#include <string>

namespace config {

std::string settings_page();

}  // namespace config
