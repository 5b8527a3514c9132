#pragma once
// Configuration files among the targets of a command: they mean their apps.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cli {

struct Invocation;

// A word that names a configuration by its ending, and a file that is there.
bool is_config_target(std::string_view word, const std::string& caller_dir);

// What files among these words are relative to. Errc::NotFound: some are, and
// that directory is gone.
base::Result<std::string> dir_of_targets(const std::vector<std::string>& words);

// The words with each file as those of its apps that are known ("app:api"),
// after --only and --env. Errc::NotFound: none is.
base::Result<std::vector<std::string>> with_file_targets(
    const Invocation& invocation, const std::vector<std::string>& words);

}  // namespace cli
