#pragma once
// What the daemon answered, as people read it. Pure; every text ends in a
// newline.

#include <cstddef>
#include <string>
#include <vector>

#include "control/message.h"

namespace cli {

// The table of `list`, narrowed to what fits in `width` cells: full, condensed,
// mini. Width 0 = no limit.
std::string list_view(const control::ListReply& list, size_t width, bool color);

std::string describe_view(const control::InstanceInfo& instance, bool color);

// One line for each app (or instance) that came to the same end:
// "[lodge] api: started 2 instances (fork, node api.js) · ready in 0.14 s".
// Failed ones are left out: they are errors.
std::string outcomes_view(const std::vector<control::Outcome>& outcomes);

// "api", or "api/2" for one of several.
std::string instance_name(const std::string& app, int instance, int instances);

}  // namespace cli
