#pragma once
// The apps that a configuration file declares, in PM2's shape or ours, each
// checked key by key against the table. Pure but for env_file.

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config_file.h"

namespace config {

struct FileApp {
  std::string name;          // a valid one; empty = to be made of the script
  std::string name_in_file;  // as it was written
  // Keys of the table as one JSON object; script and cwd as they were written.
  std::string settings;
  std::string script;
  std::string cwd;  // absolute
  bool has_interpreter = false;
  Place at = {};                                           // of the app
  std::vector<std::pair<std::string, Place>> places = {};  // of keys' values
};

struct FileApps {
  std::vector<FileApp> apps;       // those that were chosen
  std::vector<std::string> names;  // of all in the file
  // Keys without effect, each once, with why.
  std::vector<std::string> warnings;
};

struct FileChoice {
  std::string env;                // of env_NAME; empty = none
  std::vector<std::string> only;  // names; empty = all
};

// Errc::Invalid shows the place in the file; a wrong choice names what there
// is.
base::Result<FileApps> read_file_apps(const ConfigFile& file,
                                      const FileChoice& choice);

// A fault with the value of `key`, shown where it stands in the file.
std::unexpected<base::Error> blame(const ConfigFile& file, const FileApp& app,
                                   std::string_view key, std::string_view why,
                                   std::string hint = {});

// The variables of a file, relative to `dir`: for env_file and --env-file.
base::Result<std::vector<std::pair<std::string, std::string>>> read_env_file(
    const std::string& word, const std::string& dir);

}  // namespace config
