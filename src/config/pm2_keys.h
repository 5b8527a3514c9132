#pragma once
// PM2's keys that are no settings of ours: those that are written in another
// way here, and those that mean nothing, with why. Pure.

#include <span>
#include <string_view>

namespace config {

// Accepted, and of no effect: said once on stderr.
struct Warned {
  std::string_view name;
  std::string_view why;
};
std::span<const Warned> warned_keys();
const Warned* find_warned(std::string_view name);

// Accepted, and made into something else when the file is read.
struct Shorthand {
  std::string_view name;
  std::string_view what;
};
std::span<const Shorthand> shorthands();
bool is_shorthand(std::string_view name);

}  // namespace config
