#pragma once
// Files of variables (.env): NAME=value a line, `export` before it, comments,
// 'as it is', "with \n and over several lines". Nothing is expanded.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/document.h"

namespace config {

// In the order of the file; of a name that comes twice the last counts. Faults
// name the line and show nothing of it: it holds secrets.
base::Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(
    const Document& document);

}  // namespace config
