#pragma once
// What the daemon answered, for programs. Pure; every text ends in a newline.

#include <string>
#include <vector>

#include "control/message.h"

namespace cli {

// `list --json`: one array, an object for each instance.
std::string list_json(const std::vector<control::InstanceInfo>& instances);
// `describe --json`: the same with every setting.
std::string describe_json(const std::vector<control::InstanceInfo>& instances);
// `jlist`: one array in the shape of PM2, without the environment; `pretty`:
// over many lines.
std::string pm2_json(const std::vector<control::InstanceInfo>& instances,
                     bool pretty = false);
// One object a line.
std::string outcomes_json(const std::vector<control::Outcome>& outcomes);
std::string flush_json(const control::FlushReply& reply);
std::string rotate_json(const control::RotateReply& reply);
std::string ping_json(const control::PingReply& reply);

}  // namespace cli
