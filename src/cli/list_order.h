#pragma once
// `list --sort FIELD[:desc]`, and rows less their secrets. Pure.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/message.h"

namespace cli {

// By "id", "name", "namespace", "version", "mode", "pid", "uptime", "restarts",
// "status", "cpu", "mem", "user" or "logs", with ":asc" or ":desc". Rows that
// are equal stay as they are. Errc::Invalid names the nearest field.
base::Status sort_rows(std::vector<control::InstanceInfo>& rows,
                       std::string_view order);

// Secrets in what is run and in settings become ***.
void mask_row(control::InstanceInfo& row);

}  // namespace cli
