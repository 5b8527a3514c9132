#pragma once
// PM2's commands that Lodge has not. Pure.

#include <string_view>

namespace cli {

// What to do instead, as a hint; empty when PM2 has no such command either.
std::string_view instead_of_pm2s(std::string_view command);

}  // namespace cli
