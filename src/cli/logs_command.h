#pragma once
// `lodge logs`: from arguments to an exit code. Reads the log directory itself,
// in this process, daemon or no daemon.

#include <optional>
#include <string>
#include <vector>

#include "base/home.h"

namespace cli {

struct LogsArgs {
  std::string command = "logs";  // for errors
  std::vector<std::string> targets;
  std::vector<std::string> exclude;
  bool follow = false;
  std::optional<std::string> lines;  // a number or `all`
  bool out = false;                  // this stream alone
  bool err = false;
  bool raw = false;
  bool json = false;
  bool events = true;
  bool utc = false;
  bool full = false;
  bool color = true;
  bool nostream = false;
  std::string since;  // empty = not given
  std::string until;
};

// 0 done or found, 1 nothing matched a selection, 2 bad input or trouble.
int run_logs(const base::Home& home, const LogsArgs& args);

}  // namespace cli
