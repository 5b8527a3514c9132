#pragma once
// Configuration files of every kind, read into one tree. A file is looked at
// before it is opened for good: what is no file, or too large, is refused at
// once. Blocking: a file in JavaScript is run by node, for at most 5 s.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/document.h"
#include "config/value.h"

namespace config {

struct ConfigFile {
  Document document;
  Value root;
  std::string path;  // absolute; empty for stdin
  std::string dir;   // absolute: what `cwd` is when the file does not say
};

struct ReadOptions {
  std::string caller_dir;  // absolute; relative paths resolve here
  std::chrono::milliseconds time_limit{5000};  // of node
};

inline constexpr size_t kLargestFile = size_t{4} << 20;

// What a directory's configuration is looked for as, the first first.
std::span<const std::string_view> usual_names();

// Whether a word names a configuration and no script, by its ending: .json,
// .yaml, .yml, .config.js, .config.cjs, .config.mjs; or "-".
bool is_config_name(std::string_view word);

// "-" is stdin: JSON, or YAML. Errc::Invalid for what the file says wrong,
// Errc::NotFound when there is none.
base::Result<ConfigFile> read_config_file(const std::string& word,
                                          const ReadOptions& options);

// The usual file in a directory; Errc::NotFound says what was looked for.
base::Result<std::string> find_config_file(const std::string& dir);

}  // namespace config
