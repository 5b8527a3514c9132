#pragma once
// Signals as people write them. Pure.

#include <string>
#include <string_view>

#include "base/result.h"

namespace cli {

// "SIGUSR2", "usr2", "12", "RTMIN+3". Errc::Invalid names the nearest.
base::Result<int> parse_signal(std::string_view text);
// "SIGUSR2", "SIGRTMIN+3"
std::string signal_name(int number);

}  // namespace cli
