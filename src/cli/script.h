#pragma once
// What `start` was given, found on this machine: a file, a program or a command
// line. Everything is decided here, before a daemon is asked or started.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cli {

struct Script {
  std::string path;    // absolute; or the command line
  bool shell = false;  // `path` is a command line for bash
  // From the first line of a file that is not executable; else empty.
  std::vector<std::string> interpreter;
};

struct ScriptSearch {
  std::string cwd;         // absolute; relative words resolve here
  std::string caller_dir;  // absolute
  std::string path;        // $PATH
  bool interpreter_given = false;
};

// A word that says a file that is there (any kind but a directory).
bool names_file(std::string_view word, const std::string& cwd);
// White space or shell characters.
bool is_command_line(std::string_view word);

// Errc::NotFound with the nearest name there is, or Errc::Invalid for what
// can't be run.
base::Result<Script> find_script(const std::string& word,
                                 const ScriptSearch& search);

// The caller's PATH, where programs are looked for.
std::string program_path();

// A valid app name made of what the script calls its program: /srv/api.js and
// the command line "PORT=1 ./api.js x" are both "api".
std::string default_name(const Script& script);

}  // namespace cli
