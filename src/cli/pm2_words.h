#pragma once
// PM2's commands and flags that Lodge has not. Pure.

#include <string_view>

namespace cli {

// The name here of one of PM2's older names, which help does not show; else the
// word itself.
std::string_view name_of_pm2s(std::string_view command);

// What to do instead, as a hint; empty when PM2 has no such command either.
std::string_view instead_of_pm2s(std::string_view command);
// The same of a flag of that command here: "--ext", "-m".
std::string_view instead_of_pm2s_flag(std::string_view command,
                                      std::string_view flag);

}  // namespace cli
