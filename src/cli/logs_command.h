#pragma once
// `lodge logs`: lines of the log directory, read by this process itself.

#include <optional>
#include <string>
#include <vector>

#include "base/home.h"

namespace cli {

struct LogsArgs {
  std::vector<std::string> targets, exclude;
  bool follow = false;
  std::optional<std::string> lines;
  bool out = false, err = false, raw = false, json = false, events = true,
       utc = false, full = false, color = true, nostream = false;
  std::string since, until;
};

int run_logs(const base::Home& home, const LogsArgs& args);

}  // namespace cli
