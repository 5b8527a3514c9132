#pragma once
// The graph of who waits for whom. Pure.

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/app_spec.h"

namespace config {

using Specs = std::vector<const AppSpec*>;  // borrowed

// Whether `all` apps can be started in some order. Of those in `given`, what
// they depend on must be there, and have a health check where it is to be
// healthy. Errc::Invalid spells a cycle out, or names the nearest known app.
base::Status check_dependencies(const Specs& all,
                                const std::set<std::string>& given);

// Names in the order of stopping: an app is in a later group than all that
// depend on it. Members of a cycle, which nobody lets in, come last.
std::vector<std::vector<std::string>> stop_order(const Specs& all);

}  // namespace config
