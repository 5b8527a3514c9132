#pragma once
// PM2's commands that Lodge has not. Pure.

#include <string_view>

namespace cli {

// The name here of one of PM2's older names, which help does not show; else the
// word itself.
std::string_view name_of_pm2s(std::string_view command);

// What to do instead, as a hint; empty when PM2 has no such command either.
std::string_view instead_of_pm2s(std::string_view command);

}  // namespace cli
