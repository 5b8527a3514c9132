#pragma once
// Text to words as a shell would part it: white space, both kinds of quotes,
// backslashes; nothing is expanded. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace config {

// Errc::Invalid for a quote that does not end.
base::Result<std::vector<std::string>> shell_words(std::string_view text);

}  // namespace config
