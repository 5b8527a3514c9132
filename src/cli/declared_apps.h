#pragma once
// The apps of configuration files, as definitions for the daemon: checked
// whole before anything is asked of it.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/definition.h"
#include "config/config_file.h"
#include "config/file_apps.h"

namespace cli {

struct DeclaredApps {
  std::vector<std::string> definitions;  // for control::StartRequest
  std::vector<std::string> names;        // of those that were chosen
  std::vector<std::string> files;        // absolute; none for stdin
  std::vector<std::string> all_names;    // of all in those files
  std::vector<std::string> warnings;
  // Names that are others here: as in the file, as here.
  std::vector<std::pair<std::string, std::string>> renamed;
};

// --env and --only.
config::FileChoice file_choice(const Args& args);

// Adds the apps of the file `word` ("-" is stdin), flags over what it says.
// Errc::Invalid, Errc::NotFound: what is wrong, and where.
base::Status declare_apps(const std::string& word, const Args& args,
                          const StartSettings& settings,
                          const std::string& caller_dir, DeclaredApps& into);

}  // namespace cli
